import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt, requestText } from './caller.ts';
import { forwarded, isClean, marker, refuses } from './cases.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';

// S10, the other half: bodies that are framed well are forwarded as exactly one request, framed once and in one way, and nothing in them is ever a
// request or a header line. Trailers end at the gate. (Requests of one connection are sent on side by side, and answered in order.)

const facts = recordFacts('attack-smuggling-bodies');
const ground = await startGround(t);
const { gate, auth } = ground;

const hiddenRequest = (hidden: string) => requestText(`GET /${hidden} HTTP/1.1`, ['Host: x', auth]);
const LAST = requestText('GET /last HTTP/1.1', ['Host: x', auth, 'Connection: close']);

interface Good {
  readonly name: string;
  readonly lines: readonly string[];
  readonly sent: string;
  readonly body: string;
  readonly method?: string;
  readonly version?: string;
}

const chunked = ['Transfer-Encoding: chunked'];
const good: readonly Good[] = [
  {
    name: 'a request in the body (CL.0)',
    lines: [`Content-Length: ${hiddenRequest('BODY').length}`],
    sent: hiddenRequest('BODY'),
    body: hiddenRequest('BODY'),
  },
  {
    name: 'a GET with a body that is a request',
    method: 'GET',
    lines: [`Content-Length: ${hiddenRequest('BODY').length}`],
    sent: hiddenRequest('BODY'),
    body: hiddenRequest('BODY'),
  },
  {
    name: 'a DELETE with a body in chunks',
    method: 'DELETE',
    lines: chunked,
    sent: '5\r\nhello\r\n0\r\n\r\n',
    body: 'hello',
  },
  {
    name: 'a request in a chunk',
    lines: chunked,
    sent: `${hiddenRequest('BODY').length.toString(16)}\r\n${hiddenRequest('BODY')}\r\n0\r\n\r\n`,
    body: hiddenRequest('BODY'),
  },
  {
    name: 'a last chunk in a chunk',
    lines: chunked,
    sent: 'a\r\n0\r\n\r\nGET /\r\n0\r\n\r\n',
    body: '0\r\n\r\nGET /',
  },
  {
    name: 'chunked in another case',
    lines: ['TRANSFER-ENCODING: CHUNKED'],
    sent: '5\r\nhello\r\n0\r\n\r\n',
    body: 'hello',
  },
  {
    name: 'chunked behind blanks',
    lines: ['Transfer-Encoding: \t chunked'],
    sent: '5\r\nhello\r\n0\r\n\r\n',
    body: 'hello',
  },
  {
    name: 'chunked without a blank',
    lines: ['Transfer-Encoding:chunked'],
    sent: '5\r\nhello\r\n0\r\n\r\n',
    body: 'hello',
  },
  {
    name: 'a chunk size with leading zeros',
    lines: chunked,
    sent: '0000005\r\nhello\r\n000\r\n\r\n',
    body: 'hello',
  },
  {
    name: 'a chunk size in capitals',
    lines: chunked,
    sent: 'A\r\nhellohello\r\n0\r\n\r\n',
    body: 'hellohello',
  },
  { name: 'chunk extensions', lines: chunked, sent: '5;a=b;c="d e"\r\nhello\r\n0;x\r\n\r\n', body: 'hello' },
  { name: 'a length with leading zeros', lines: ['Content-Length: 005'], sent: 'hello', body: 'hello' },
  { name: 'a length between blanks', lines: ['Content-Length: \t 5 \t'], sent: 'hello', body: 'hello' },
  {
    name: 'a coding spelled with an underscore',
    lines: ['Transfer_Encoding: chunked', 'Content-Length: 5'],
    sent: 'hello',
    body: 'hello',
  },
  {
    name: 'a length spelled with an underscore',
    lines: ['Content_Length: 0', 'Content-Length: 5'],
    sent: 'hello',
    body: 'hello',
  },
  {
    name: 'a body whose lengths are listed as hop-by-hop',
    lines: ['Connection: Content-Length', 'Content-Length: 5'],
    sent: 'hello',
    body: 'hello',
  },
  {
    name: 'a coding that is listed as hop-by-hop',
    lines: ['Connection: Transfer-Encoding', ...chunked],
    sent: '5\r\nhello\r\n0\r\n\r\n',
    body: 'hello',
  },
  {
    name: 'TE: trailers and Trailer',
    lines: ['TE: trailers, chunked', 'Trailer: Impersonate-User', ...chunked],
    sent: '5\r\nhello\r\n0\r\n\r\n',
    body: 'hello',
  },
];

for (const { name, lines, sent, body, method = 'POST' } of good)
  await facts.attack(
    'S10',
    `${name}: one request is forwarded, framed once, and the next is the next`,
    async (t) => {
      const { result, requests } = await forwarded(ground, () =>
        attempt(gate, requestText(`${method} /first HTTP/1.1`, ['Host: x', auth, ...lines], sent) + LAST),
      );
      t.same(
        result.answers.map(({ status }) => status),
        [200, 200],
      );
      t.same(
        requests.map(({ line }) => line).sort(),
        [`${method} /first HTTP/1.1`, 'GET /last HTTP/1.1'].sort(),
      );
      const first = requests.find(({ target }) => target === '/first');
      t.equal(first?.body.toString('latin1'), body);
      const sentOn = first?.lines ?? [];
      t.equal(valuesIn(sentOn, 'content-length').length + valuesIn(sentOn, 'transfer-encoding').length, 1);
      for (const gone of ['te', 'trailer', 'connection']) t.same(valuesIn(sentOn, gone), [], gone);
      isClean(t, ground);
    },
  );

const trailers: readonly (readonly [name: string, lines: readonly string[]])[] = [
  ['identity lines', ['Impersonate-User: HIDDEN', 'Impersonate-Group: HIDDEN', 'X-Remote-User: HIDDEN']],
  ['a credential', ['Authorization: Bearer HIDDEN', 'Cookie: HIDDEN']],
  ['routing lines', ['Host: HIDDEN', 'X-Forwarded-For: HIDDEN']],
  ['a hundred lines', Array.from({ length: 100 }, (_, i) => `X-${i}: HIDDEN`)],
];

for (const [name, lines] of trailers)
  await facts.attack('S10', `trailers that are ${name} end at the gate`, async (t) => {
    const { result, requests } = await forwarded(ground, () =>
      attempt(
        gate,
        requestText(
          'POST /first HTTP/1.1',
          ['Host: x', auth, ...chunked, 'Trailer: X'],
          `5\r\nhello\r\n0\r\n${lines.join('\r\n')}\r\n\r\n`,
        ) + LAST,
      ),
    );
    t.same(
      result.answers.map(({ status }) => status),
      [200, 200],
    );
    t.same(requests.map(({ line }) => line).sort(), ['GET /last HTTP/1.1', 'POST /first HTTP/1.1']);
    t.notOk(ground.upstream.reached('HIDDEN'));
    for (const { lines } of requests) t.same(valuesIn(lines, 'impersonate-user'), ['alice@example.com']);
    isClean(t, ground);
  });

// A refusal that comes before the body: the connection ends, and the body is dropped, never read as a request.
const early: readonly (readonly [name: string, lines: readonly string[], status: number])[] = [
  ['without a credential', [], 401],
  ['with a bad one', ['Authorization: Bearer x.y.z'], 401],
];
for (const [name, lines, status] of early)
  for (const way of ['Content-Length', 'chunks'] as const)
    await facts.attack('S10', `a request ${name} whose body (${way}) is a request: one answer`, async (t) => {
      const hidden = marker();
      const body = hiddenRequest(hidden);
      const framed: readonly [string, string] =
        way === 'chunks'
          ? ['Transfer-Encoding: chunked', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`]
          : [`Content-Length: ${body.length}`, body];
      const got = await ground.reachesNobody(t, hidden, () =>
        attempt(
          gate,
          requestText(
            'POST /first HTTP/1.1',
            ['Host: x', 'Connection: close', ...lines, framed[0]],
            framed[1],
          ),
        ),
      );
      t.match(got.answers.map(refusalIn), [{ status, kind: 'Status', code: status }]);
      t.equal(got.answers.length, 1);
    });

await refuses(facts, 'S10', ground, [
  [
    'an upgrade with a body that is a request',
    (hidden) =>
      requestText(
        'POST /api/v1/namespaces/n/pods/p/exec?stdin=true HTTP/1.1',
        [
          'Host: x',
          auth,
          'Connection: Upgrade',
          'Upgrade: SPDY/3.1',
          `Content-Length: ${hiddenRequest(hidden).length}`,
        ],
        hiddenRequest(hidden),
      ),
  ],
]);
