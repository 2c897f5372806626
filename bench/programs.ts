// Builds the Go programs of the benchmark (bench/go) into the cache, by a hash of their sources: the load generator, the stand-in API
// server and the Go gate.

import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../test/cluster/cache.ts';
import { announced, type Say } from '../test/cluster/progress.ts';
import { runOrFail } from '../test/cluster/run.ts';

const SOURCE = fileURLToPath(new URL('go', import.meta.url));
const NAMES = ['load', 'upstream', 'gogate'] as const;

/** Paths of the built programs. */
export type Programs = Readonly<Record<(typeof NAMES)[number], string>>;

/** Builds what changed. @throws Error with the compiler's output. */
export async function buildPrograms(say: Say): Promise<Programs> {
  const hash = createHash('sha256');
  for (const file of globSync('**/*.{go,mod,sum}', { cwd: SOURCE }).sort())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(SOURCE, file)));
  const key = `programs/bench-${hash.digest('hex').slice(0, 12)}`;
  const folder = await cached(key, (draft) =>
    announced(say, 'building the Go programs', async () => {
      for (const name of NAMES)
        await runOrFail('go', ['build', '-trimpath', '-o', join(draft, name), `./${name}`], { cwd: SOURCE });
    }),
  );
  return {
    load: join(folder, 'load'),
    upstream: join(folder, 'upstream'),
    gogate: join(folder, 'gogate'),
  };
}

/** Versions of the modules that the programs are built from, e.g. "github.com/coreos/go-oidc/v3 v3.17.0". */
export function readModules(): readonly string[] {
  const text = readFileSync(join(SOURCE, 'go.mod'), 'utf8');
  return [...text.matchAll(/^\s*(?:require )?([\w.-]+\.\w+\/\S+ v\S+)\s*(\/\/ indirect)?$/gm)].flatMap(
    ([, module = '', indirect]) => (indirect === undefined ? [module] : []),
  );
}
