// Wycheproof's vectors of JSON Web Signatures and Keys, read from Go's module cache: the version is pinned in wycheproof/go.mod, its content by
// go.sum, and nothing of it is kept here.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MODULE = 'github.com/c2sp/wycheproof';
const PINNED_IN = join(import.meta.dirname, 'wycheproof');

/** A key, or a set of them, as a group gives it. */
export interface Published {
  readonly [member: string]: unknown;
  readonly keys?: readonly Readonly<Record<string, unknown>>[];
}

/** One thing that somebody may present as a token. */
export interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly result: string;
  /** A compact serialisation, or an object where it is JSON. */
  readonly jws?: string | object;
  readonly jwe?: string | object;
}

/** Vectors for one key. A group without a public part is about a shared secret. */
export interface Group {
  readonly comment: string;
  readonly public?: Published;
  readonly private?: Published;
  readonly tests: readonly Vector[];
}

/** The folder of the vectors, downloaded when it isn't there yet; undefined where there is no Go. @throws Error when it can't be had */
export async function findVectors(): Promise<string | undefined> {
  try {
    const args = ['mod', 'download', '-json', MODULE];
    const { stdout } = await promisify(execFile)('go', args, { cwd: PINNED_IN });
    return join((JSON.parse(stdout) as { readonly Dir: string }).Dir, 'testvectors_v1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads one file of vectors. @throws Error when it holds another number of them than it says */
export function readGroups(folder: string, name: string): readonly Group[] {
  const file = JSON.parse(readFileSync(join(folder, `${name}_test.json`), 'utf8')) as {
    readonly numberOfTests: number;
    readonly testGroups: readonly Group[];
  };
  const count = file.testGroups.reduce((sum, { tests }) => sum + tests.length, 0);
  if (count !== file.numberOfTests) throw new Error(`${name} holds ${count} vectors`);
  return file.testGroups;
}

/** Every public JWK of the files that give one beside their vectors, with the file's name. */
export function readPublicKeys(
  folder: string,
  names: readonly string[],
): readonly { readonly name: string; readonly key: Readonly<Record<string, unknown>> }[] {
  return names.flatMap((name) => {
    const file = JSON.parse(readFileSync(join(folder, `${name}_test.json`), 'utf8')) as {
      readonly testGroups: readonly { readonly publicKeyJwk?: Readonly<Record<string, unknown>> }[];
    };
    return file.testGroups.flatMap(({ publicKeyJwk: key }) => (key === undefined ? [] : [{ name, key }]));
  });
}
