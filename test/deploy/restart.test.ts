// A change of the configuration leaves the pods as they are, but for keys that count only after a restart (needsRestart in src/reload.ts): what
// running gates would not take up has to replace them.

import t from 'tap';
import { readContext } from './context.ts';
import { parseObjects, template } from './render.ts';
import { NAME, people } from './rows.ts';

const { helm } = readContext();
const dir = t.testdir();

const registry = (place: object) => ({ config: { ...people, sessions: { registry: place } } });
const REDIS = { url: 'rediss://redis.example.com:6379' };
const webhook = (address: string) => ({
  config: {
    ...people,
    tokenWebhook: {
      address,
      audiences: ['api'],
      tls: { certFile: '/w/tls.crt', keyFile: '/w/tls.key' },
      clientCAFile: '/w/ca.crt',
    },
  },
});

const CHANGES: readonly (readonly [what: string, before: object, after: object, isRestart: boolean])[] = [
  ['the port for callers', {}, { ports: { https: 9443 } }, true],
  ['the port for probes', {}, { ports: { ops: 9091 } }, true],
  ['authorities of clients', {}, { config: { ...people, listen: { clientCAFile: 'ca.crt' } } }, true],
  ['an address for token reviews', {}, webhook(':8444'), true],
  ['another one', webhook(':8444'), webhook(':8445'), true],
  ['a list of sessions', {}, registry({ kubernetes: {} }), true],
  ['its end', registry({ kubernetes: {} }), {}, true],
  [
    'another namespace for it',
    registry({ kubernetes: {} }),
    registry({ kubernetes: { namespace: 'b' } }),
    true,
  ],
  ['another place for it', registry({ kubernetes: {} }), registry({ redis: REDIS }), true],
  ['how long sessions may go on', {}, { config: { ...people, sessions: { maxDuration: '8h' } } }, false],
  [
    'a rule',
    {},
    { config: { ...people, authorization: { rules: [{ name: 'x', decision: 'Deny' }] } } },
    false,
  ],
];

for (const [what, before, after, isRestart] of CHANGES)
  t.test(`${what}: ${isRestart ? 'the pods are replaced' : 'the pods stay'}`, async (t) => {
    const [was, is] = [await podOf(before), await podOf(after)];
    t.equal(JSON.stringify(was) !== JSON.stringify(is), isRestart);
  });

/** What is left out is of the values with nothing but an issuer. */
async function podOf(values: object): Promise<unknown> {
  const { code, stdout, stderr } = await template(helm, dir, { values: { config: people, ...values } });
  if (code !== 0) throw new Error(stderr);
  const found = parseObjects(stdout).find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === NAME,
  );
  return (found?.['spec'] as { template?: unknown } | undefined)?.template;
}
