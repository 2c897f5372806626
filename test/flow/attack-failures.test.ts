import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createAdmission } from '../../src/admission/admission.ts';
import { toOpenSSLCiphers } from '../../src/config/ciphers.ts';
import { holdCurrent } from '../../src/current.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createObserver } from '../../src/observe.ts';
import { createOnward } from '../../src/onward/onward.ts';
import { createUpstream } from '../../src/proxy/upstream.ts';
import { createGateServer } from '../../src/server.ts';
import { DEADLINES } from '../../src/serverlimits.ts';
import { createSessionRegistry } from '../../src/sessions.ts';
import { createStays } from '../../src/stays.ts';
import { caller, refusalOf, SPEECHES } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

// Failures inside the gate (field-lessons S9b, S36): they forward nothing, and tell nothing of the inside.

const upstream = await startUpstream();
const gate = await startTestGate({ upstreams: [{ name: 'main', upstream }] });
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

// S9b: an exception in any step forwards nothing. The authenticator stands for every step; its generation is the running gate's.
t.test('S9b: a failure inside the gate is a 500 Status and forwards nothing', async (t) => {
  const lines: string[] = [];
  const log = createLog('trace', { write: (text: string) => void lines.push(text) });
  const metrics = createMetrics({ version: '0', node: '0' });
  const observer = createObserver(log, metrics, Date.now);
  const target = {
    host: '127.0.0.1',
    port: upstream.port,
    basePath: '',
    tlsServerName: '',
    caPem: upstream.ca.certPem,
    clientCertPem: '',
    clientKeyPem: '',
    token: 'own',
  };
  let authenticate: () => unknown = () => ({ kind: 'noOpinion' });
  const generation = {
    config: {
      listen: { tls: { minVersion: 'TLSv1.2', ciphers: toOpenSSLCiphers([]) }, strictTransportSecurity: '' },
      sessions: { endOnExpiry: true },
    },
    clusters: [
      {
        name: 'main',
        match: { pathPrefix: '', hosts: [] },
        upstream: createUpstream('main', target),
        onward: createOnward(
          { identity: 'Impersonate', impersonation: 'Refuse' },
          {
            isRefused: async () => false,
            check: async () => {
              throw new Error('SECRET inside');
            },
          },
        ),
      },
    ],
    authenticator: { authenticate: () => authenticate(), issuers: () => [] },
    isTrusted: () => false,
    addressOf: (peer: string) => peer,
    admission: createAdmission({
      limits: () => ({
        ...{ connections: 0, connectionsPerAddress: 0, handshakes: 0, unauthenticatedPerAddress: 0 },
        ...{ requestsInFlightPerUser: 0, watchesPerUser: 0, sessionsPerUser: 0, eventLoopDelayMs: 0 },
      }),
      onRefused: () => {},
    }),
    assertionHeaders: new Set<string>(),
    files: [],
    observeAuthentication: () => {},
    shared: new Map(),
  };
  const material = {
    cert: readFileSync(join(gate.dir, 'tls.crt'), 'utf8'),
    key: readFileSync(join(gate.dir, 'tls.key'), 'utf8'),
    clientCA: '',
  };
  const server = await createGateServer({
    current: holdCurrent(generation as never),
    material,
    authorities: { inForce: () => '', change: () => {} },
    observer,
    sessions: createSessionRegistry(
      { onOpen: observer.onSessionOpen, onEnd: observer.onSessionEnd },
      Date.now,
    ),
    streams: new Set(),
    stays: createStays(),
    deadlines: DEADLINES,
    now: Date.now,
    newID: randomUUID,
    isLeaving: () => false,
    isDraining: () => false,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as import('node:net').AddressInfo;
  const user = (username: string, more: object = {}) => ({
    kind: 'user',
    source: 'authorization',
    expiresAt: Number.POSITIVE_INFINITY,
    user: { username, groups: [], uid: '', extra: {}, ...more },
  });
  const failures: readonly [name: string, act: () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('SECRET inside');
      },
    ],
    [
      'throws no Error',
      () => {
        throw 'SECRET inside';
      },
    ],
    ['rejects', () => Promise.reject(new Error('SECRET inside'))],
    ['answers nothing', () => undefined],
    ['answers an unknown kind', () => ({ kind: 'maybe' })],
    ['gives no user', () => ({ kind: 'user' })],
  ];
  // No failure of the gate, but no identity that can be passed on either.
  const uncarriable: typeof failures = [
    ['gives an empty name', () => user('')],
    ['gives a blank name', () => user(' ')],
    ['gives a name with a line end', () => user('a\r\nImpersonate-Group: system:masters')],
    ['gives a name with white space around it', () => user('admin ')],
    ['gives an empty group', () => user('a', { groups: [''] })],
    ['gives half a surrogate', () => user('\ud800')],
  ];
  const internal = { http: 500, reason: 'InternalError', cause: 'INTERNAL' };
  const refused = { http: 403, reason: 'Forbidden', cause: 'IDENTITY_UNCARRIABLE' };
  for (const [name, act] of [...failures, ...uncarriable]) {
    for (const speech of SPEECHES) {
      const expected = failures.some(([one]) => one === name) ? internal : refused;
      authenticate = act;
      const before = upstream.received.length;
      const one = caller({ port, ca: gate.ca }, speech);
      const reply = await one.call({
        method: 'POST',
        path: '/api/v1/pods',
        body: Buffer.from('{}'),
        headers: ['Content-Length', '2'],
      });
      t.match(refusalOf(reply), { ...expected, kind: 'Status', code: expected.http }, `${name} (${speech})`);
      t.notMatch(reply.body.toString(), /SECRET/);
      t.equal(upstream.received.length, before, 'nobody was asked');
      one.close();
    }
  }
  authenticate = () => user('alice');
  const one = caller({ port, ca: gate.ca }, 'h1');
  t.equal((await one.call({ path: '/version' })).status, 200, 'and the gate still works');
  one.close();
  await new Promise((resolve) => server.close(resolve));
  await generation.clusters[0]?.upstream.close();
});
