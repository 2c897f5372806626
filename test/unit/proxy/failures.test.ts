import t from 'tap';
import { CallerGone } from '../../../src/proxy/body.ts';
import { NeverConnected } from '../../../src/proxy/connection.ts';
import { upstreamFailure } from '../../../src/proxy/failures.ts';
import { UpstreamHeadTooLarge, UpstreamMalformed } from '../../../src/proxy/response.ts';
import { RequestBodyBroken } from '../../../src/proxy/sending.ts';
import { ConnectTimeout } from '../../../src/proxy/upstream.ts';

const coded = (code: string, more: object = {}) => Object.assign(new Error('x', more), { code });

// Codes of Node's net, dns and tls, of OpenSSL, and our own. [error, our code]
const rows: readonly (readonly [name: string, error: unknown, code: string])[] = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EMFILE', 'ENFILE'].map(
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
    'INVALID_PURPOSE',
    'PATH_LENGTH_EXCEEDED',
    'CERT_REVOKED',
    'ERROR_IN_CERT_NOT_AFTER_FIELD',
    'UNSPECIFIED',
    'EPROTO',
  ].map((code) => [code, coded(code), 'UPSTREAM_TLS'] as const),
  ...['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'].flatMap(
    (code) =>
      [
        [`${code} of a connection that stood`, coded(code), 'UPSTREAM_TIMEOUT'],
        [
          `${code} of one that never did`,
          new NeverConnected('x', { cause: coded(code) }),
          'UPSTREAM_UNREACHABLE',
        ],
      ] as const,
  ),
  ['our own connect timeout', new ConnectTimeout('x'), 'UPSTREAM_UNREACHABLE'],
  ...['ECONNRESET', 'EPIPE', 'UPSTREAM_CLOSED', 'ECONNABORTED'].map(
    (code) => [code, coded(code), 'UPSTREAM_RESET'] as const,
  ),
  [
    'a reset before anything of a request was sent',
    new NeverConnected('x', { cause: coded('ECONNRESET') }),
    'UPSTREAM_UNREACHABLE',
  ],
  ['an answer that is no HTTP', new UpstreamMalformed('x'), 'UPSTREAM_PROTOCOL'],
  ['an answer with too large a head', new UpstreamHeadTooLarge(), 'UPSTREAM_PROTOCOL'],
  ['a body that is not as it was announced', new RequestBodyBroken('x'), 'BAD_REQUEST'],
  ['the caller went away', new CallerGone(), 'CLIENT_CLOSED'],
  ['a wrapped one', coded('ANY', { cause: coded('ECONNREFUSED') }), 'UPSTREAM_UNREACHABLE'],
  [
    'a socket error whose cause is known',
    coded('ECONNRESET', { cause: coded('CERT_HAS_EXPIRED') }),
    'UPSTREAM_TLS',
  ],
  [
    'happy eyeballs',
    new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')]),
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
