import t from 'tap';
import { CallerGone } from '../../../src/proxy/body.ts';
import { upstreamFailure } from '../../../src/proxy/failures.ts';
import { ConnectTimeout } from '../../../src/proxy/upstream.ts';

const coded = (code: string, more: object = {}) => Object.assign(new Error('x', more), { code });

// Codes of Node's net, dns and tls, of OpenSSL, and of undici 8. [error, our code]
const rows: readonly (readonly [name: string, error: unknown, code: string])[] = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EMFILE'].map(
    (code) => [code, coded(code), 'UPSTREAM_UNREACHABLE'] as const,
  ),
  ...[
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'HOSTNAME_MISMATCH',
    'EPROTO',
  ].map((code) => [code, coded(code), 'UPSTREAM_TLS'] as const),
  ...['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'].map(
    (code) => [code, coded(code), 'UPSTREAM_TIMEOUT'] as const,
  ),
  ['our own connect timeout', new ConnectTimeout('x'), 'UPSTREAM_TIMEOUT'],
  ...['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED'].map(
    (code) => [code, coded(code), 'UPSTREAM_RESET'] as const,
  ),
  ...[
    'HPE_INVALID_CONSTANT',
    'UND_ERR_HEADERS_OVERFLOW',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  ].map((code) => [code, coded(code), 'UPSTREAM_PROTOCOL'] as const),
  [
    'a parser error without a code',
    Object.assign(new Error('x'), { name: 'HTTPParserError' }),
    'UPSTREAM_PROTOCOL',
  ],
  ['the caller went away', new CallerGone(), 'CLIENT_CLOSED'],
  [
    'a wrapped one',
    coded('FST_REPLY_FROM_INTERNAL_SERVER_ERROR', { cause: coded('ECONNREFUSED') }),
    'UPSTREAM_UNREACHABLE',
  ],
  [
    'a socket error whose cause is known',
    coded('UND_ERR_SOCKET', { cause: coded('CERT_HAS_EXPIRED') }),
    'UPSTREAM_TLS',
  ],
  [
    'happy eyeballs',
    new AggregateError([coded('EHOSTUNREACH'), coded('ECONNREFUSED')]),
    'UPSTREAM_UNREACHABLE',
  ],
  ['anything else', new Error('x'), 'INTERNAL'],
  ['no Error', 'x', 'INTERNAL'],
  ['nothing', undefined, 'INTERNAL'],
];

for (const [name, error, code] of rows) {
  t.test(`${name} is ${code}`, async (t) => {
    const failure = upstreamFailure(error);
    t.equal(failure.code, code);
    t.equal(failure.cause, error, 'kept for the log');
  });
}

t.test('a chain that bites its tail ends', async (t) => {
  const error: Error & { cause?: unknown } = new Error('x');
  error.cause = error;
  t.equal(upstreamFailure(error).code, 'INTERNAL');
});
