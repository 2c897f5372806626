// Session tickets: good within the hour, under the same client authorities, at this gate only; afterwards a handshake is a full one, and never fails for it.
// Keys change by a timer that the test moves.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { TICKET_KEY_LIFETIME_MS } from '../../src/tickets.ts';
import { startTestGate, type TestGateOptions } from '../fakes/gate.ts';
import { openSession, startEcho } from '../fakes/sessions.ts';
import { makeTime } from '../fakes/time.ts';
import { type Visit, visit } from './resume.ts';
import { askOver } from './sclient.ts';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
type Version = (typeof VERSIONS)[number];

async function setUp(t: Test, options: Partial<TestGateOptions> = {}) {
  const upstream = await startEcho();
  const time = makeTime();
  const gate = await startTestGate({
    upstreams: [{ name: 'prod', upstream }],
    setTicketTimer: time.setTimer,
    ...options,
  });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const come = (version: Version, session?: Buffer): Promise<Visit> =>
    visit(gate.port, { ca: gate.ca.certPem, minVersion: version, maxVersion: version }, session);
  return { gate, time, come };
}

for (const version of VERSIONS) {
  t.test(`${version}: resumed within the hour, a full handshake after it, once`, async (t) => {
    const { time, come } = await setUp(t);
    const first = await come(version);
    t.equal(first.resumed, false);
    const second = await come(version, first.session);
    t.equal(second.resumed, true);
    time.advance(TICKET_KEY_LIFETIME_MS - 1);
    t.equal((await come(version, second.session)).resumed, true, 'a moment before the hour is over');
    time.advance(1);
    const anew = await come(version, second.session);
    t.equal(anew.resumed, false, 'sealed with the key before: a full handshake, and an answer');
    t.equal((await come(version, anew.session)).resumed, true, 'the new ticket is good');
    time.advance(2 * TICKET_KEY_LIFETIME_MS);
    t.equal((await come(version, second.session)).resumed, false, 'three keys ago');
    t.equal((await come(version, anew.session)).resumed, false, 'two keys ago');
  });

  t.test(
    `${version}: another certificate takes nobody's session away, and does not stop the changes of keys`,
    async (t) => {
      const { gate, time, come } = await setUp(t);
      const first = await come(version);
      const next = await gate.ca.issue({ commonName: 'postern', ipAddresses: ['127.0.0.1'] });
      writeFileSync(join(gate.dir, 'tls.crt'), next.certPem);
      writeFileSync(join(gate.dir, 'tls.key'), next.keyPem);
      t.equal(gate.gate.reload(), true);
      const second = await come(version, first.session);
      t.equal(second.resumed, true);
      time.advance(TICKET_KEY_LIFETIME_MS);
      t.equal((await come(version, second.session)).resumed, false);
      t.equal(gate.gate.reload(), true);
      t.equal(
        (await come(version, second.session)).resumed,
        false,
        'a reload does not bring an old key back',
      );
    },
  );

  t.test(
    `${version}: other client authorities do: who was verified by the old ones shakes hands anew`,
    async (t) => {
      const [old, next] = [await makeCA('old clients'), await makeCA('next clients')];
      const { gate, come } = await setUp(t, {
        before: (dir) => writeFileSync(join(dir, 'clients.crt'), old.certPem),
        listen: { clientCAFile: 'clients.crt' },
        authentication: { clientCertificates: { enabled: true } },
      });
      const first = await come(version);
      const second = await come(version, first.session);
      t.equal(second.resumed, true);
      writeFileSync(join(gate.dir, 'clients.crt'), next.certPem);
      t.equal(gate.gate.reload(), true);
      t.equal((await come(version, second.session)).resumed, false);
    },
  );

  t.test(
    `${version}: a ticket that was tampered with, or is another gate's, is a full handshake`,
    async (t) => {
      const { come } = await setUp(t);
      const other = await setUp(t);
      const first = await come(version);
      // RFC 5077 §4: the key's name, the initialisation vector, what is sealed, and the MAC.
      const { ticket } = first;
      const begin = first.session.indexOf(ticket);
      t.ok(begin > 0 && ticket.length > 100, 'the ticket was found');
      for (const [part, at] of Object.entries({ name: 0, vector: 16, sealed: 60, MAC: ticket.length - 1 })) {
        const bent = Buffer.from(first.session);
        bent.writeUInt8(bent.readUInt8(begin + at) ^ 1, begin + at);
        t.equal((await come(version, bent)).resumed, false, part);
      }
      t.equal((await come(version, first.session)).resumed, true, 'untouched it is good');
      t.equal((await other.come(version, first.session)).resumed, false, 'keys are in memory only');
    },
  );
}

t.test('a session that is open stays through changes of keys', async (t) => {
  const { gate, time } = await setUp(t);
  const session = await openSession(gate);
  for (let hours = 0; hours < 30; hours++) time.advance(TICKET_KEY_LIFETIME_MS);
  await session.say('still here');
  session.socket.end();
});

t.test('callers are told how long a ticket is good for', async (t) => {
  const { gate } = await setUp(t);
  for (const version of ['-tls1_2', '-tls1_3'])
    t.match(await askOver(gate.port, [version]), /lifetime hint: 3600 \(seconds\)/, version);
});
