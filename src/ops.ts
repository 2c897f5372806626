// The second listener: probes and metrics, plain HTTP, for machines of the operator's own network; never a way to the API server.

import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { Registry as Registries } from 'prom-client';
import type { HostPort } from './config/config.ts';

/** One thing that has to be so for /readyz; a message says what is wrong, '' that nothing is. */
export interface Check {
  readonly name: string;
  readonly problem: () => string;
}

export interface OpsDeps {
  readonly registry: Registry;
  /** Called before metrics are read, for gauges that are derived. */
  readonly collect: () => void;
  readonly ready: readonly Check[];
}

/** Starts the listener. @returns the listening server. */
export async function startOps(address: HostPort, deps: OpsDeps): Promise<Server> {
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const send = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response
        .writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' })
        .end(request.method === 'HEAD' ? '' : body);
    if (request.method !== 'GET' && request.method !== 'HEAD') return void send(405, 'GET or HEAD only\n');
    if (path === '/livez') return void send(200, probe('livez', [], query).body);
    if (path === '/readyz') {
      const { status, body } = probe('readyz', deps.ready, query);
      return void send(status, body);
    }
    if (path !== '/metrics') return void send(404, 'Postern ops listener: /livez /readyz /metrics\n');
    deps.collect();
    const wantsOpenMetrics = (request.headers.accept ?? '').includes('application/openmetrics-text');
    const type = wantsOpenMetrics ? Registries.OPENMETRICS_CONTENT_TYPE : Registries.PROMETHEUS_CONTENT_TYPE;
    deps.registry.setContentType(type as typeof Registries.PROMETHEUS_CONTENT_TYPE);
    deps.registry.metrics().then(
      (text) => send(200, text, type),
      () => send(500, 'metrics could not be collected\n'),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return server;
}

function probe(name: string, checks: readonly Check[], query: string): { status: number; body: string } {
  const results = checks.map((check) => ({ name: check.name, problem: check.problem() }));
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
