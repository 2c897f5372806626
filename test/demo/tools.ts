// The programs that the demo's tests drive, told by run.ts through one file.

import { readFileSync } from 'node:fs';
import type { Kubectl } from '../cluster/kubectls.ts';

/** Name of the environment variable that names the tools file. */
export const TOOLS_VARIABLE = 'POSTERN_DEMO_TOOLS';

/** Paths of the programs, and a directory for files of the tests. */
export interface Tools {
  readonly dir: string;
  readonly kubectls: readonly Kubectl[];
  readonly helm: string;
  readonly goclient: string;
  readonly terminal: string;
}

/** Reads them. @throws Error that says how to start the suite. */
export function readTools(): Tools {
  const file = process.env[TOOLS_VARIABLE];
  if (file === undefined) throw new Error('start the demo tests with "npm run test:demo"');
  return JSON.parse(readFileSync(file, 'utf8')) as Tools;
}

/** The kubectls that the issue names: 1.20, 1.28, 1.32 or newer, 1.35. */
export function namedKubectls({ kubectls }: Tools): readonly Kubectl[] {
  const wanted = ['1.20', '1.28', '1.33', '1.35'];
  return kubectls.filter(({ version }) => wanted.includes(version) || version.includes('machine'));
}
