// Where test files get tokens of any claims: the issuer's keys live in the runner's process, a test file runs in its own. Plain HTTP on
// loopback, one question a request. The API server can be restarted from here too, since the runner owns its process.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Node } from '../cluster/cluster.ts';
import type { Issuer, SignOptions } from '../fakes/issuer.ts';

/** What is asked for: claims beside the issuer's defaults, and how to sign. */
export interface TokenRequest {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly options?: SignOptions;
}

/** Signs what is asked for. */
export interface Desk {
  readonly url: string;
  readonly close: () => void;
}

/** Opens the desk of an issuer, and of the node where it is ours. */
export async function openDesk(issuer: Issuer, node: Node | undefined): Promise<Desk> {
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url === '/restart') {
        await node?.restartApiServer();
        return void response.end();
      }
      const { claims, options } = JSON.parse(await text(request)) as TokenRequest;
      response.end(await issuer.sign(claims, options ?? {}));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Restarts the API server; resolves when it is ready again. */
export async function restartApiServer(url: string): Promise<void> {
  await fetch(new URL('/restart', url), { method: 'POST' });
}

/** Asks a desk for a token. */
export async function askForToken(url: string, request: TokenRequest): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(request) });
  return await response.text();
}
