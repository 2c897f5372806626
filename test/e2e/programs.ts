// Builds the Go programs of the end-to-end tests into the cache: the client-go harness (with the race detector), the
// terminal, and aws-iam-authenticator's own code.

import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../cluster/cache.ts';
import { announced, type Say } from '../cluster/progress.ts';
import { runOrFail } from '../cluster/run.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** What differs from `go build` of the folder's own package, named after the folder. */
export interface BuildOptions {
  readonly flags?: readonly string[];
  /** Another package of the module's graph. */
  readonly package?: string;
  readonly as?: string;
}

/** Paths of the built programs. @throws Error with the compiler's output. */
export async function buildPrograms(say: Say): Promise<{
  goclient: string;
  terminal: string;
  authenticator: string;
}> {
  return {
    goclient: await buildProgram('goclient', say, { flags: ['-race'] }),
    terminal: await buildProgram('terminal', say),
    authenticator: await buildProgram('authenticator', say),
  };
}

/** The program of the Go module in folder `name`, from the cache or built now. @throws Error with the compiler's output */
export async function buildProgram(name: string, say: Say, options: BuildOptions = {}): Promise<string> {
  const { flags = [], package: of = '.', as = name } = options;
  const source = join(FOLDER, name);
  const hash = createHash('sha256');
  for (const file of globSync('**/*.{go,mod,sum}', { cwd: source }).sort())
    hash.update(file).update(readFileSync(join(source, file)));
  const folder = await cached(`programs/${as}-${hash.digest('hex').slice(0, 12)}`, (draft) =>
    announced(say, `building ${as}`, async () => {
      await runOrFail('go', ['build', '-trimpath', ...flags, '-o', join(draft, as), of], { cwd: source });
    }),
  );
  return join(folder, as);
}
