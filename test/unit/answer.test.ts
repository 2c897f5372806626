import { Duplex } from 'node:stream';
import t from 'tap';
import { answerSocket, renderAnswer } from '../../src/answer.ts';
import { type ErrorCode, gateError } from '../../src/errors.ts';
import { ERRORS } from '../../src/errortable.ts';
import { createExchange, type Exchange } from '../../src/exchange.ts';
import { headerValue } from '../../src/proxy/headers.ts';

const CLIENT_GO = ['User-Agent', 'kubectl/v1.35.0 (linux/amd64) kubernetes/abc'];

function exchangeFor(path: string, rawHeaders: readonly string[] = [], hsts = ''): Exchange {
  const arrival = {
    transport: 'http',
    method: 'GET',
    rawTarget: path,
    rawHeaders,
    authority: 'x',
    httpVersion: '1.1',
    peerAddress: '192.0.2.1',
    receivedAt: 0,
    upgrade: '',
    certificate: undefined,
  } as const;
  const exchange = createExchange(arrival, 'id-1', {
    config: { listen: { strictTransportSecurity: hsts } },
  } as Exchange['generation']);
  exchange.target = { raw: path, rawPath: path, rawQuery: '', path };
  return exchange;
}

t.test('every error of the table is a Status whose code is the HTTP status', async (t) => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { status, lines, body } = renderAnswer(gateError(code), exchangeFor('/version'));
    t.equal(status, ERRORS[code].status, code);
    t.match(JSON.parse(body.toString()), {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code: status,
      details: { causes: [{ reason: code }] },
    });
    t.equal(headerValue(lines, 'content-length'), String(body.length));
    t.equal(headerValue(lines, 'audit-id'), 'id-1');
    t.equal(headerValue(lines, 'www-authenticate'), status === 401 ? 'Bearer' : undefined);
  }
});

t.test('listen.strictTransportSecurity goes along as it is, and empty is no header', async (t) => {
  for (const [value, header] of [
    ['max-age=31536000', 'max-age=31536000'],
    ['', undefined],
  ] as const) {
    const { lines } = renderAnswer(gateError('CREDENTIALS_MISSING'), exchangeFor('/version', [], value));
    t.equal(headerValue(lines, 'strict-transport-security'), header);
  }
});

t.test('without an exchange there is no Audit-ID', async (t) => {
  const { lines } = renderAnswer(gateError('BAD_REQUEST'), undefined);
  t.equal(headerValue(lines, 'audit-id'), undefined);
});

// protocol.md §7.2 "Discovery trap": paths that client-go reads by its raw discovery client. [path, whether it is one]
const paths: readonly [path: string, discovery: boolean][] = [
  ['/api', true],
  ['/api/', true],
  ['/apis', true],
  ['/api/v1', true],
  ['/api/v1/', true],
  ['/apis/apps', true],
  ['/apis/apps/v1', true],
  ['/api/v1/pods', false],
  ['/apis/apps/v1/deployments', false],
  ['/apiary', false],
  ['/version', false],
  ['/', false],
];

for (const code of ['IMPERSONATION_REFUSED', 'UPSTREAM_CREDENTIALS', 'AUTHENTICATION_UNAVAILABLE'] as const)
  t.test(`${code} on discovery is text for client-go, and a Status everywhere else`, async (t) => {
    const error = gateError(code);
    for (const [path, discovery] of paths) {
      const { lines, body } = renderAnswer(error, exchangeFor(path, CLIENT_GO));
      t.equal(
        headerValue(lines, 'content-type'),
        discovery ? 'text/plain; charset=utf-8' : 'application/json',
        path,
      );
      t.equal(body.toString().startsWith('{'), !discovery, path);
      t.equal(
        headerValue(renderAnswer(error, exchangeFor(path)).lines, 'content-type'),
        'application/json',
        'no client-go',
      );
    }
    const unauthorized = renderAnswer(gateError('CREDENTIALS_MISSING'), exchangeFor('/api', CLIENT_GO));
    t.equal(headerValue(unauthorized.lines, 'content-type'), 'application/json', 'only 403');
  });

t.test('a refused upgrade gets a whole HTTP/1.1 answer, then FIN', async (t) => {
  const written: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      written.push(chunk);
      callback();
    },
  });
  const finished = new Promise((resolve) => socket.on('finish', resolve));
  const answer = renderAnswer(gateError('CREDENTIALS_MISSING'), exchangeFor('/version'));
  answerSocket(socket as never, answer);
  await finished;
  const [head = '', body = ''] = Buffer.concat(written).toString().split('\r\n\r\n');
  t.match(head, /^HTTP\/1\.1 401 Unauthorized\r\n/);
  t.match(head, /\r\nDate: [^\r]+ GMT\r\n/);
  t.match(head, /\r\nConnection: close$/);
  t.equal(body, answer.body.toString());
  t.equal(
    socket.destroyed,
    false,
    'what the caller still sends is read, so that no reset overtakes the answer',
  );
  socket.push(null);
  await new Promise((resolve) => socket.on('close', resolve));
});
