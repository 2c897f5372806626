// Open sessions of service accounts, and what takes them away: what the cluster says when it is asked again, the door.

import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { REVIEW_AGE_MS } from '../../src/authn/serviceaccounts.ts';
import { ROUND_MS } from '../../src/rounds.ts';
import { caller } from '../fakes/caller.ts';
import { ended, endsBy, reconfigure } from '../fakes/ends.ts';
import { openWebSocket } from '../fakes/execs.ts';
import { startPracticeGate } from '../fakes/practicegate.ts';
import { type ReviewingCluster, startReviewingCluster } from '../fakes/reviewer.ts';
import { makeTime } from '../fakes/time.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const accountToken = `${encode({ alg: 'RS256' })}.${encode({ iss: 'https://kubernetes.default.svc', sub: 'x' })}.c2ln`;
const RUNNER = {
  username: 'system:serviceaccount:ci:runner',
  uid: '7',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
};

async function startForAccounts(t: Test) {
  const time = makeTime();
  let cluster: ReviewingCluster | undefined;
  const { gate } = ended(
    t,
    await startPracticeGate(
      {
        now: time.clock.now,
        setRoundTimer: time.setTimer,
        authentication: { serviceAccounts: { audiences: ['gate'] } },
      },
      async (practice) => {
        cluster = await startReviewingCluster(practice);
        return cluster;
      },
    ),
  );
  if (cluster === undefined) throw new Error('not started');
  const reviewing = cluster;
  reviewing.judge(({ audiences = [] }) =>
    audiences.includes('gate')
      ? { authenticated: true, user: RUNNER, audiences: ['gate'] }
      : { authenticated: false },
  );
  return { gate, time, cluster: reviewing, credential: { token: accountToken } };
}

const REFUSED = {
  told: /because the cluster does not accept the token of its service account any more/,
  detail: /cluster practice does not accept it/,
};

t.test('the account is deleted: seen in the next round', async (t) => {
  const { gate, time, cluster, credential } = await startForAccounts(t);
  const remove = () => {
    cluster.judge(() => ({ authenticated: false, error: 'service account ci/runner has been deleted' }));
    time.advance(ROUND_MS);
  };
  await endsBy(t, gate, credential, remove, REFUSED);
});

t.test('the account is made anew under its name: it is another one', async (t) => {
  const { gate, time, cluster, credential } = await startForAccounts(t);
  const remake = () => {
    cluster.judge(() => ({ authenticated: true, user: { ...RUNNER, uid: '8' }, audiences: ['gate'] }));
    time.advance(ROUND_MS);
  };
  await endsBy(t, gate, credential, remake, {
    told: /no longer accepts who opened it/,
    detail: /its token gives another user/,
  });
});

t.test('its audience is none of the configured ones any more', async (t) => {
  const { gate, credential } = await startForAccounts(t);
  const change = () => reconfigure(gate, { serviceAccounts: { audiences: ['other'] } });
  await endsBy(t, gate, credential, change, REFUSED);
});

t.test('the door is removed', async (t) => {
  const { gate, credential } = await startForAccounts(t);
  const remove = () => reconfigure(gate, { serviceAccounts: undefined });
  await endsBy(t, gate, credential, remove, {
    told: /because service accounts are not accepted any more/,
    detail: /service accounts are not accepted/,
  });
});

t.test(
  'a cluster that does not answer takes nobody away; each token is asked about once in a round',
  async (t) => {
    const { gate, time, cluster, credential } = await startForAccounts(t);
    const sessions = [await openWebSocket(gate, credential), await openWebSocket(gate, credential)];
    const before = cluster.asked.length;
    cluster.judge(() => undefined);
    time.advance(ROUND_MS);
    const said = 'open sessions of service accounts could not be looked at again';
    t.match(await gate.logged(({ msg }) => msg === said), { unanswered: 2 });
    cluster.judge(() => ({ authenticated: true, user: RUNNER, audiences: ['gate'] }));
    const failed = cluster.asked.length;
    t.ok(failed > before);
    time.advance(ROUND_MS + REVIEW_AGE_MS);
    while (cluster.asked.length === failed) await new Promise(setImmediate);
    t.equal(cluster.asked.length, failed + 1);
    for (const { websocket, heard } of sessions) {
      t.equal(websocket.readyState, WebSocket.OPEN);
      t.equal(heard[3], undefined);
      websocket.close();
    }
  },
);

t.test('a flood of bad tokens keeps nobody in whose account is gone', async (t) => {
  const { gate, time, cluster, credential } = await startForAccounts(t);
  const flood = async () => {
    cluster.judge(() => ({ authenticated: false }));
    const one = caller(gate, 'h2');
    const path = '/api/v1/namespaces/default/pods';
    const ask = (n: number) =>
      one.call({ path, headers: ['Authorization', `Bearer ${accountToken.replace('c2ln', `AAA${n}`)}`] });
    const answers = await Promise.all(Array.from({ length: 80 }, (_, n) => ask(1000 + n)));
    t.ok(
      answers.some(({ status }) => status === 503),
      'nobody else is asked about now',
    );
    one.close();
    time.advance(ROUND_MS);
  };
  await endsBy(t, gate, credential, flood, REFUSED);
});
