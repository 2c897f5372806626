// S29: a gate with two workers whose files break while it runs. What is wrong with them is said on a reload, and nothing of what they hold; nor does the last
// word of a worker that crashes hold what it had in hand.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { openAviary } from './canaries.ts';
import { collectOutput } from './canaryground.ts';
import { startGround } from './gate.ts';
import { startAttackUpstream } from './upstream.ts';
import { askRaw } from './ways.ts';

const facts = recordFacts('attack-canaries-config');
const aviary = openAviary();
const own = aviary.lay('kubeconfig token');
const upstream = await startAttackUpstream();
const { gate, auth, token } = await startGround(t, {
  args: ['--workers', '2'],
  nodeOptions: [`--import=${new URL('./crash.ts', import.meta.url).href}`],
  upstream,
  upstreams: [{ name: 'main', upstream, user: { token: own } }],
});
const output = collectOutput(gate.child);
const kubeconfig = join(gate.files.dir, 'main.kubeconfig');
aviary.take('the caller’s token', token);

const REFUSED = 'configuration refused, the running one stays';
let refusals = 0;
/** Resolves when both workers have refused once more. */
async function reloadRefused(): Promise<void> {
  gate.child.kill('SIGHUP');
  refusals += 2;
  while (gate.log.filter((line) => line.includes(REFUSED)).length < refusals)
    await Promise.race([
      new Promise((resolve) => gate.child.stderr?.once('data', resolve)),
      gate.exit.then(() => Promise.reject(new Error('the gate ended'))),
    ]);
}

/** A reload that is refused: what is said of it tells no secret. */
const tellsNothing = (what: string, lay: () => void) =>
  facts.attack('S29', `SIGHUP: ${what}`, async (t) => {
    lay();
    await reloadRefused();
    aviary.search(t, 'what was printed', output());
  });

const user = (more: object) => JSON.stringify(kubeconfigOf(more));
function kubeconfigOf(more: object) {
  return {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x' },
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${upstream.port}` } }],
    users: [{ name: 'u', user: more }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
}
const server = (url: string) =>
  JSON.stringify({ ...kubeconfigOf({ token: own }), clusters: [{ name: 'c', cluster: { server: url } }] });
const redis = (more: object) => ({ ...gate.files.config, sessions: { registry: { redis: more } } });

/** [what, the kubeconfig] */
const KUBECONFIGS: readonly (readonly [what: string, text: string])[] = [
  ['a kubeconfig that is cut off', user({ token: aviary.lay('cut token') }).slice(0, -60)],
  ['a kubeconfig that is no YAML', `users: [{user: {token: "${aviary.lay('open quote')}`],
  ['a kubeconfig that is a text', aviary.lay('a token for a kubeconfig')],
  ['a token that no header can carry', user({ token: `${aviary.lay('bad token')}\u00e9` })],
  ['a password', user({ username: 'admin', password: aviary.lay('password') })],
  [
    'an auth provider',
    user({
      'auth-provider': {
        name: 'oidc',
        config: { 'id-token': aviary.lay('id-token'), 'client-secret': aviary.lay('client-secret') },
      },
    }),
  ],
  [
    'a credential plugin',
    user({
      exec: {
        command: 'x',
        args: [aviary.lay('argument')],
        env: [{ name: 'T', value: aviary.lay('variable') }],
      },
    }),
  ],
  [
    'a key that is none',
    user({
      'client-certificate-data': Buffer.from(aviary.lay('certificate')).toString('base64'),
      'client-key-data': Buffer.from(aviary.lay('key')).toString('base64'),
    }),
  ],
  [
    'a key that is not encoded',
    user({
      'client-certificate-data': aviary.lay('certificate text'),
      'client-key-data': aviary.lay('key text'),
    }),
  ],
  [
    'a server with a password',
    server(`https://u:${aviary.lay('server password')}@127.0.0.1:${upstream.port}`),
  ],
  [
    'a server with a token',
    server(`https://127.0.0.1:${upstream.port}/?token=${aviary.lay('server token')}`),
  ],
];

for (const [what, text] of KUBECONFIGS) await tellsNothing(what, () => writeFileSync(kubeconfig, text));
writeFileSync(kubeconfig, user({ token: own }));

/** [what, the configuration] */
const CONFIGURATIONS: readonly (readonly [what: string, config: unknown])[] = [
  [
    'a Redis with a password in its URL',
    redis({ url: `rediss://:${aviary.lay('redis URL')}@127.0.0.1:6379` }),
  ],
  [
    '… and a port that is none',
    redis({ url: `rediss://u:${aviary.lay('redis URL, bad port')}@127.0.0.1:port` }),
  ],
  [
    'a Redis with a password as a key',
    redis({ url: 'rediss://127.0.0.1:6379', password: aviary.lay('redis key') }),
  ],
  [
    'an issuer with a password',
    {
      ...gate.files.config,
      authentication: {
        jwt: [{ issuer: { url: `https://u:${aviary.lay('issuer URL')}@x`, audiences: ['a'] } }],
      },
    },
  ],
  [
    'a token as a key of a cluster',
    {
      ...gate.files.config,
      clusters: [{ name: 'main', kubeconfig: 'main.kubeconfig', token: aviary.lay('cluster key') }],
    },
  ],
];
for (const [what, config] of CONFIGURATIONS) await tellsNothing(what, () => gate.files.writeConfig(config));
gate.files.writeConfig(gate.files.config);

await facts.attack('S29', 'a worker that crashes with a request in its hands', async (t) => {
  const lines = ['Host: gate', 'Connection: close', auth, `Cookie: ${aviary.lay('cookie in hand')}`];
  const target = `/api/v1/crash?token=${aviary.lay('token in hand')}`;
  await askRaw(gate, requestText(`GET ${target} HTTP/1.1`, lines)).catch(() => {});
  const line = await gate.logged(({ msg }) => msg === 'worker serves');
  process.kill(Number(line['pid']), 'SIGUSR2');
  await gate.logged(({ msg }) => msg === 'worker ended unexpectedly');
  t.match(output(), 'Error: crashed by the test', 'its last word is there');
  aviary.search(t, 'what was printed', output());
  aviary.search(t, 'the log', gate.log.join('\n'));
  aviary.search(t, 'the metrics', await (await fetch(`${gate.opsUrl}/metrics`)).text());
});
