import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { attempt, openRaw, requestText } from './caller.ts';
import { forwarded, marker } from './cases.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';

// S10: Expect. The body is asked for only by a request that was let in, once, and the line ends at the gate.

const facts = recordFacts('attack-smuggling-expect');
const ground = await startGround(t);
const { gate, auth } = ground;

const hiddenRequest = (hidden: string) => requestText(`GET /${hidden} HTTP/1.1`, ['Host: x', auth]);

await facts.attack(
  'S10',
  'Expect: 100-continue of a request that is refused gets no 100, and its body is no request',
  async (t) => {
    const hidden = marker();
    const got = await ground.reachesNobody(t, hidden, () => {
      const body = hiddenRequest(hidden);
      return attempt(
        gate,
        requestText(
          'POST /first HTTP/1.1',
          ['Host: x', 'Expect: 100-continue', `Content-Length: ${body.length}`],
          body,
        ),
      );
    });
    t.same(
      got.answers.map(({ status }) => status),
      [401],
    );
    t.equal(got.rest.length, 0);
  },
);

for (const expectation of ['100-continue', '100-CONTINUE'])
  await facts.attack(
    'S10',
    `Expect: ${expectation} is answered here, once, and is not passed on`,
    async (t) => {
      const { requests } = await forwarded(ground, async () => {
        const caller = await openRaw(gate);
        await caller.send(
          requestText('POST /first HTTP/1.1', [
            'Host: x',
            auth,
            `Expect: ${expectation}`,
            'Content-Length: 5',
          ]),
        );
        await caller.until((bytes) => bytes.includes('100 Continue\r\n\r\n'));
        await caller.send('hello');
        t.same(
          (await caller.answers(1)).map(({ status }) => status),
          [200],
        );
        t.equal(caller.heard.toString('latin1').split('100 Continue').length, 2);
        caller.reset();
      });
      t.same(
        requests.map(({ body }) => body.toString()),
        ['hello'],
      );
      t.same(valuesIn(requests[0]?.lines ?? [], 'expect'), []);
    },
  );

await facts.attack(
  'S10',
  'Expect: 100-continue from HTTP/1.0, which would take a 100 for the answer, is ignored (RFC 9110 §10.1.1)',
  async (t) => {
    const { result, requests } = await forwarded(ground, () =>
      attempt(
        gate,
        requestText(
          'POST /first HTTP/1.0',
          ['Host: x', auth, 'Expect: 100-continue', 'Content-Length: 5'],
          'hello',
        ),
      ),
    );
    t.same(
      result.answers.map(({ status }) => status),
      [200],
    );
    t.same(
      requests.map(({ body }) => body.toString()),
      ['hello'],
    );
  },
);

for (const expectation of ['200-ok', '100-continue, x', 'x=y', '100-continue\r\nExpect: 100-continue'])
  await facts.attack(
    'S10',
    `Expect: ${JSON.stringify(expectation)} is refused or answered once, and never passed on`,
    async (t) => {
      const { result, requests } = await forwarded(ground, () =>
        attempt(
          gate,
          requestText(
            'POST /first HTTP/1.1',
            ['Host: x', auth, 'Connection: close', `Expect: ${expectation}`, 'Content-Length: 5'],
            'hello',
          ),
        ),
      );
      const finals = result.answers.filter(({ status }) => status >= 200);
      t.equal(finals.length, 1);
      t.equal(requests.length, finals[0]?.status === 200 ? 1 : 0);
      for (const { lines } of requests) t.same(valuesIn(lines, 'expect'), []);
    },
  );
