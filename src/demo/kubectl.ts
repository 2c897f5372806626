// Looks whether the person has a kubectl that can talk to the demo, and says what to do when not. It asks the program for its version and
// runs nothing else.

import { execFile } from 'node:child_process';

/** The oldest kubectl that the project's tests run. */
const OLDEST_MINOR = 20;
const PATIENCE_MS = 5_000;
const GET_ONE = 'https://kubernetes.io/docs/tasks/tools/ tells how to get one.';

/** What was found: a usable version such as v1.35.1, or a hint for the person. */
export type KubectlFinding =
  | { readonly usable: true; readonly version: string }
  | { readonly usable: false; readonly hint: string };

/** Finds `kubectl` on `path` (as the environment's PATH). Never rejects. */
export function findKubectl(path: string | undefined): Promise<KubectlFinding> {
  return new Promise((resolve) => {
    const options = { env: { PATH: path ?? '' }, timeout: PATIENCE_MS, windowsHide: true };
    execFile('kubectl', ['version', '--client', '-o', 'json'], options, (error, stdout) => {
      const code = (error as NodeJS.ErrnoException | null)?.code;
      if (code === 'ENOENT') return resolve(missing());
      resolve(judge(stdout));
    });
  });
}

function missing(): KubectlFinding {
  return { usable: false, hint: `kubectl is not on your PATH: the commands below need it. ${GET_ONE}` };
}

/** Judges what `kubectl version --client -o json` printed. */
export function judge(printed: string): KubectlFinding {
  const version = /"gitVersion":\s*"(v\d+\.(\d+)[^"\s]*)"/.exec(printed);
  if (version === null)
    return { usable: false, hint: `the kubectl on your PATH does not tell its version. ${GET_ONE}` };
  const [, text = '', minor] = version;
  if (Number(minor) >= OLDEST_MINOR) return { usable: true, version: text };
  return {
    usable: false,
    hint: `your kubectl is ${text}; the demo is tested with v1.${OLDEST_MINOR} and newer. ${GET_ONE}`,
  };
}
