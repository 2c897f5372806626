// Open sessions of credentials without an issuer, and what takes them away: over real TLS, as a WebSocket and as SPDY, with the practice API server
// behind the gate. Each hears why; somebody else's session goes on.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { REVIEW_AGE_MS } from '../../src/authn/serviceaccounts.ts';
import { makeCA } from '../../src/certificates.ts';
import { ROUND_MS } from '../../src/rounds.ts';
import { caller, refusalOf } from '../fakes/caller.ts';
import { makeCRL } from '../fakes/crl.ts';
import { type Credential, openSpdy, openWebSocket } from '../fakes/execs.ts';
import type { TestGate } from '../fakes/gate.ts';
import { type PracticeGate, startPracticeGate } from '../fakes/practicegate.ts';
import { ACCOUNT, makeSession } from '../fakes/principals.ts';
import { type ReviewingCluster, startReviewingCluster } from '../fakes/reviewer.ts';
import { presign, tokenOf } from '../fakes/sigv4.ts';
import { startSts } from '../fakes/sts.ts';
import { makeTime } from '../fakes/time.ts';
import { readAll } from '../unit/practice/stream/callers.ts';

const isSessionEnd = (line: Record<string, unknown>) => line['msg'] === 'session ended';
const nextUpdate = new Date(Date.now() + 3_600_000);

type Authentication = Record<string, unknown>;

/** Writes the configuration with this in its authentication, and has it taken up. */
function reconfigure({ gate, config, writeConfig }: TestGate, authentication: Authentication): void {
  writeConfig({ ...config, authentication: { ...(config['authentication'] as object), ...authentication } });
  if (!gate.reload()) throw new Error('refused');
}

/** Opens both kinds for a credential, and one for alice, who has a token; ends them by `take`, and looks at what each has heard. */
async function endsBy(
  t: Test,
  gate: TestGate,
  credential: Credential,
  take: () => Promise<void> | void,
  { told, detail }: { readonly told: RegExp; readonly detail: RegExp },
): Promise<void> {
  const alice = await openWebSocket(gate, { token: await gate.token() });
  await alice.until(1, 'waiting\n');
  const socket = await openWebSocket(gate, credential);
  const spdy = await openSpdy(gate, credential);
  const word = readAll(spdy.error);
  await take();
  t.equal(await socket.closed, 1000);
  const status = {
    kind: 'Status',
    status: 'Failure',
    code: 403,
    message: told,
    details: { causes: [{ reason: 'SESSION_REVOKED' }] },
  };
  t.match(JSON.parse(socket.heard[3] ?? ''), status, 'over WebSocket');
  t.match(JSON.parse(String(await word)), status, 'over SPDY');
  await spdy.session.closed;
  for (const protocol of ['websocket', 'spdy'])
    t.match(await gate.logged((line) => isSessionEnd(line) && line['protocol'] === protocol), {
      end: 'killed',
      detail,
    });
  t.equal(alice.websocket.readyState, WebSocket.OPEN, 'somebody else stays');
  t.equal(alice.heard[3], undefined);
  alice.websocket.close();
}

function ended(t: Test, started: PracticeGate): PracticeGate {
  t.teardown(() => started.stop());
  return started;
}

const root = await makeCA('clients');
const below = await root.intermediate('clients below');
const others = await makeCA('others');
const jane = await root.issue({ commonName: 'jane', organizations: ['engineers'], client: true });
const deep = await below.issue({ commonName: 'jane', organizations: ['engineers'], client: true });
/** With the authority that issued it, as clients send it. */
const chained = { ...deep, certPem: deep.certPem + below.certPem };
const bundle = root.certPem + below.certPem;

async function startForCertificates(t: Test, authorities = bundle): Promise<TestGate> {
  const { gate } = ended(
    t,
    await startPracticeGate({
      listen: { clientCAFile: 'clients.crt' },
      before: async (dir) => {
        writeFileSync(join(dir, 'clients.crt'), authorities);
        writeFileSync(join(dir, 'clients.crl'), await makeLists());
      },
      authentication: {
        clientCertificates: {
          enabled: true,
          ...(authorities === bundle ? { crlFile: 'clients.crl' } : {}),
        },
      },
    }),
  );
  return gate;
}

async function makeLists(
  revoked: { readonly root?: string[]; readonly below?: string[] } = {},
): Promise<string> {
  const lists = [
    await makeCRL(root, { revoked: revoked.root ?? [], nextUpdate }),
    await makeCRL(below, { revoked: revoked.below ?? [], nextUpdate }),
  ];
  return lists.join('');
}

const REVOKED = {
  told: /^The session has ended because its client certificate has been revoked\. Ask/,
  detail: /has been revoked \(serial [0-9a-f]+\)/,
};
const UNTRUSTED = {
  told: /because the authority of its client certificate is not accepted any more/,
  detail: /none of the authorities in listen\.clientCAFile now/,
};

t.test('the revocation list comes to name the certificate: seen when the file changes', async (t) => {
  const gate = await startForCertificates(t);
  const revoke = async () =>
    writeFileSync(join(gate.dir, 'clients.crl'), await makeLists({ root: [jane.certPem] }));
  await endsBy(t, gate, { client: jane }, revoke, REVOKED);
});

t.test('the list comes to name the authority that issued it', async (t) => {
  const gate = await startForCertificates(t);
  const revoke = async () => {
    writeFileSync(join(gate.dir, 'clients.crl'), await makeLists({ root: [below.certPem] }));
    t.ok(gate.gate.reload());
  };
  await endsBy(t, gate, { client: deep }, revoke, REVOKED);
});

t.test('its authority is replaced', async (t) => {
  const gate = await startForCertificates(t, root.certPem);
  const replace = () => {
    writeFileSync(join(gate.dir, 'clients.crt'), others.certPem);
    t.ok(gate.gate.reload());
  };
  await endsBy(t, gate, { client: chained }, replace, UNTRUSTED);
});

t.test('an authority beside its own takes nobody away, however long the chain', async (t) => {
  const gate = await startForCertificates(t, root.certPem);
  const sessions = [
    await openWebSocket(gate, { client: chained }),
    await openWebSocket(gate, { client: jane }),
  ];
  const open = caller({ ...gate, client: chained }, 'h2');
  t.equal((await open.call({ path: '/api/v1/namespaces/default/pods' })).status, 200);
  writeFileSync(join(gate.dir, 'clients.crt'), others.certPem + root.certPem);
  t.ok(gate.gate.reload());
  t.equal((await open.call({ path: '/api/v1/namespaces/default/pods' })).status, 200);
  for (const { websocket, heard } of sessions) {
    t.equal(websocket.readyState, WebSocket.OPEN);
    t.equal(heard[3], undefined);
    websocket.close();
  }
  open.close();
});

t.test('a connection that was open before its authority was replaced carries no more requests', async (t) => {
  const gate = await startForCertificates(t, root.certPem);
  const path = '/api/v1/namespaces/default/pods';
  const callers = (['h2', 'h1'] as const).map((speech) => caller({ ...gate, client: jane }, speech));
  for (const one of callers) t.equal((await one.call({ path })).status, 200);
  const silent = await gate.connect({ cert: jane.certPem, key: jane.keyPem });
  writeFileSync(join(gate.dir, 'clients.crt'), others.certPem);
  t.ok(gate.gate.reload());
  for (const one of callers) {
    t.match(refusalOf(await one.call({ path })), { http: 401, cause: 'CERTIFICATE_UNTRUSTED' });
    one.close();
  }
  silent.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  t.match(String(await readAll(silent)), /^HTTP\/1.1 401 [\s\S]*CERTIFICATE_UNTRUSTED/, 'nor its first one');
});

t.test('client certificates are disabled', async (t) => {
  const gate = await startForCertificates(t);
  await endsBy(
    t,
    gate,
    { client: jane },
    () => reconfigure(gate, { clientCertificates: { enabled: false } }),
    {
      told: /because client certificates are not accepted any more/,
      detail: /client certificates are not accepted/,
    },
  );
});

t.test('a list that is past its next update takes nobody away who is in', async (t) => {
  const gate = await startForCertificates(t);
  const session = await openWebSocket(gate, { client: jane });
  const stale = await makeCRL(root, { nextUpdate: new Date(Date.now() - 1000) });
  writeFileSync(join(gate.dir, 'clients.crl'), stale);
  t.ok(gate.gate.reload());
  const one = caller({ ...gate, client: jane }, 'h1');
  t.equal((await one.call({ path: '/api/v1/namespaces/default/pods' })).status, 503, 'but lets nobody in');
  one.close();
  t.equal(session.heard[3], undefined);
  t.equal(session.websocket.readyState, WebSocket.OPEN);
  session.websocket.close();
});

t.test('the certificate ends: what it opened ends as with a token', async (t) => {
  const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 300_000);
  const short = await root.issue({
    commonName: 'jane',
    organizations: ['engineers'],
    client: true,
    notAfter,
  });
  const { gate } = ended(
    t,
    await startPracticeGate({
      listen: { clientCAFile: 'clients.crt' },
      before: (dir) => writeFileSync(join(dir, 'clients.crt'), root.certPem),
      authentication: { clientCertificates: { enabled: true } },
      // It stands still shortly before the end.
      now: () => notAfter.getTime() - 2000,
    }),
  );
  const socket = await openWebSocket(gate, { client: short });
  const spdy = await openSpdy(gate, { client: short });
  const longer = await openWebSocket(gate, { client: jane });
  const word = readAll(spdy.error);
  t.equal(await socket.closed, 1000);
  for (const text of [socket.heard[3] ?? '', String(await word)])
    t.match(JSON.parse(text), { code: 401, details: { causes: [{ reason: 'SESSION_EXPIRED' }] } });
  t.match(await gate.logged(isSessionEnd), { end: 'expired', user: 'jane' });
  t.equal(longer.websocket.readyState, WebSocket.OPEN);
  longer.websocket.close();
});

const dev = makeSession('Dev', 'jo');

function mapOf(role: string, username = 'dev:{{SessionName}}', groups = '[engineers]'): string {
  return `mapRoles: |
  - rolearn: arn:aws:iam::${ACCOUNT}:role/${role}
    username: ${username}
    groups: ${groups}
`;
}

async function startForAws(t: Test): Promise<{ gate: TestGate; credential: Credential }> {
  const sts = await startSts({ principals: [dev] });
  const { gate } = ended(
    t,
    await startPracticeGate({
      stsRoute: sts.route,
      before: (dir) => writeFileSync(join(dir, 'aws-auth.yaml'), mapOf('Dev')),
      authentication: { awsIAM: { clusterID: 'prod', mapFile: 'aws-auth.yaml', stsRegions: ['eu-west-1'] } },
    }),
  );
  t.teardown(() => sts.close());
  const signed = presign({ credentials: dev, clusterID: 'prod', region: 'eu-west-1', now: Date.now() });
  return { gate, credential: { token: tokenOf(signed) } };
}

const MAPPED = /because its AWS identity is mapped to somebody else now, or to nobody/;
for (const [what, map, detail] of [
  ['to nobody', mapOf('Other'), /is neither mapped nor of a mapped account/],
  ['to another user', mapOf('Dev', 'other'), /the map gives another user/],
  ['to other groups', mapOf('Dev', undefined, '[engineers, more]'), /the map gives another user/],
  ['to a name of the system', mapOf('Dev', 'system:dev'), /begins with system:/],
] as const)
  t.test(`the map of AWS changes ${what}: seen when the file changes`, async (t) => {
    const { gate, credential } = await startForAws(t);
    const change = () => writeFileSync(join(gate.dir, 'aws-auth.yaml'), map);
    await endsBy(t, gate, credential, change, { told: MAPPED, detail });
  });

t.test('a change of the map that is about somebody else takes nobody away', async (t) => {
  const { gate, credential } = await startForAws(t);
  const session = await openWebSocket(gate, credential);
  writeFileSync(join(gate.dir, 'aws-auth.yaml'), `${mapOf('Dev')}mapAccounts: ["444455556666"]\n`);
  t.ok(gate.gate.reload());
  t.equal(session.websocket.readyState, WebSocket.OPEN);
  t.equal(session.heard[3], undefined);
  session.websocket.close();
});

for (const [what, awsIAM, expected] of [
  [
    'is removed',
    undefined,
    { told: /because identities of AWS are not accepted any more/, detail: /identities of AWS/ },
  ],
  [
    'has another clusterID',
    { clusterID: 'other', mapFile: 'aws-auth.yaml', stsRegions: ['eu-west-1'] },
    { told: /no longer accepts who opened it/, detail: /awsIAM\.clusterID is another one now/ },
  ],
] as const)
  t.test(`awsIAM ${what}`, async (t) => {
    const { gate, credential } = await startForAws(t);
    await endsBy(t, gate, credential, () => reconfigure(gate, { awsIAM }), expected);
  });

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
