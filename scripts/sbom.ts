// `npm run --silent sbom`: prints the bill of materials (CycloneDX) of the npm package, from package-lock.json alone: the gate's packages and the
// demo's, none of development. The image has one of its own, of what is in it (scripts/image/root.ts).
// Its time is SOURCE_DATE_EPOCH, in seconds since 1970, else that of the commit, else 0.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settleBom } from './image/sbom.ts';
import { deliveredBy, nameOf, type Packages } from './lock.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_BYTES = 16 * 1024 * 1024;

const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
  readonly packages: Packages;
};
const installed = new Set(
  [...deliveredBy(packages)].map((path) => `${nameOf(path)}@${packages[path]?.version}`),
);
const time = Number(process.env['SOURCE_DATE_EPOCH'] ?? commitTime());
const printed = run('npm', 'sbom', '--package-lock-only', '--sbom-format=cyclonedx');
process.stdout.write(settleBom(printed, { name: 'postern', installed, time }));

/** Seconds since 1970; 0 where no git is, or no repository. */
function commitTime(): number {
  try {
    return Number(run('git', 'log', '-1', '--format=%ct'));
  } catch {
    return 0;
  }
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: MAX_BYTES });
}
