import t from 'tap';
import { refusalOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { openSpeeches } from './speeches.ts';

// What a query says of a request is judged as the API server reads it: one that it would read otherwise reaches nobody.

const SECRETS = '/api/v1/namespaces/web/secrets';
const RULES = [
  {
    name: 'the-public-one',
    resources: [{ resources: ['secrets'], resourceNames: ['public'] }],
    decision: 'Allow',
  },
  { name: 'watches', verbs: ['watch'], resources: [{ resources: ['pods'] }], decision: 'Allow' },
];

const upstream = await startUpstream();
const gate = await startTestGate({
  upstreams: [{ name: 'prod', upstream }],
  config: { authorization: { default: 'Deny', rules: RULES } },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});
const { everySpeech } = openSpeeches(gate);
const auth = ['Authorization', `Bearer ${await gate.token()}`];
const BY_NAME = `${SECRETS}?fieldSelector=metadata.name%3Dpublic`;

everySpeech('a name among as many parameters as the API server reads is judged', async (t, one) => {
  const path = `${BY_NAME}${'&'.repeat(9_999)}`;
  t.equal((await one.call({ path, headers: auth })).status, 200);
  t.equal(upstream.received.at(-1)?.url, path);
});

everySpeech('beyond as many it would see no name, and list them all', async (t, one) => {
  const before = upstream.received.length;
  for (const pair of ['&', '&a=1']) {
    const reply = await one.call({ path: `${BY_NAME}${pair.repeat(10_000)}`, headers: auth });
    t.match(refusalOf(reply), { http: 400, cause: 'PATH_MALFORMED' });
  }
  t.equal(upstream.received.length, before, 'nothing arrived');
});

everySpeech('what it takes for false is no watch', async (t, one) => {
  const before = upstream.received.length;
  for (const no of ['false', 'FALSE', '0', 'fal%C5%BFe']) {
    const path = `/api/v1/namespaces/web/pods?watch=${no}`;
    t.match(refusalOf(await one.call({ path, headers: auth })), { http: 403, cause: 'RULE_DEFAULT' }, no);
  }
  t.equal(upstream.received.length, before, 'nothing arrived');
});
