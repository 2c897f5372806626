// An API server that answers as the test at hand says, once it has the whole request.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FakeUpstream, startUpstream } from '../fakes/upstream.ts';

export interface Answering extends FakeUpstream {
  /** Answers from now on; at first with 200 and no body. */
  respond: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;
}

export async function startAnswering(): Promise<Answering> {
  const said: Pick<Answering, 'respond'> = { respond: (_request, response) => void response.end() };
  const upstream = await startUpstream({
    handler: (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => said.respond(request, response, Buffer.concat(chunks)));
    },
  });
  return Object.assign(said, upstream);
}
