// HAProxy in TCP mode in front of several gates, as a network load balancer: it sees no request, looks at /readyz of each, and tries no connection a
// second time, so that a gate that listens no more before it was seen to leave costs its callers a request.

import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort, type Processes, untilListening } from '../../bench/processes.ts';
import type { GatePorts } from './ground.ts';

/** Health checks are so far apart unless somebody says otherwise; two failures take a gate out. ms */
const CHECK_MS = 250;

export interface Balancer {
  readonly port: number;
  readonly pid: number;
  /** The gates that it sends connections to now, by number. */
  up(): Promise<readonly number[]>;
}

/** Starts it. @throws Error with its last words */
export async function startBalancer(
  { processes, folder }: { readonly processes: Processes; readonly folder: string },
  gates: readonly GatePorts[],
  checkMs: number = CHECK_MS,
): Promise<Balancer> {
  const port = await freePort();
  const stats = join(folder, `haproxy-${port}.sock`);
  const file = join(folder, `haproxy-${port}.cfg`);
  writeFileSync(file, configOf(port, stats, { gates, checkMs }));
  const program = await processes.start({
    name: 'haproxy',
    command: 'haproxy',
    args: ['-db', '-q', '-f', file],
    folder,
  });
  await untilListening(program, port);
  return {
    port,
    pid: program.pid,
    async up() {
      const rows = (await ask(stats, 'show stat\n')).split('\n').map((line) => line.split(','));
      const [head = []] = rows;
      const status = head.indexOf('status');
      return rows
        .filter((row) => row[0] === 'gates' && row[1]?.startsWith('gate') && row[status]?.startsWith('UP'))
        .map((row) => Number(row[1]?.slice('gate'.length)));
    },
  };
}

function configOf(
  port: number,
  stats: string,
  { gates, checkMs }: { readonly gates: readonly GatePorts[]; readonly checkMs: number },
): string {
  const servers = gates.map(
    (gate, i) => `  server gate${i} 127.0.0.1:${gate.port} check port ${gate.opsPort}`,
  );
  return `global
  stats socket ${stats} mode 600
  maxconn 8000

defaults
  mode tcp
  retries 0
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 24h
  timeout check 5s

frontend callers
  bind 127.0.0.1:${port}
  default_backend gates

backend gates
  balance roundrobin
  option httpchk GET /readyz
  default-server inter ${checkMs} fastinter ${checkMs} fall 2 rise 1
${servers.join('\n')}
`;
}

/** '' from one that listens on its port already and not yet there. */
async function ask(socket: string, command: string): Promise<string> {
  const connection = createConnection(socket);
  connection.end(command);
  return text(connection).catch(() => '');
}
