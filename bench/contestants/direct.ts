// No proxy: the load generator talks to the upstream itself. Its times are the floor beneath everybody's; it has no CPU of its own.

import type { Contestant } from './contestant.ts';

export const direct: Contestant = {
  name: 'direct',
  what: 'no proxy: the load generator and the upstream alone',
  optional: false,
  isProxy: false,
  find: async () => ({ ok: true, version: '' }),
  start: async (_ground, upstreamPort) => ({
    url: `https://127.0.0.1:${upstreamPort}`,
    port: upstreamPort,
    pid: undefined,
    stop: async () => undefined,
  }),
};
