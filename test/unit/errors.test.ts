import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { errorsReference } from '../../scripts/docs/errors.ts';
import type { RejectedCode } from '../../src/authn/outcome.ts';
import {
  asGateError,
  type ErrorCode,
  errorHeaders,
  errorStatus,
  GateError,
  gateError,
} from '../../src/errors.ts';
import { ERRORS, type ErrorEntry, LOAD_BALANCERS_PAGE } from '../../src/errortable.ts';

const root = new URL('../../', import.meta.url);
const rows: [string, ErrorEntry][] = Object.entries(ERRORS);

// Stable: dashboards and people's scripts know the code and its status (issue 3, section 6; protocol.md §7.1).
const statuses: readonly [code: ErrorCode, status: number, reason: string][] = [
  ['PATH_MALFORMED', 400, 'BadRequest'],
  ['REQUEST_INFO', 400, 'BadRequest'],
  ['METHOD_NOT_ALLOWED', 405, 'MethodNotAllowed'],
  ['UPGRADE_REQUIRED', 400, 'BadRequest'],
  ['UPGRADE_UNSUPPORTED', 400, 'BadRequest'],
  ['UPGRADE_INVALID_RESPONSE', 502, 'InternalError'],
  ['CREDENTIALS_MISSING', 401, 'Unauthorized'],
  ['CREDENTIALS_CONFLICT', 400, 'BadRequest'],
  ['AUTHENTICATION_UNAVAILABLE', 503, 'ServiceUnavailable'],
  ['IMPERSONATION_REFUSED', 403, 'Forbidden'],
  ['RULE_DENIED', 403, 'Forbidden'],
  ['RULE_DEFAULT', 403, 'Forbidden'],
  ['RULE_REQUIRES', 403, 'Forbidden'],
  ['RULE_FAILED', 403, 'Forbidden'],
  ['REASON_MALFORMED', 400, 'BadRequest'],
  ['CLUSTER_UNKNOWN', 404, 'NotFound'],
  ['HEADERS_TOO_LARGE', 431, 'BadRequest'],
  ['URI_TOO_LONG', 414, 'BadRequest'],
  ['BAD_REQUEST', 400, 'BadRequest'],
  ['REQUEST_TIMEOUT', 408, 'Timeout'],
  ['UPSTREAM_UNREACHABLE', 502, 'InternalError'],
  ['UPSTREAM_TLS', 502, 'InternalError'],
  ['UPSTREAM_CREDENTIALS', 502, 'InternalError'],
  ['TOKEN_REVIEW_GATE_RIGHTS', 502, 'InternalError'],
  ['UPSTREAM_TIMEOUT', 504, 'Timeout'],
  ['UPSTREAM_RESET', 502, 'InternalError'],
  ['UPSTREAM_PROTOCOL', 502, 'InternalError'],
  ['CLIENT_CLOSED', 499, 'BadRequest'],
  ['SHUTTING_DOWN', 503, 'ServiceUnavailable'],
  ['INTERNAL', 500, 'InternalError'],
];

for (const [code, status, reason] of statuses) {
  t.test(`${code} is ${status} ${reason}`, async (t) => {
    t.match(errorStatus(gateError(code)), { code: status, reason, details: { causes: [{ reason: code }] } });
  });
}

// 401 makes client programs log in again, so a good token that gives no usable identity is 403 (protocol.md §10, trap 24).
const rejections: Record<RejectedCode, number> = {
  CERTIFICATE_UNTRUSTED: 401,
  CERTIFICATE_EXPIRED: 401,
  CERTIFICATE_REVOKED: 401,
  TOKEN_REFUSED_BY_CLUSTER: 401,
  TOKEN_MALFORMED: 401,
  TOKEN_UNKNOWN_ISSUER: 401,
  TOKEN_AUDIENCE: 401,
  TOKEN_EXPIRED: 401,
  TOKEN_NOT_YET_VALID: 401,
  TOKEN_ALGORITHM: 401,
  TOKEN_SIGNATURE: 401,
  TOKEN_CLAIMS: 403,
  TOKEN_SYSTEM_IDENTITY: 403,
  TOKEN_RULE: 403,
  TOKEN_GROUPS_OVERAGE: 403,
  CREDENTIALS_CONFLICT: 400,
  AWS_TOKEN_MALFORMED: 401,
  AWS_TOKEN_REFUSED: 401,
  AWS_IDENTITY_UNMAPPED: 403,
  CREDENTIALS_MALFORMED: 401,
  TOO_MANY_UNAUTHENTICATED: 429,
};

t.test('every refusal of an authenticator has its row', async (t) => {
  for (const [code, status] of Object.entries(rejections))
    t.equal(errorStatus(gateError(code as RejectedCode)).code, status, code);
});

t.test('every row says when it comes and what to do', async (t) => {
  for (const [code, entry] of rows) {
    t.match(code, /^[A-Z]+(_[A-Z]+)*$/);
    t.ok(entry.text.length > 20 && entry.when.length > 5 && entry.solve.length > 5, code);
  }
});

t.test('the text of a 5xx is constant, whatever it is given', async (t) => {
  for (const [code, { status, text }] of rows) {
    if (status < 500) continue;
    const error = gateError(code as ErrorCode, {
      detail: 'secret',
      cause: new Error('secret'),
      params: { detail: 'secret' },
    });
    t.equal(errorStatus(error).message, text, code);
    t.notMatch(text, /[{}]/, code);
  }
});

t.test('Retry-After goes with SHUTTING_DOWN and every 429, in header and details', async (t) => {
  for (const [code, { status }] of rows) {
    const error = gateError(code as ErrorCode);
    const expected = code === 'SHUTTING_DOWN' || status === 429 ? '1' : undefined;
    t.equal(errorHeaders(error)['Retry-After'], expected, code);
    t.equal(errorStatus(error).details?.retryAfterSeconds?.toString(), expected, code);
  }
});

t.test('every 401, and nothing else, carries WWW-Authenticate', async (t) => {
  for (const [code, { status }] of rows) {
    t.equal(
      errorHeaders(gateError(code as ErrorCode))['WWW-Authenticate'],
      status === 401 ? 'Bearer' : undefined,
      code,
    );
  }
  t.ok(errorHeaders(gateError('METHOD_NOT_ALLOWED'))['Allow']);
});

t.test('UPGRADE_REQUIRED begins as kubectl users know it, names the hops and the page', async (t) => {
  const { message } = errorStatus(
    gateError('UPGRADE_REQUIRED', {
      params: { kind: 'exec', hops: 'an AWS load balancer (X-Amzn-Trace-Id)' },
    }),
  );
  t.match(message, /^Upgrade request required: /);
  t.match(message, '(exec)');
  t.match(message, 'tells of its way: an AWS load balancer (X-Amzn-Trace-Id).');
  t.match(message, LOAD_BALANCERS_PAGE);
  t.match(
    errorStatus(gateError('UPGRADE_REQUIRED')).message,
    'tells of its way: nothing, no known proxy left a header.',
  );
  t.ok(existsSync(new URL(LOAD_BALANCERS_PAGE, root)), 'the page exists');
});

// The caller's own words in a text: kube-apiserver escapes `&`, `<` and `>` as well (protocol.md §7.1).
const hostile: readonly [given: string, shown: string | RegExp][] = [
  ['Impersonate-User', 'header Impersonate-User.'],
  ['<b>&', 'header &lt;b&gt;&amp;.'],
  ['a\r\nb\u001b[2Jc\u2028d\u202ee\0', 'header ab[2Jcde.'],
  ['{header|x}', 'header {header|x}.'],
  ['$&$1', 'header $&amp;$1.'],
  ['\n', 'header Impersonate-User.'],
  ['x'.repeat(5000), /header x{512}…\. /],
  ['\ud800', 'header \ufffd.'],
];

for (const [given, shown] of hostile) {
  t.test(
    `a parameter of ${given.length} characters is shown safely: ${encodeURIComponent(given.slice(0, 9).toWellFormed())}`,
    async (t) => {
      t.match(errorStatus(gateError('IMPERSONATION_REFUSED', { params: { header: given } })).message, shown);
    },
  );
}

t.test(
  'a parameter that is not given, or is named like a property of objects, gives the default',
  async (t) => {
    t.match(errorStatus(gateError('IMPERSONATION_REFUSED')).message, 'header Impersonate-User.');
    t.match(
      errorStatus(gateError('PATH_MALFORMED', { params: { other: 'x' } })).message,
      'could read it differently',
    );
  },
);

t.test('whatever was thrown becomes an error of the table', async (t) => {
  const own = gateError('PATH_MALFORMED', { detail: 'd', cause: 1 });
  t.ok(own instanceof GateError);
  t.match(own, {
    name: 'GateError',
    message: 'PATH_MALFORMED',
    code: 'PATH_MALFORMED',
    detail: 'd',
    cause: 1,
  });
  t.equal(asGateError(own), own);
  for (const thrown of [new Error('x'), 'x', undefined, null]) {
    t.match(asGateError(thrown), { code: 'INTERNAL' });
  }
});

t.test('docs/reference/errors.md is what the table says', async (t) => {
  const page = errorsReference.render();
  t.equal(readFileSync(new URL(errorsReference.file, root), 'utf8'), page, 'run "npm run docs"');
  for (const [code] of rows) t.match(page, `| \`${code}\` |`);
});

t.test("the configuration's own words come as they are, at the end; the request's are escaped", async (t) => {
  const params = { attempt: 'pods "<b>" is forbidden', rule: 'one' };
  const about = { name: '<b>', kind: 'pods' };
  const error = gateError('RULE_DENIED', { params, about, remark: 'See https://wiki.example/?a=1&b=<id>.' });
  const { message, details } = errorStatus(error);
  t.equal(
    message,
    'pods "&lt;b&gt;" is forbidden: the rule "one" of this gate denies it. See https://wiki.example/?a=1&b=<id>.',
  );
  t.same(details, { name: '<b>', kind: 'pods', causes: [{ reason: 'RULE_DENIED' }] });
});
