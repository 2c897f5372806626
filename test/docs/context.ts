// What run.ts has brought up for the documents' tests, told through one file.

import { readFileSync } from 'node:fs';

/** Name of the environment variable that names the context file. */
export const CONTEXT_VARIABLE = 'POSTERN_DOCS_CONTEXT';

/** A place to run blocks in, and what the tests of hops need. */
export interface DocsContext {
  /** A folder for files of this run; gone at its end. */
  readonly dir: string;
  /** A folder with kubectl and helm, for PATH. */
  readonly bin: string;
  /** The pages whose blocks are to be run. */
  readonly pages: readonly string[];
  /** Absent when no page needs it. */
  readonly cluster?: {
    readonly adminKubeconfig: string;
    /** Images come from no registry here. */
    readonly image: string;
    readonly namespace: string;
    readonly gate: {
      readonly server: string;
      readonly opsUrl: string;
      readonly caPem: string;
      /** alice, who may do everything. */
      readonly kubeconfig: string;
      readonly token: string;
    };
  };
}

/** Reads the context. @throws Error that says how to start the tests when there is none. */
export function readDocsContext(): DocsContext {
  const file = process.env[CONTEXT_VARIABLE];
  if (file === undefined) throw new Error('start the documents\' tests with "npm run test:docs"');
  return JSON.parse(readFileSync(file, 'utf8')) as DocsContext;
}
