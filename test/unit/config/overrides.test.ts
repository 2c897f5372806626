import t from 'tap';
import { loadConfig } from '../../../src/config/load.ts';
import { BASE, errorsOf } from './base.ts';

function load(overrides: readonly string[], env: Record<string, string> = {}) {
  const result = loadConfig({ file: 'gate.yaml', text: BASE, overrides, files: false, env });
  if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result.config;
}

t.test('--set overrides one key', async (t) => {
  t.equal(load(['log.level=debug']).log.level, 'debug');
  t.equal(load(['log.level=debug', 'log.level=warn']).log.level, 'warn', 'the last one counts');
  t.strictSame(
    load(['listen.address=[::1]:0']).listen.address,
    { host: '::1', port: 0 },
    'a string needs no quotes',
  );
  t.strictSame(
    load(['listen.address="[::1]:0"']).listen.address,
    { host: '::1', port: 0 },
    'but may have them',
  );
  t.equal(load(['clusters[0].context=123']).clusters[0]?.context, '123', 'even when it looks like a number');
  t.equal(
    load(['authentication.jwt[0].claimMappings.username.prefix=']).authentication.jwt[0]?.claimMappings
      .username.prefix,
    '',
  );
  t.equal(
    load(['authentication.jwt[0].claimMappings.username.prefix=a=b']).authentication.jwt[0]?.claimMappings
      .username.prefix,
    'a=b',
  );
  t.strictSame(load(['listen.trustedProxies=[]']).listen.trustedProxies, []);
  t.equal(load(['sessions.endOnExpiry=false']).sessions.endOnExpiry, false);
});

t.test('--set makes what is missing on its way', async (t) => {
  const config = load([
    'clusters[1].name=b',
    'clusters[1].inCluster=true',
    'clusters[1].match.hosts[0]=b.example',
    'authentication.jwt[0].claimMappings.uid={claim: sub}',
  ]);
  t.match(config.clusters[1], { name: 'b', inCluster: true, match: { hosts: ['b.example'] } });
  t.equal(config.authentication.jwt[0]?.claimMappings.uid.claim, 'sub');
});

t.test('POSTERN_LOG_LEVEL overrides the file and --set', async (t) => {
  t.equal(load(['log.level=warn'], { POSTERN_LOG_LEVEL: 'trace' }).log.level, 'trace');
  t.strictSame(errorsOf(BASE, { env: { POSTERN_LOG_LEVEL: 'loud' } }), [
    'POSTERN_LOG_LEVEL:1:1 log.level: expected one of trace, debug, info, warn, error; found "loud"',
  ]);
});

const errors: readonly (readonly [string, RegExp])[] = [
  ['log.level=loud', /^--set:1:1 log\.level: expected one of/],
  ['log.lvel=info', /^--set:1:1 log\.lvel: unknown key "lvel"; did you mean "level"\?/],
  ['sessions={idleTimeout: 5}', /^--set:1:1 sessions\.idleTimeout: expected a string, found a number/],
  ['log.level', /^--set:1:1 expected path=value, as in log\.level=debug/],
  ['=x', /^--set:1:1 expected path=value/],
  ['log..level=x', /^--set:1:1 expected path=value.*found path "log\.\.level"/],
  [
    'clusters[2].name=x',
    /^--set:1:1 clusters\[2\]\.name: cannot be set: clusters has 1 items: the next is \[1\]/,
  ],
  ['clusters.name=x', /cannot be set: clusters is a list: name an item, as in \[0\]/],
  ['log[0]=x', /cannot be set: log is not a list/],
  ['log.level.x=y', /cannot be set: log\.level is a single value/],
  ['__proto__.x=y', /^--set:1:1 __proto__: unknown key/],
  ['clusters[1].name=b', /^--set:1:1 clusters\[1\]\.(kubeconfig|match): missing/],
];

for (const [assignment, expected] of errors) {
  t.test(`--set ${assignment}`, async (t) => {
    const found = errorsOf(BASE, { overrides: [assignment] });
    t.match(found[0], expected);
    t.equal(Object.hasOwn(Object.prototype, 'x'), false);
  });
}

t.test("an override's error comes after the file's own", async (t) => {
  const found = errorsOf(BASE.replace('name: prod', 'name: Prod'), { overrides: ['log.level=loud'] });
  t.match(found, [/^12:11 clusters/, /^--set:1:1 log/]);
});
