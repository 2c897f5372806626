// Short requests through the balancer all the time, by the Go client in client/.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from '../cluster/cache.ts';
import { runOrFail } from '../cluster/run.ts';
import type { FleetGround } from './ground.ts';

const SOURCE = fileURLToPath(new URL('client', import.meta.url));
const END_MS = 90_000;

export interface Requests {
  /** Ends it and tells what it saw. */
  finish(): Promise<Told>;
}

export interface Told {
  readonly requests: number;
  readonly failed: number;
  readonly connections: number;
  readonly failures: readonly string[];
}

/** Builds the client, unless its sources have not changed. @returns its path */
export async function buildClient(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'main.go']) hash.update(readFileSync(join(SOURCE, name)));
  const folder = await cached(`programs/fleet-client-${hash.digest('hex').slice(0, 12)}`, (draft) =>
    runOrFail('go', ['build', '-trimpath', '-o', join(draft, 'client'), '.'], { cwd: SOURCE }).then(() => {}),
  );
  return join(folder, 'client');
}

/** Starts sending. */
export async function startRequests(
  ground: FleetGround,
  options: {
    readonly client: string;
    readonly port: number;
    readonly token: string;
    readonly http2: boolean;
  },
): Promise<Requests> {
  const { client, port, token, http2 } = options;
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const program = await ground.processes.start({
    name: `client-${http2 ? 'h2' : 'h1'}`,
    command: client,
    args: [
      ...['--target', `https://127.0.0.1:${port}`, '--ca', ground.caFile, '--token', token],
      ...['--read', '/api/v1/namespaces/default/pods/one'],
      ...['--write', '/apis/authentication.k8s.io/v1/selfsubjectreviews', '--body', JSON.stringify(review)],
      ...(http2 ? ['--http2'] : []),
    ],
    folder: ground.folder,
    talks: true,
  });
  return {
    async finish() {
      const failures: string[] = [];
      program.end();
      const pick = (line: string) => {
        const said = JSON.parse(line) as Partial<Told> & { failed?: unknown };
        if (said.requests !== undefined) return said as Told;
        if (!failures.includes(line)) failures.push(line);
        return undefined;
      };
      return { ...(await program.seen('tell what it saw', pick, END_MS)), failures };
    },
  };
}
