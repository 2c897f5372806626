// A head as it goes out, read by another reader of HTTP: Node's server. Whatever the values hold, it finds this one request with these lines, and
// behind it the next request, or nothing was sent, or it refuses what no line may hold.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import t from 'tap';
import { requestHead } from '../../../src/proxy/sending.ts';
import { get } from '../../fakes/pool.ts';
import { holdsInTime } from '../../properties.ts';

/** Bytes that RFC 9110 §5.5 lets no value have; a server may refuse the whole for them. */
const isNever = (one: string) => (one < ' ' && one !== '\t') || one === '\x7f';
const LAST = 'GET /behind HTTP/1.1\r\nConnection: close\r\n\r\n';

const server = createServer({ requireHostHeader: false });
t.teardown(() => server.close());

/** What the server makes of the bytes: its requests in order, and whether it refused. */
async function receive(bytes: string): Promise<{ requests: IncomingMessage[]; refused: boolean }> {
  const [client, peer] = duplexPair();
  const requests: IncomingMessage[] = [];
  let refused = false;
  const onRequest = (request: IncomingMessage, response: { end(): void }) => {
    requests.push(request);
    response.end();
  };
  const onError = () => {
    refused = true;
    peer.destroy();
  };
  server.on('request', onRequest).on('clientError', onError);
  server.emit('connection', peer);
  client.resume();
  client.end(bytes, 'latin1');
  if (!peer.destroyed) await once(peer, 'close');
  server.off('request', onRequest).off('clientError', onError);
  return { requests, refused };
}

const unit = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('a', 'B', '7', ' ', '\t', ',', ':', '"', '\\', ';', '\x80', '\xa0', '\xff'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\r', '\n', '\r\n', '\0', '\x01', '\x7f', '\u010a', '\u010d', '\u2028'),
  },
);
const name = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^x[!#$%&'*+.^_`|~0-9A-Za-z-]{0,9}$/) },
  { weight: 1, arbitrary: fc.constantFrom('Content-Length', 'content-length', 'Host', 'Impersonate-User') },
);
const smuggled = fc.constantFrom(
  '0',
  '5',
  '+0',
  '0x0',
  '0, 0',
  'a\r\n\r\nGET /evil HTTP/1.1',
  'a\r\n Impersonate-User: eve',
);
const value = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit, maxLength: 12 }) },
  { weight: 1, arbitrary: smuggled },
);
const path = fc.stringMatching(/^\/[!-~]{0,20}$/).filter((one) => !one.includes('#'));

t.test(
  'whatever the values hold, a server reads these lines and no other request, or nothing was sent',
  async (t) => {
    const seen = { sent: 0, kept: 0 };
    const made = fc.tuple(
      fc.constantFrom('GET', 'DELETE', 'POST', 'PATCH'),
      path,
      fc.array(fc.tuple(name, value), { maxLength: 6 }),
    );
    await holdsInTime(
      fc.asyncProperty(made, async ([method, target, pairs]) => {
        seen.sent++;
        let text: string;
        try {
          ({ text } = requestHead(get({ method, path: target, lines: pairs.flat() })));
        } catch (error) {
          return error instanceof TypeError;
        }
        // A server that takes LF alone, or CR, for the end of a line would see another line.
        if (pairs.some(([, its]) => /[\r\n\0\u0100-\uffff]/.test(its))) return false;
        const { requests, refused } = await receive(text + LAST);
        if (refused) return requests.length === 0 && pairs.some(([, its]) => [...its].some(isNever));
        const [first, second, third] = requests;
        const wanted = pairs.flatMap(([one, its]) => [one, its.replace(/^[ \t]+|[ \t]+$/g, '')]);
        const hasLength = pairs.some(([one]) => one.toLowerCase() === 'content-length');
        if (!hasLength && method.startsWith('P')) wanted.push('Content-Length', '0');
        seen.kept++;
        return (
          first?.method === method &&
          first.url === target &&
          first.rawHeaders.join('\n') === wanted.join('\n') &&
          second?.url === '/behind' &&
          third === undefined
        );
      }),
      { numRuns: 1000 },
    );
    t.ok(seen.kept > seen.sent / 5, `${seen.kept} of ${seen.sent} were sent and read`);
  },
);
