import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { eventually } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { namedKubectls, readTools } from './tools.ts';

// What a 429 of the gate means to stock kubectl (client-go rest/with_retry.go: 429 with Retry-After is sent again, up to ten times): it waits for its
// turn by itself. `--raw` requests other than GET have a stream for a body, which is not repeated.

const run = promisify(execFile);
const tools = readTools();
const held: (() => void)[] = [];
const upstream = await startUpstream({
  handler: (request, response) => {
    if (request.url?.includes('/slow') === true) held.push(() => response.end('{}'));
    else
      request
        .resume()
        .on('end', () => response.end('{"kind":"Status","apiVersion":"v1","status":"Success"}'));
  },
});
const gate = await startTestGate({
  upstreams: [{ name: 'main', upstream }],
  config: { limits: { requestsInFlightPerUser: 1 } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const token = await gate.token();

// Of the versions here 1.20 gives up at the first 429.
for (const { version, path } of namedKubectls(tools).filter(({ version }) => version !== '1.20'))
  t.test(`kubectl ${version} repeats what was refused, and it arrives once`, async (t) => {
    const config = join(tools.dir, `limits-${version}.kubeconfig`);
    writeFileSync(config, kubeconfig());
    const kubectl = (...args: string[]) => run(path, ['--kubeconfig', config, ...args]);
    const slow = kubectl('get', '--raw', '/api/v1/slow');
    await eventually(() => held.length === 1);
    const refusals = () => gate.metric('postern_admission_refused_total{limit="requestsInFlightPerUser"}');
    const before = await refusals();
    const second = kubectl('get', '--raw', '/api/v1/namespaces/default/configmaps/one');
    await eventually(async () => (await refusals()) >= before + 1);
    held.shift()?.();
    t.match((await second).stdout, /Success/);
    await slow;
    t.equal(upstream.received.filter(({ url }) => url.endsWith('/one')).length, 1);
    (upstream.received as unknown[]).length = 0;
  });

function kubeconfig(): string {
  return JSON.stringify({
    clusters: [
      {
        name: 'c',
        cluster: {
          server: `https://127.0.0.1:${gate.port}`,
          'certificate-authority-data': Buffer.from(gate.ca.certPem).toString('base64'),
        },
      },
    ],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}
