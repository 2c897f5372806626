import t from 'tap';
import { caller } from '../fakes/caller.ts';
import { recordFacts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt, requestText } from './caller.ts';
import { startDecoy } from './decoy.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';
import type { Script } from './upstream.ts';

// S3 (CVE-2020-8559, CVE-2018-1002102, CVE-2022-3172): a redirect is never followed, whoever sends it, and no credential goes where it points. A real
// listener is at the address of each Location; nobody ever connects to it.

const facts = recordFacts('attack-redirects');
const ground = await startGround(t);
const { gate, upstream, auth, token } = ground;

const { port, dialled } = await startDecoy();

const locations: readonly string[] = [
  `https://127.0.0.1:${port}/api`,
  `http://127.0.0.1:${port}/api`,
  `//127.0.0.1:${port}/api`,
  `https://user:pass@127.0.0.1:${port}/`,
  `https://127.0.0.1:${upstream.port}/api/v1/secrets`,
  '/api/v1/secrets',
];
const statuses = [300, 301, 302, 303, 305, 307, 308];
const redirect = (status: number, location: string) =>
  `HTTP/1.1 ${status} There\r\nLocation: ${location}\r\nContent-Location: ${location}\r\nRefresh: 0;url=${location}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
const redirecting =
  (status: number, location: string): Script =>
  async (connection) => {
    await connection.request();
    await connection.write(redirect(status, location));
  };

for (const status of statuses)
  for (const location of locations) {
    const where = location.replaceAll(String(port), 'PORT').replaceAll(String(upstream.port), 'UPSTREAM');
    for (const method of ['GET', 'POST'])
      await facts.attack(
        'S3',
        `${status} to ${where} for a ${method} is the caller's to see, and nobody follows it`,
        async (t) => {
          const before = upstream.accepted();
          upstream.plan(redirecting(status, location));
          const got = await attempt(
            gate,
            requestText(`${method} /api/v1/pods HTTP/1.1`, [
              'Host: x',
              auth,
              'Connection: close',
              'Content-Length: 0',
            ]),
          );
          t.same(
            got.answers.map((one) => one.status),
            [status],
          );
          t.same(valuesIn(got.answers[0]?.lines ?? [], 'location'), [location]);
          await ground.settle();
          t.equal(upstream.accepted() - before, 2, 'one connection, and the settling one');
          t.equal(dialled(), 0);
        },
      );
    await facts.attack(
      'S3',
      `${status} to ${where} for an upgrade is a 502, without its Location`,
      async (t) => {
        const before = upstream.accepted();
        upstream.plan(redirecting(status, location));
        const got = await attempt(
          gate,
          requestText('POST /api/v1/namespaces/n/pods/p/exec?command=sh HTTP/1.1', [
            'Host: x',
            auth,
            'Connection: Upgrade',
            'Upgrade: SPDY/3.1',
          ]),
        );
        t.match(got.answers.map(refusalIn), [{ status: 502, cause: 'UPGRADE_INVALID_RESPONSE' }]);
        t.notMatch(got.bytes.toString('latin1'), /location|refresh/i);
        await ground.settle();
        t.equal(upstream.accepted() - before, 2);
        t.equal(dialled(), 0);
      },
    );
  }

await facts.attack('S3', 'over HTTP/2, too', async (t) => {
  const session = caller(ground.place, 'h2');
  for (const location of locations) {
    upstream.plan(redirecting(307, location));
    const reply = await session.call({
      method: 'POST',
      path: '/api/v1/pods',
      headers: ['authorization', `Bearer ${token}`],
    });
    t.equal(reply.status, 307);
    t.same(valuesIn(reply.rawHeaders, 'location'), [location]);
  }
  session.close();
  await ground.settle();
  t.equal(dialled(), 0);
});
