import t from 'tap';
import { caller, refusalOf, SPEECHES, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startTwoClusters } from './twoclusters.ts';

// Forwarding and assertion headers of those who may not send them (field-lessons.md §4, S27), at the level of whole requests.

const { auth, gate, issuer, last, sawAlice, token, upstream } = await startTwoClusters();

const trusting = await startTestGate({
  issuer,
  upstreams: [{ name: 'a', upstream }],
  listen: { trustedProxies: ['127.0.0.0/8'] },
  jwt: { source: { header: 'X-Assertion' } },
});
const distrusting = await startTestGate({
  issuer,
  upstreams: [{ name: 'a', upstream }],
  listen: { trustedProxies: ['10.0.0.0/8'] },
  jwt: { source: { header: 'X-Assertion' } },
});
t.teardown(async () => {
  for (const one of [trusting, distrusting]) await one.stop();
});

// S27, CVE-2026-16732: X-Forwarded-For counts only from a trusted proxy, and is read from its end.
const forwarded: readonly [lines: readonly string[], untrusted: string, trusted: string][] = [
  [[], '127.0.0.1', '127.0.0.1'],
  [['198.51.100.7'], '127.0.0.1', '198.51.100.7'],
  [['127.0.0.1'], '127.0.0.1', '127.0.0.1'],
  [['203.0.113.1, 198.51.100.7'], '127.0.0.1', '198.51.100.7'],
  [['203.0.113.1', '198.51.100.7'], '127.0.0.1', '198.51.100.7'],
  [['198.51.100.7, 127.0.0.2'], '127.0.0.1', '198.51.100.7'],
  [['198.51.100.7, junk'], '127.0.0.1', '127.0.0.1'],
  [['2001:db8::1'], '127.0.0.1', '2001:db8::1'],
  [[Array.from({ length: 20 }, (_, i) => `203.0.113.${i}`).join(',')], '127.0.0.1', '203.0.113.19'],
];

t.test('S27: X-Forwarded-For', async (t) => {
  for (const speech of SPEECHES) {
    const near = caller(gate, speech);
    const far = caller(trusting, speech);
    for (const [values, untrusted, trusted] of forwarded) {
      const lines = values.flatMap((value) => ['X-Forwarded-For', value]);
      await near.call({ path: '/x', headers: [...auth, ...lines] });
      t.same(valuesOf(last(), 'x-forwarded-for'), [untrusted], `untrusted ${values}`);
      await far.call({ path: '/x', headers: ['X-Assertion', token, ...lines] });
      t.same(valuesOf(last(), 'x-forwarded-for'), [trusted], `trusted ${values}`);
    }
    near.close();
    far.close();
  }
});

t.test('S27: an assertion header counts only when the peer is a trusted proxy, and ends here', async (t) => {
  for (const speech of SPEECHES) {
    const trusted = caller(trusting, speech);
    const reply = await trusted.call({ path: '/x', headers: ['X-Assertion', token] });
    t.equal(reply.status, 200);
    sawAlice(t, speech);
    t.same(valuesOf(last(), 'x-assertion'), []);
    const before = upstream.received.length;
    t.match(
      refusalOf(await trusted.call({ path: '/x', headers: auth })),
      { http: 401 },
      'a bearer token is not what is configured',
    );
    const untrusted = caller(distrusting, speech);
    for (const lines of [
      ['X-Assertion', token],
      ['X-Assertion', token, 'X-Forwarded-For', '10.0.0.1'],
    ])
      t.match(refusalOf(await untrusted.call({ path: '/x', headers: lines })), {
        http: 401,
        cause: 'CREDENTIALS_MISSING',
      });
    t.equal(upstream.received.length, before);
    trusted.close();
    untrusted.close();
  }
});
