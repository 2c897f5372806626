// The second listener: probes and metrics, plain HTTP, for machines of the operator's own network; never a way to the API server.

import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import type { HostPort } from './config/config.ts';

/** One thing that has to be so for /readyz; a message says what is wrong, '' that nothing is. */
export interface Check {
  readonly name: string;
  readonly problem: () => string;
}

/** What a check found. */
export interface CheckResult {
  readonly name: string;
  readonly problem: string;
}

/** Looks now; processes that have to be asked answer by a promise. */
export type Look = () => readonly CheckResult[] | Promise<readonly CheckResult[]>;

export interface OpsDeps {
  readonly registry: { metrics(): Promise<string> };
  /** Called before metrics are read, for gauges that are derived. */
  readonly collect: () => void;
  readonly ready: Look;
  /** What /livez looks at; default nothing: that this process answers says enough. */
  readonly live?: Look;
  /** Told of errors of the listening socket, such as too many open files; it goes on. */
  readonly onError: (error: Error) => void;
}

const NOTHING: Look = () => [];

/** Starts the listener. @returns the listening server. */
export async function startOps(address: HostPort, deps: OpsDeps): Promise<Server> {
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const send = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response
        .writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' })
        .end(request.method === 'HEAD' ? '' : body);
    if (request.method !== 'GET' && request.method !== 'HEAD') return void send(405, 'GET or HEAD only\n');
    const look = async (name: string, from: Look) => {
      const { status, body } = probe(name, await from(), query);
      send(status, body);
    };
    const failed = () => send(500, 'could not be collected\n');
    if (path === '/livez') return void look('livez', deps.live ?? NOTHING).catch(failed);
    if (path === '/readyz') return void look('readyz', deps.ready).catch(failed);
    if (path !== '/metrics') return void send(404, 'Postern ops listener: /livez /readyz /metrics\n');
    // A fault in what is read for a scrape must not end the process.
    try {
      deps.collect();
    } catch {
      return void failed();
    }
    const wantsOpenMetrics = (request.headers.accept ?? '').includes('application/openmetrics-text');
    deps.registry
      .metrics()
      .then(
        (text) =>
          wantsOpenMetrics
            ? send(200, openMetrics(text), Registry.OPENMETRICS_CONTENT_TYPE)
            : send(200, text, Registry.PROMETHEUS_CONTENT_TYPE),
        failed,
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      server.off('error', reject);
      server.on('error', deps.onError);
      resolve();
    });
  });
  return server;
}

/** Runs all checks. */
export function runChecks(checks: readonly Check[]): readonly CheckResult[] {
  return checks.map(({ name, problem }) => ({ name, problem: problem() }));
}

function probe(
  name: string,
  results: readonly CheckResult[],
  query: string,
): { status: number; body: string } {
  const failed = results.filter(({ problem }) => problem !== '');
  if (failed.length > 0 && !/(^|&)verbose/.test(query))
    return { status: 503, body: failed.map((one) => `${one.name}: ${one.problem}\n`).join('') };
  if (!/(^|&)verbose/.test(query)) return { status: 200, body: 'ok' };
  const lines = results.map((one) =>
    one.problem === '' ? `[+]${one.name} ok` : `[-]${one.name} failed: ${one.problem}`,
  );
  return {
    status: failed.length > 0 ? 503 : 200,
    body: `${[...lines, `${name} check ${failed.length > 0 ? 'failed' : 'passed'}`].join('\n')}\n`,
  };
}

/**
 * Prometheus' text as OpenMetrics 1.0: counters are named without `_total` in HELP and TYPE, no empty lines, an end. prom-client's own
 * conversion renames the counters for good, so that the next scrape in the other format has wrong names.
 */
function openMetrics(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const counters = new Set(
    lines.map((line) => /^# TYPE (\S+)_total counter$/.exec(line)?.[1]).filter((name) => name !== undefined),
  );
  const named = lines.map((line) =>
    line.replace(/^# (HELP|TYPE) (\S+)_total /, (whole, keyword: string, name: string) =>
      counters.has(name) ? `# ${keyword} ${name} ` : whole,
    ),
  );
  return `${named.join('\n')}\n# EOF\n`;
}
