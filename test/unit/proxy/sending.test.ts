import { Readable } from 'node:stream';
import fc from 'fast-check';
import t from 'tap';
import { CHUNKED, requestHead } from '../../../src/proxy/sending.ts';
import { get } from '../../fakes/pool.ts';
import { holds } from '../../properties.ts';

const body = () => Readable.from([]);

t.test('heads as they go out', async (t) => {
  for (const [request, text, bodyBytes] of [
    [get(), 'GET / HTTP/1.1\r\nHost: api\r\n\r\n', 0],
    [get({ lines: [] }), 'GET / HTTP/1.1\r\n\r\n', 0],
    [get({ path: '/\xe9%0A?x=:' }), 'GET /\xe9%0A?x=: HTTP/1.1\r\nHost: api\r\n\r\n', 0],
    [get({ lines: ['a', '1', 'A', '', 'a', '\t2 '] }), 'GET / HTTP/1.1\r\na: 1\r\nA: \r\na: \t2 \r\n\r\n', 0],
    // RFC 9110 §8.6: without a body, methods that usually have one say so.
    [get({ method: 'POST', lines: [] }), 'POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 0],
    [get({ method: 'PUT', lines: [] }), 'PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 0],
    [get({ method: 'PATCH', lines: [] }), 'PATCH / HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 0],
    [get({ method: 'DELETE', lines: [] }), 'DELETE / HTTP/1.1\r\n\r\n', 0],
    [
      get({ method: 'POST', lines: ['content-length', '0'] }),
      'POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n',
      0,
    ],
    [get({ lines: [], body: body() }), 'GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', CHUNKED],
    [get({ lines: ['CONTENT-LENGTH', '7'], body: body() }), 'GET / HTTP/1.1\r\nCONTENT-LENGTH: 7\r\n\r\n', 7],
  ] as const)
    t.strictSame(requestHead(request), { text, bodyBytes });
});

t.test('what could be read as anything but this one request is refused', async (t) => {
  const refused: readonly (readonly [string, Parameters<typeof get>[0]])[] = [
    // U+010A and U+010D end in the bytes LF and CR when they are written as latin1, U+0100 in NUL.
    ...['\r', '\n', '\0', '\r\n', '\u010a', '\u010d', '\u0100', '\u{1f600}'].flatMap((bad) => {
      const where = (what: string) => `${JSON.stringify(bad)} in the ${what}`;
      return [
        [where('method'), { method: `GE${bad}T` }],
        [where('path'), { path: `/a${bad}b` }],
        [where('name'), { lines: ['Host', 'api', `a${bad}b`, 'c'] }],
        [where('value'), { lines: ['Host', 'api', 'a', `b${bad}c`] }],
        [where("value's end"), { lines: ['Host', `api${bad}`] }],
        [where("name's beginning"), { lines: [`${bad}Host`, 'api'] }],
      ] as const;
    }),
    ['a space in the path', { path: '/a HTTP/1.1' }],
    ['a control in the path', { path: '/\x7f\x01' }],
    ['no path', { path: '' }],
    ['no method', { method: '' }],
    ['a space in the method', { method: 'GET /x' }],
    ['CONNECT, whose answer is a tunnel', { method: 'CONNECT' }],
    ['two lengths', { lines: ['Content-Length', '5', 'content-length', '5'], body: body() }],
    ['a coding', { lines: ['Transfer-Encoding', 'chunked'], body: body() }],
    ['a length and no body', { lines: ['Content-Length', '5'] }],
    ['a length that is none', { lines: ['Content-Length', '5, 5'], body: body() }],
    ['a length beyond 2^53', { lines: ['Content-Length', '9007199254740992'], body: body() }],
  ];
  for (const [what, over] of refused) t.throws(() => requestHead(get(over)), { name: 'TypeError' }, what);
});

t.test('whatever is in the lines: refused, or as many lines as were given', async () => {
  const piece = fc.string({
    unit: fc.constantFrom('a', ':', ' ', '\r', '\n', '\0', '\u010a', '\xff'),
    maxLength: 6,
  });
  holds(
    fc.property(fc.array(piece, { maxLength: 8 }), (some) => {
      const lines = some.length % 2 === 0 ? some : some.slice(1);
      const isGood = lines.every((one) => !/[\r\n\0\u0100-\uffff]/.test(one));
      try {
        const bytes = Buffer.from(requestHead(get({ lines })).text, 'latin1').toString('latin1');
        return isGood && bytes.split(/[\r\n]+/).length === lines.length / 2 + 2;
      } catch (error) {
        return !isGood && error instanceof TypeError;
      }
    }),
    { numRuns: 3000 },
  );
});
