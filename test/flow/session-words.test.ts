import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { makeCA } from '../../src/certificates.ts';
import { LAST_FRAME_MS } from '../../src/upgrade/parting.ts';
import { openSpdy, openWebSocket, EXEC_PATH as PATH } from '../fakes/execs.ts';
import { startTestGate } from '../fakes/gate.ts';
import { type PracticeGate, startPracticeGate } from '../fakes/practicegate.ts';
import { openWatch, upgradeHead } from '../fakes/sessions.ts';
import { clockBefore } from '../fakes/time.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { readAll } from '../unit/practice/stream/callers.ts';

// The last word of a session that the gate ends, from the caller's end: over real WebSockets and SPDY, with the practice API server behind the
// gate; and byte for byte where the gate meets the middle of a frame.

const otherAuthority = await makeCA('another');
const EXP = Math.floor(Date.now() / 1000) + 300;

async function setUp(t: Test, options: Parameters<typeof startPracticeGate>[0] = {}): Promise<PracticeGate> {
  const started = await startPracticeGate(options);
  t.teardown(() => started.stop());
  return started;
}

const isSessionEnd = (line: Record<string, unknown>) => line['msg'] === 'session ended';

for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'])
  t.test(`the token ends: a Status on channel 3 of ${protocol}, then close 1000`, async (t) => {
    const clock = clockBefore(EXP * 1000);
    const { gate } = await setUp(t, { now: clock.now });
    const one = await openWebSocket(gate, { token: await gate.token({ exp: EXP }) }, protocol);
    await one.until(1, 'waiting\n');
    clock.reach();
    t.equal(await one.closed, 1000);
    t.match(JSON.parse(one.heard[3] ?? ''), {
      kind: 'Status',
      status: 'Failure',
      reason: 'Unauthorized',
      code: 401,
      message: /^the session has ended because the credential that opened it has ended/,
      details: { causes: [{ reason: 'SESSION_EXPIRED' }] },
    });
    t.match(await gate.logged(isSessionEnd), { end: 'expired' });
    t.equal(
      await gate.metric(
        'postern_sessions_total{cluster="practice",kind="exec",protocol="websocket",end="expired"}',
      ),
      1,
    );
  });

t.test('the token ends: a Status on the error stream of SPDY, and every stream ends', async (t) => {
  const clock = clockBefore(EXP * 1000);
  const { gate } = await setUp(t, { now: clock.now });
  const { session, error, stdout, stderr } = await openSpdy(gate, { token: await gate.token({ exp: EXP }) });
  clock.reach();
  const [told, output] = await Promise.all([readAll(error), readAll(stdout), readAll(stderr)]);
  t.match(JSON.parse(String(told)), {
    status: 'Failure',
    code: 401,
    message: /the credential that opened it/,
  });
  t.equal(String(output), 'waiting\n');
  await session.closed;
  t.match(await gate.logged(isSessionEnd), { end: 'expired', protocol: 'spdy' });
});

t.test('sessions.maxDuration, and the drain', async (t) => {
  const { gate } = await setUp(t, { config: { sessions: { maxDuration: '1s', drainTimeout: '0s' } } });
  const one = await openWebSocket(gate, { token: await gate.token() });
  await one.closed;
  t.match(JSON.parse(one.heard[3] ?? ''), { code: 403, message: /reached a limit of this gate/ });
  const two = await openWebSocket(gate, { token: await gate.token() });
  const stopped = gate.gate.stop();
  t.equal(await two.closed, 1000);
  t.match(JSON.parse(two.heard[3] ?? ''), { code: 503, message: /Postern is shutting down/ });
  await stopped;
});

// What a reload takes away. [what, the change of the entry, the log's words]
const taken: readonly (readonly [
  string,
  (entry: Record<string, unknown>) => Record<string, unknown> | undefined,
  RegExp,
])[] = [
  ['the issuer', () => undefined, /its issuer is configured no more/],
  [
    'the audience',
    (entry) => ({ ...entry, issuer: { ...(entry['issuer'] as object), audiences: ['other'] } }),
    /audience is/,
  ],
  [
    'the name',
    (entry) => ({ ...entry, claimMappings: { username: { claim: 'sub', prefix: '' } } }),
    /give another user/,
  ],
  [
    'a claim that everybody needs now',
    (entry) => ({ ...entry, claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }] }),
    /"hd" is missing/,
  ],
  [
    "the authority of the issuer's certificate",
    (entry) => ({
      ...entry,
      issuer: { ...(entry['issuer'] as object), certificateAuthority: otherAuthority.certPem },
    }),
    /authority by which its issuer's keys were fetched is trusted no more/,
  ],
  [
    "the address of the issuer's keys",
    (entry) => ({ ...entry, jwksURL: 'https://127.0.0.1:1/keys' }),
    /keys are at another address now/,
  ],
  [
    'the algorithm',
    (entry) => ({ ...entry, signingAlgorithms: ['PS512'] }),
    /its algorithm RS256 is accepted no more/,
  ],
];

for (const [what, change, why] of taken)
  t.test(`a reload takes away ${what}: sessions and watches end, and say why`, async (t) => {
    const { gate } = await setUp(t);
    const token = await gate.token();
    const socket = await openWebSocket(gate, { token });
    const spdy = await openSpdy(gate, { token });
    const told = readAll(spdy.error);
    const watch = await openWatch(gate, '/api/v1/namespaces/default/pods?watch=1', token);
    const [entry] = (gate.config['authentication'] as { jwt: Record<string, unknown>[] }).jwt;
    const changed = change(entry ?? {});
    gate.writeConfig({ ...gate.config, authentication: { jwt: changed === undefined ? [] : [changed] } });
    t.ok(gate.gate.reload());
    t.equal(await socket.closed, 1000);
    t.match(JSON.parse(socket.heard[3] ?? ''), {
      code: 403,
      details: { causes: [{ reason: 'SESSION_REVOKED' }] },
    });
    t.match(JSON.parse(String(await told)), {
      code: 403,
      message: /no longer accepts who opened it|tokens of its issuer are not accepted any more/,
    });
    await watch.reader.until('\r\n0\r\n\r\n');
    watch.close();
    const ofWatch = ({ msg, verb }: Record<string, unknown>) => msg === 'request' && verb === 'watch';
    t.match(await gate.logged(ofWatch), { status: 200, end: 'killed', detail: why });
    await spdy.session.closed;
    t.match(await gate.logged((line) => isSessionEnd(line) && line['protocol'] === 'spdy'), {
      end: 'killed',
      detail: why,
    });
    t.match(await gate.logged(({ msg }) => msg === 'ended what the new configuration does not let in'), {
      ended: 3,
    });
  });

t.test('a rule that a reload brings ends what it denies, and only that', async (t) => {
  const { gate } = await setUp(t);
  const token = await gate.token();
  const exec = await openWebSocket(gate, { token });
  const watch = await openWatch(gate, '/api/v1/namespaces/default/configmaps?watch=1', token);
  const rules = [{ name: 'no-exec', classes: ['interactive'], decision: 'Deny', message: 'Ask us.' }];
  gate.writeConfig({ ...gate.config, authorization: { rules } });
  t.ok(gate.gate.reload());
  t.equal(await exec.closed, 1000);
  t.match(JSON.parse(exec.heard[3] ?? ''), { details: { causes: [{ reason: 'SESSION_REVOKED' }] } });
  t.match(await gate.logged(isSessionEnd), { end: 'killed', detail: 'the rules do not allow it any more' });
  t.notMatch(watch.reader.text(), '\r\n0\r\n\r\n', 'the watch goes on');
  watch.close();
});

t.test('systemIdentities: Refuse ends who speaks for the cluster', async (t) => {
  const { gate } = await setUp(t, { jwt: { systemIdentities: 'Allow' } });
  const system = await openWebSocket(gate, {
    token: await gate.token({ groups: ['engineers', 'system:masters'] }),
  });
  const plain = await openWebSocket(gate, { token: await gate.token() });
  await plain.until(1, 'waiting\n');
  const [entry] = (gate.config['authentication'] as { jwt: object[] }).jwt;
  gate.writeConfig({ ...gate.config, authentication: { jwt: [{ ...entry, systemIdentities: 'Refuse' }] } });
  t.ok(gate.gate.reload());
  t.equal(await system.closed, 1000);
  t.equal(plain.websocket.readyState, WebSocket.OPEN, 'others stay');
  t.equal(plain.heard[3], undefined);
  plain.websocket.close();
});

/** A gate before an upstream that says these bytes after a 101 for v5. `ended` is all that came after the 101. */
async function startRaw(t: Test, speak: (socket: Socket) => void) {
  const upstream = await startUpstream({
    onUpgrade: (_request, socket) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n',
      );
      socket.on('end', () => socket.end());
      speak(socket);
    },
  });
  const gate = await startTestGate({ upstreams: [{ name: 'raw', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const socket = await gate.connect();
  const lines = [`Authorization: Bearer ${await gate.token()}`, 'Sec-WebSocket-Protocol: v5.channel.k8s.io'];
  socket.write(upgradeHead('websocket', PATH, lines));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const body = () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    return end === -1 ? Buffer.alloc(0) : all.subarray(end + 4);
  };
  const ended = once(socket, 'end').then(() => {
    socket.end();
    return body();
  });
  return {
    gate,
    ended,
    /** Resolves when so many bytes have come. */
    received: async (size: number) => {
      while (body().length < size) await once(socket, 'data');
    },
    /** Ends the session as the gate does. */
    endIt: () => {
      for (const session of gate.gate.sessions.open.values())
        session.close('killed', 'a test', '{"why":"a test"}');
    },
  };
}

t.test('in the middle of a frame the word waits for its end, and what follows is not begun', async (t) => {
  const frame = Buffer.concat([Buffer.from([0x82, 126, 1, 44]), randomBytes(300)]);
  const next = Buffer.from([0x82, 5, 1, 1, 2, 3, 4]);
  const upstream = Promise.withResolvers<Socket>();
  const raw = await startRaw(t, (socket) => {
    socket.write(frame.subarray(0, 100));
    upstream.resolve(socket);
  });
  await raw.received(100);
  raw.endIt();
  (await upstream.promise).write(Buffer.concat([frame.subarray(100), next, next]));
  const word = Buffer.concat([
    Buffer.from([0x82, 17, 3]),
    Buffer.from('{"why":"a test"}'),
    Buffer.from([0x88, 2, 3, 0xe8]),
  ]);
  t.same(await raw.ended, Buffer.concat([frame, word]));
  t.match(await raw.gate.logged(isSessionEnd), {
    end: 'killed',
    detail: 'a test',
    bytesDown: frame.length + 2 * next.length,
    // Not what the gate said itself: only what had come and went no further.
    undelivered: { down: 2 * next.length },
  });
});

t.test('a frame that never ends has no last word', async (t) => {
  const part = Buffer.concat([Buffer.from([0x82, 126, 1, 44]), randomBytes(100)]);
  const raw = await startRaw(t, (socket) => void socket.write(part));
  await raw.received(part.length);
  const startedAt = Date.now();
  raw.endIt();
  t.same(await raw.ended, part);
  t.ok(Date.now() - startedAt >= LAST_FRAME_MS - 20);
});

for (const [what, makeBlock] of [
  ['frames', () => Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), randomBytes(65_536)])],
  ['bytes that are no frames', () => randomBytes(65_536)],
] as const)
  t.test(`128 MiB of ${what} arrive as they were sent`, async (t) => {
    const block = makeBlock();
    const sent = createHash('sha256');
    let left = 2048;
    const speak = (socket: Socket) => {
      for (let goesOn = true; goesOn && left > 0; left--) {
        sent.update(block);
        goesOn = socket.write(block);
      }
      if (left === 0) socket.end();
      else socket.once('drain', () => speak(socket));
    };
    const { ended } = await startRaw(t, speak);
    const got = await ended;
    t.equal(got.length, 2048 * block.length);
    t.equal(createHash('sha256').update(got).digest('hex'), sent.digest('hex'));
  });
