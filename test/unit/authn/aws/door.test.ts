// The door for identities of AWS against a local STS that verifies signatures: who comes in, who is refused, and what STS may do wrong.
import type { IncomingMessage, ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { createAwsDoor, STRANGERS } from '../../../../src/authn/aws/door.ts';
import { MAX_ANSWER_BYTES, STS_TIMEOUT_MS } from '../../../../src/authn/aws/sts.ts';
import { stsHostsOf } from '../../../../src/config/aws/partitions.ts';
import type { AwsIAMConfig } from '../../../../src/config/config.ts';
import { makeSession, makeUser } from '../../../fakes/principals.ts';
import { presign, tokenOf } from '../../../fakes/sigv4.ts';
import { type Principal, startSts } from '../../../fakes/sts.ts';
import { makeTime } from '../../../fakes/time.ts';

const dev = makeSession('Dev', 'jo@example.com');
const stranger = makeUser('stranger');
const ADDRESS = '192.0.2.1';
const china = makeSession('Dev', 'jo', { partition: 'aws-cn' });

async function open(t: Test, over: Partial<AwsIAMConfig> = {}) {
  const time = makeTime();
  const sts = await startSts({ principals: [dev, stranger, china], now: time.clock.now });
  const config: AwsIAMConfig = {
    clusterID: 'prod',
    mapFile: '',
    map: {
      mappings: [
        { arn: `arn:aws:iam::${dev.account}:role/dev`, username: 'dev:{{SessionName}}', groups: ['g'] },
      ],
      accounts: [],
    },
    stsHosts: ['eu-west-1', 'cn-north-1'].flatMap(stsHostsOf),
    systemIdentities: 'Refuse',
    ...over,
  };
  const door = createAwsDoor(config, { ...time, stsRoute: sts.route });
  t.teardown(async () => {
    await door.close();
    await sts.close();
  });
  const make = (credentials: Principal, more: Partial<Parameters<typeof presign>[0]> = {}) =>
    tokenOf(presign({ credentials, clusterID: 'prod', region: 'eu-west-1', now: time.clock.now(), ...more }));
  return {
    door,
    sts,
    time,
    make,
    judge: async (token: string, address = ADDRESS) => (await door.judge(token, { address })).outcome,
  };
}

t.test('it takes what says that it is of AWS, and nothing else', async (t) => {
  const { door } = await open(t);
  t.ok(door.takes('k8s-aws-v1.x'));
  for (const token of ['k8s-aws-v2.x', 'K8S-AWS-V1.x', 'a.b.c', '']) t.notOk(door.takes(token), token);
});

t.test('a mapped identity comes in until the token ends', async (t) => {
  const { sts, time, make, judge } = await open(t);
  const now = Math.floor(time.clock.now() / 1000) * 1000;
  t.match(await judge(make(dev)), {
    kind: 'user',
    source: 'aws',
    expiresAt: now + 15 * 60_000,
    user: { username: 'dev:jo-example.com', groups: ['g'] },
  });
  t.equal(sts.asked.length, 1);
  t.match(sts.asked[0], {
    host: 'sts.eu-west-1.amazonaws.com',
    headers: { accept: 'application/json', 'x-k8s-aws-id': 'prod' },
  });
});

for (const [name, token] of [
  ['for another cluster', (make: Make) => make(dev, { clusterID: 'test' })],
  ['signed with another secret', (make: Make) => make({ ...dev, secretKey: 'other' })],
  ['with a session token that is not its own', (make: Make) => make({ ...dev, sessionToken: 'x' })],
  ['of keys that AWS does not know', (make: Make) => make(makeUser('unknown'))],
] as const)
  t.test(`STS refuses a token ${name}; it is remembered briefly`, async (t) => {
    const { door, make } = await open(t);
    const { outcome, isCurrent } = await door.judge(token(make), { address: ADDRESS });
    t.match(outcome, {
      kind: 'rejected',
      code: 'AWS_TOKEN_REFUSED',
      detail: /^STS answered 403 "/,
      source: 'aws',
    });
    t.equal(isCurrent?.(), true);
  });

t.test('its refusal may be XML, the form of the API itself', async (t) => {
  const { sts, make, judge } = await open(t);
  const body =
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n' +
    '    <Code>ExpiredToken</Code>\n    <Message>x</Message>\n  </Error>\n</ErrorResponse>';
  sts.setAnswer(json(403, body));
  t.match(await judge(make(dev)), { code: 'AWS_TOKEN_REFUSED', detail: 'STS answered 403 "ExpiredToken"' });
  sts.setAnswer(json(400, body.replace('ExpiredToken', 'Throttling')));
  t.match(await judge(make(dev)), { kind: 'unavailable' });
});

type Make = (credentials: Principal, more?: Partial<Parameters<typeof presign>[0]>) => string;

t.test('a good identity that nobody mapped is refused', async (t) => {
  const { make, judge } = await open(t);
  t.match(await judge(make(stranger)), {
    kind: 'rejected',
    code: 'AWS_IDENTITY_UNMAPPED',
    detail: /user\/stranger/,
  });
});

t.test('a token that is none asks nobody', async (t) => {
  const { sts, time, make, judge } = await open(t);
  t.match(await judge(make(dev, { region: 'us-east-1' })), {
    code: 'AWS_TOKEN_MALFORMED',
    detail: /stsRegions/,
  });
  t.match(await judge('k8s-aws-v1.x'), { code: 'AWS_TOKEN_MALFORMED' });
  t.match(await judge(make(dev, { now: time.clock.now() - 15 * 60_000 })), { code: 'TOKEN_EXPIRED' });
  t.equal(sts.asked.length, 0);
});

const json = (status: number, body: unknown) => (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};
const identityOf = (result: object) => ({ GetCallerIdentityResponse: { GetCallerIdentityResult: result } });
const good = { Account: dev.account, Arn: dev.arn, UserId: dev.userID };
const error = (code: string) => ({ Error: { Code: code, Message: 'x', Type: 'Sender' }, RequestId: 'x' });

// None of these says anything about the caller: 503, never 401, and nobody comes in.
for (const [name, answer] of [
  [
    'a redirect',
    (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(302, { location: 'https://evil.example/' }).end(),
  ],
  ['an error of its own', json(500, error('InternalFailure'))],
  ['unavailability', json(503, error('ServiceUnavailable'))],
  ['throttling', json(400, error('Throttling'))],
  ['too many requests', json(429, error('TooManyRequestsException'))],
  ['403 from something else on the way', json(403, '<html>blocked</html>')],
  ['404', json(404, error('NotFound'))],
  ['XML', json(200, '<GetCallerIdentityResponse/>')],
  ['nothing', json(200, '')],
  ['null', json(200, 'null')],
  ['another shape', json(200, good)],
  ['no account', json(200, identityOf({ Arn: dev.arn, UserId: dev.userID }))],
  ['an account that is no text', json(200, identityOf({ ...good, Account: 111122223333 }))],
  ['another account than the ARN', json(200, identityOf({ ...good, Account: '999999999999' }))],
  ['an ARN that is none', json(200, identityOf({ ...good, Arn: 'arn:aws:iam::x' }))],
  ['an ARN of another partition', json(200, identityOf({ ...good, Arn: china.arn, UserId: china.userID }))],
  ['another session than the user id', json(200, identityOf({ ...good, UserId: 'AROAX:other' }))],
  ['a user id without a session', json(200, identityOf({ ...good, UserId: 'AROAX' }))],
  [
    'more than is read',
    json(200, JSON.stringify(identityOf({ ...good, More: 'x'.repeat(MAX_ANSWER_BYTES) }))),
  ],
  ['the end of the connection', (request: IncomingMessage) => void request.socket.destroy()],
] as const)
  t.test(`when STS answers with ${name}, it can't be told`, async (t) => {
    const { door, sts, make } = await open(t);
    sts.setAnswer(answer);
    const { outcome, isCurrent } = await door.judge(make(dev), { address: ADDRESS });
    t.match(outcome, { kind: 'unavailable', source: 'aws' });
    t.equal(isCurrent, undefined, 'not remembered');
    t.equal(sts.asked.length, 1, 'asked once');
    sts.setAnswer(undefined);
    t.match(
      (await door.judge(make(dev), { address: ADDRESS })).outcome,
      { kind: 'user' },
      'and again when it answers',
    );
  });

t.test('an answer that does not come is not waited for', async (t) => {
  const { sts, time, make, judge } = await open(t);
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  sts.setAnswer(() => resolve());
  const outcome = judge(make(dev));
  await asked;
  time.advance(STS_TIMEOUT_MS);
  t.match(await outcome, { kind: 'unavailable', cause: /no complete answer/ });
});

t.test('a server that is not STS is not told the token', async (t) => {
  const { make } = await open(t);
  const other = await startSts({ principals: [dev], hosts: ['evil.example'] });
  t.teardown(() => other.close());
  const known = await open(t);
  const route = { ...other.route };
  const door = createAwsDoor(
    {
      clusterID: 'prod',
      mapFile: '',
      map: { mappings: [], accounts: [] },
      stsHosts: stsHostsOf('eu-west-1'),
      systemIdentities: 'Refuse',
    },
    { stsRoute: route },
  );
  t.teardown(() => door.close());
  t.match(
    (await door.judge(make(dev), { address: ADDRESS })).outcome,
    { kind: 'unavailable' },
    'its certificate is for another name',
  );
  const untrusted = createAwsDoor(
    {
      clusterID: 'prod',
      mapFile: '',
      map: { mappings: [], accounts: [] },
      stsHosts: stsHostsOf('eu-west-1'),
      systemIdentities: 'Refuse',
    },
    { stsRoute: { ...known.sts.route, certificateAuthority: other.ca } },
  );
  t.teardown(() => untrusted.close());
  t.match(
    (await untrusted.judge(make(dev), { address: ADDRESS })).outcome,
    { kind: 'unavailable' },
    'its certificate is of another authority',
  );
  t.equal(other.asked.length + known.sts.asked.length, 0);
});

t.test(
  'tokens of unknown keys are asked for so often from one address, those of known ones go on',
  async (t) => {
    const { sts, time, make, judge } = await open(t);
    t.match(await judge(make(dev)), { kind: 'user' });
    for (let count = 0; count < STRANGERS.each.burst; count++)
      t.match(await judge(make(makeUser('unknown'))), { code: 'AWS_TOKEN_REFUSED' });
    t.match(await judge(make(makeUser('unknown'))), { kind: 'unavailable', cause: /from this address/ });
    t.equal(sts.asked.length, 1 + STRANGERS.each.burst, 'the good one was paid back');
    t.match(await judge(make(dev)), { kind: 'user' }, 'a known key');
    t.match(await judge(make(stranger), '192.0.2.2'), { code: 'AWS_IDENTITY_UNMAPPED' }, 'another address');
    time.advance(STRANGERS.each.refillMs);
    t.match(await judge(make(stranger)), { code: 'AWS_IDENTITY_UNMAPPED' }, 'and in a moment another');
  },
);

t.test('from all addresses together there is an end, too', async (t) => {
  const { sts, time, make, judge } = await open(t);
  const token = make(makeUser('unknown'));
  const { burst, refillMs } = STRANGERS.all;
  for (let count = 0; count < burst; count++)
    t.match(await judge(token, `192.0.2.${count % 25}`), { code: 'AWS_TOKEN_REFUSED' });
  t.match(await judge(token, '198.51.100.1'), { kind: 'unavailable', cause: /from all addresses/ });
  t.equal(sts.asked.length, burst);
  time.advance(refillMs);
  t.match(await judge(token, '198.51.100.1'), { code: 'AWS_TOKEN_REFUSED' });
});
