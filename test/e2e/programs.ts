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

/** Paths of the built programs. @throws Error with the compiler's output. */
export async function buildPrograms(say: Say): Promise<{
  goclient: string;
  terminal: string;
  authenticator: string;
}> {
  return {
    goclient: await build('goclient', ['-race'], say),
    terminal: await build('terminal', [], say),
    authenticator: await build('authenticator', [], say),
  };
}

async function build(name: string, flags: readonly string[], say: Say): Promise<string> {
  const source = join(FOLDER, name);
  const hash = createHash('sha256');
  for (const file of globSync('**/*.{go,mod,sum}', { cwd: source }).sort())
    hash.update(file).update(readFileSync(join(source, file)));
  const folder = await cached(`programs/${name}-${hash.digest('hex').slice(0, 12)}`, (draft) =>
    announced(say, `building ${name}`, async () => {
      await runOrFail('go', ['build', '-trimpath', ...flags, '-o', join(draft, name), '.'], { cwd: source });
    }),
  );
  return join(folder, name);
}
