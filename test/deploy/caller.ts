// A caller who never rests: one short request after another through the Service, each on a connection of its own, as a new kubectl makes one.

import { request } from 'node:https';

const PATIENCE_MS = 10_000;

/** Where it calls, and as whom. */
export interface CallerSettings {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  /** The name in the gate's certificate. */
  readonly servername: string;
  readonly token: string;
}

/** What came of it. */
export interface Calls {
  readonly answered: number;
  /** Why each of the others was not answered with 200. */
  readonly failed: readonly string[];
}

/** Starts calling. @returns what ends it and tells. */
export function startCalling(settings: CallerSettings): () => Promise<Calls> {
  let isOver = false;
  let answered = 0;
  const failed: string[] = [];
  const going = (async () => {
    while (!isOver) {
      const problem = await callOnce(settings);
      if (problem === '') answered++;
      else failed.push(`${new Date().toISOString()} ${problem}`);
    }
  })();
  return async () => {
    isOver = true;
    await going;
    return { answered, failed };
  };
}

function callOnce({ host, port, caPem, servername, token }: CallerSettings): Promise<string> {
  return new Promise((resolve) => {
    const options = { host, port, servername, ca: caPem, agent: false, timeout: PATIENCE_MS };
    const headers = { authorization: `Bearer ${token}` };
    const outgoing = request({ ...options, path: '/version', headers }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode === 200 ? '' : `status ${answer.statusCode}`));
      answer.once('error', (error) => resolve(error.message));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.once('error', (error) => resolve(error.message));
    outgoing.end();
  });
}
