import t from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { attempt, requestText } from './caller.ts';
import { forwarded, isClean, type Row, refuses } from './cases.ts';
import { startGround } from './gate.ts';
import { valuesIn } from './recorded.ts';

// S10 and S7: lines that two programs could split, name or end differently. What is not exactly a line of RFC 9112 is refused; what a later server
// could take for one of the gate's own by another spelling is not passed on. The hidden name stands in each, and may be nowhere upstream.

const facts = recordFacts('attack-smuggling-lines');
const ground = await startGround(t);
const { auth } = ground;

/** A request line as it is, and further lines. */
const line =
  (text: string, ...more: readonly string[]) =>
  (hidden: string) =>
    requestText(text.replaceAll('HIDDEN', hidden), ['Host: x', 'Connection: close', auth, ...more]);
const header = (text: string) => (hidden: string) =>
  requestText('GET /first HTTP/1.1', [
    'Host: x',
    'Connection: close',
    auth,
    text.replaceAll('HIDDEN', hidden),
  ]);
/** All the bytes of a request in which `marked` line ends are another. */
const ends = (text: string) => (hidden: string) => text.replaceAll('HIDDEN', hidden).replaceAll('AUTH', auth);

const requestLines: readonly Row[] = [
  ['a tab behind the method', line('GET\t/HIDDEN HTTP/1.1')],
  ['a tab before the version', line('GET /HIDDEN\tHTTP/1.1')],
  ['a vertical tab before the version', line('GET /HIDDEN\x0bHTTP/1.1')],
  ['a space before the method', line(' GET /HIDDEN HTTP/1.1')],
  ['a space behind the version', line('GET /HIDDEN HTTP/1.1 ')],
  ['a word between', line('GET /HIDDEN x HTTP/1.1')],
  ['a second request line within', line('GET /HIDDEN HTTP/1.1 GET /first HTTP/1.1')],
  ['no version (HTTP/0.9)', line('GET /HIDDEN')],
  ['HTTP/0.9 by name', line('GET /HIDDEN HTTP/0.9')],
  ['HTTP/1.2', line('GET /HIDDEN HTTP/1.2')],
  ['HTTP/1.10', line('GET /HIDDEN HTTP/1.10')],
  ['HTTP/01.1', line('GET /HIDDEN HTTP/01.1')],
  ['HTTP/2.0', line('GET /HIDDEN HTTP/2.0')],
  ['HTTP/9.9', line('GET /HIDDEN HTTP/9.9')],
  ['lower-case http', line('GET /HIDDEN http/1.1')],
  ['HTTPS', line('GET /HIDDEN HTTPS/1.1')],
  ['a lower-case method', line('get /HIDDEN HTTP/1.1')],
  ['an unknown method', line('GOT /HIDDEN HTTP/1.1')],
  ['a method with NUL', line('GET\0 /HIDDEN HTTP/1.1')],
  ['NUL in the target', line('GET /HIDDEN\0 HTTP/1.1')],
  ['a bare CR in the target', line('GET /HIDDEN\rX HTTP/1.1')],
  ['no target', line('GET HTTP/1.1', 'X: HIDDEN')],
  ['HTTP/2’s preface', ends('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nHIDDEN')],
  ['TLS within TLS', ends('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03HIDDEN\r\n\r\n')],
  ['SSH', ends('SSH-2.0-HIDDEN\r\n\r\n')],
];

const lineEnds: readonly Row[] = [
  ['LF behind the request line', ends('GET /HIDDEN HTTP/1.1\nHost: x\r\nAUTH\r\nConnection: close\r\n\r\n')],
  [
    'LF behind a header line',
    ends('GET /HIDDEN HTTP/1.1\r\nHost: x\r\nX: y\nAUTH\r\nConnection: close\r\n\r\n'),
  ],
  ['LF behind the last line', ends('GET /HIDDEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAUTH\n\r\n')],
  ['LF as the empty line', ends('GET /HIDDEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAUTH\r\n\n')],
  ['LF everywhere', ends('GET /HIDDEN HTTP/1.1\nHost: x\nConnection: close\nAUTH\n\n')],
  ['CR everywhere', ends('GET /HIDDEN HTTP/1.1\rHost: x\rConnection: close\rAUTH\r\r\r\n\r\n')],
  ['CR CR LF', ends('GET /HIDDEN HTTP/1.1\r\nHost: x\r\nX: y\r\r\nAUTH\r\nConnection: close\r\n\r\n')],
  ['LF CR', ends('GET /HIDDEN HTTP/1.1\r\nHost: x\r\nX: y\n\rAUTH\r\nConnection: close\r\n\r\n')],
  ['U+2028 as a line end', header('X: y\xe2\x80\xa8Impersonate-User: HIDDEN\x00')],
];

const headerLines: readonly Row[] = [
  ['a folded line', header('X-A: b\r\n Impersonate-User: HIDDEN')],
  ['a line folded with a tab', header('X-A: b\r\n\tImpersonate-User: HIDDEN')],
  ['a value that is all folded', header('Impersonate-User:\r\n HIDDEN')],
  ['a first line that is folded', (h) => `GET /first HTTP/1.1\r\n X: ${h}\r\nHost: x\r\n${auth}\r\n\r\n`],
  ['an empty folded line', header('X-A: b\r\n \r\nImpersonate-User: HIDDEN')],
  ['a bare LF in a value', header('X-A: b\nImpersonate-User: HIDDEN')],
  ['a bare CR in a value', header('X-A: b\rImpersonate-User: HIDDEN')],
  ['NUL in a value', header('X-A: \0HIDDEN')],
  ['NUL in a name', header('X\0-A: HIDDEN')],
  ['DEL in a value', header('X-A: \x7fHIDDEN')],
  ['a bell in a value', header('X-A: \x07HIDDEN')],
  ['a space before the colon', header('Impersonate-User : HIDDEN')],
  ['a tab before the colon', header('Impersonate-User\t: HIDDEN')],
  ['a space in a name', header('Impersonate User: HIDDEN')],
  ['a name in brackets', header('Impersonate-User(x): HIDDEN')],
  ['a quoted name', header('"Impersonate-User": HIDDEN')],
  ['a name with a slash', header('Impersonate/User: HIDDEN')],
  ['a name with NBSP', header('Impersonate-User\xa0: HIDDEN')],
  ['a name in UTF-8', header('Impersonate-Us\xc3\xa9r: HIDDEN')],
  ['a soft hyphen in a name', header('Impersonate\xadUser: HIDDEN')],
  ['no colon', header('Impersonate-User HIDDEN')],
  ['no name', header(': HIDDEN')],
  ['two Host lines', header('Host: HIDDEN')],
  ['two Host lines, one in another case', header('hOST: HIDDEN')],
  ['two equal Host lines', header('Host: x')],
  ['no Host', (h) => `GET /${h} HTTP/1.1\r\nConnection: close\r\n${auth}\r\n\r\n`],
];

await refuses(
  facts,
  'S10',
  ground,
  requestLines.map(([name, ...more]) => [`a request line, ${name},`, ...more]),
);
await refuses(
  facts,
  'S10',
  ground,
  lineEnds.map(([name, ...more]) => [`a line end, ${name},`, ...more]),
);
await refuses(
  facts,
  'S7',
  ground,
  headerLines.map(([name, ...more]) => [`a header line, ${name},`, ...more]),
);

// Read as one request, whichever way: what goes on is written anew, so that the next reader finds nothing to disagree on.
const renewed: readonly (readonly [name: string, bytes: string])[] = [
  [
    'two spaces before the target',
    requestText('GET  /first HTTP/1.1', ['Host: x', 'Connection: close', auth]),
  ],
  [
    'two spaces before the version',
    requestText('GET /first  HTTP/1.1', ['Host: x', 'Connection: close', auth]),
  ],
  ['RTSP for HTTP', requestText('GET /first RTSP/1.0', ['Host: x', 'Connection: close', auth])],
  [
    'empty lines before the request',
    `\r\n\r\n\r\n${requestText('GET /first HTTP/1.1', ['Host: x', 'Connection: close', auth])}`,
  ],
  [
    'a bare CR before the request',
    `\r${requestText('GET /first HTTP/1.1', ['Host: x', 'Connection: close', auth])}`,
  ],
  [
    'a value with blanks around it',
    requestText('GET /first HTTP/1.1', ['Host: x', 'Connection: close', auth, 'X-A: \t b \t']),
  ],
  ['a name in small letters', requestText('GET /first HTTP/1.1', ['host: x', 'connection: close', auth])],
  ['HTTP/1.0', requestText('GET /first HTTP/1.0', ['Host: x', auth])],
  ['HTTP/1.0 without Host', requestText('GET /first HTTP/1.0', [auth])],
];

for (const [name, bytes] of renewed)
  await facts.attack('S10', `${name}: one request is written anew`, async (t) => {
    const { result, requests } = await forwarded(ground, () => attempt(ground.gate, bytes));
    t.same(
      result.answers.map(({ status }) => status),
      [200],
    );
    t.same(
      requests.map(({ line }) => line),
      ['GET /first HTTP/1.1'],
    );
    isClean(t, ground);
  });

// S7: other spellings of lines that are the gate's alone, which some servers take for one another. Such a line may be refused (all that begin with
// `Impersonate-` ask for `--as`, which this caller may not) or left out, but is never passed on.
const spellings: readonly string[] = [
  'Impersonate_User',
  'impersonate_group',
  'IMPERSONATE_EXTRA_SCOPES',
  'Impersonate-Extra_scopes',
  'Impersonate_Uid',
  'X_Remote_User',
  'x_remote_group',
  'X-Remote_Extra-scopes',
  'X-REMOTE-USER',
  'x-rEmOtE-gRoUp',
  'X_Forwarded_For',
  'X_FORWARDED_HOST',
  'Proxy_Authorization',
  'X_Real_IP',
  'X_HTTP_Method_Override',
  'X_Original_URL',
  'Audit_ID',
  'Transfer_Encoding',
];

for (const name of spellings)
  await facts.attack('S7', `${name} of the caller is not passed on`, async (t) => {
    const { result, requests } = await forwarded(ground, () =>
      attempt(
        ground.gate,
        requestText('GET /first HTTP/1.1', ['Host: x', 'Connection: close', auth, `${name}: HIDDEN`]),
      ),
    );
    const [answer] = result.answers;
    t.ok(answer?.status === 200 || answer?.status === 403 || answer?.status === 400, String(answer?.status));
    t.equal(requests.length, answer?.status === 200 ? 1 : 0);
    t.notOk(requests[0]?.rawLines.some((one) => one.includes('HIDDEN')));
    for (const { lines } of requests) {
      t.same(valuesIn(lines, 'Impersonate-User'), ['alice@example.com']);
      t.same(valuesIn(lines, 'Authorization'), ['Bearer gate-own-token']);
    }
    isClean(t, ground);
  });
