// What `npm run test:image` prepares once, and its test files read.

import { readFileSync } from 'node:fs';

/** Names the file that holds the context. */
export const CONTEXT_VARIABLE = 'POSTERN_IMAGE_CONTEXT';
/** The image's name in the cluster. */
export const TAG = 'postern.test/postern:1';

/** The built image, and a cluster that has it. */
export interface Context {
  /** The run's folder. */
  readonly dir: string;
  readonly archive: string;
  readonly digest: string;
  readonly kubectl: string;
  readonly adminKubeconfig: string;
  /** https URL of the API server, for us and for pods. */
  readonly server: string;
  /** Our address as pods see it. */
  readonly hostAddress: string;
  /** An image with a shell, for a pod to exec into. */
  readonly shellImage: string;
}

/** The context. @throws TypeError outside `npm run test:image`. */
export function readContext(): Context {
  const file = process.env[CONTEXT_VARIABLE];
  if (file === undefined)
    throw new TypeError('These tests need a built image: run them with npm run test:image');
  return JSON.parse(readFileSync(file, 'utf8')) as Context;
}
