import t from 'tap';
import { createLog, loggedError, loggedTarget } from '../../src/log.ts';

// Issue 3 §7: query values that carry a token (`token`, `access_token`, `bearer…`) are masked. [target, as it is logged]
const targets: readonly [target: string, logged: string][] = [
  ['/version', '/version'],
  ['/api/v1/pods?watch=1&labelSelector=a%3Db', '/api/v1/pods?watch=1&labelSelector=a%3Db'],
  ['/x?token=SECRET', '/x?token=MASKED'],
  ['/x?token=SECRET&a=1', '/x?token=MASKED&a=1'],
  ['/x?a=1&access_token=SECRET', '/x?a=1&access_token=MASKED'],
  ['/x?ACCESS_TOKEN=SECRET', '/x?ACCESS_TOKEN=MASKED'],
  ['/x?%74oken=SECRET', '/x?%74oken=MASKED'],
  ['/x?bearer=SECRET', '/x?bearer=MASKED'],
  ['/x?bearerToken=SECRET', '/x?bearerToken=MASKED'],
  ['/x?id_token=SECRET&refresh_token=SECRET', '/x?id_token=MASKED&refresh_token=MASKED'],
  ['/x?authorization=SECRET', '/x?authorization=MASKED'],
  ['/x?token=SECRET=SECRET?token=SECRET', '/x?token=MASKED'],
  ['/x?token=', '/x?token=MASKED'],
  ['/x?token', '/x?token'],
  ['/x?limit=3&continue=abc&labelSelector=a%3Db', '/x?limit=3&continue=abc&labelSelector=a%3Db'],
  ['/x?sig=SECRET&design=1', '/x?sig=MASKED&design=1'],
  ['/x?X-Amz-Signature=SECRET&client_secret=SECRET', '/x?X-Amz-Signature=MASKED&client_secret=MASKED'],
  ['/x?a=1;token=SECRET;b=SECRET', '/x?a=1;token=MASKED'],
  ['/x#access_token=SECRET&a=1', '/x#access_token=MASKED&a=1'],
  ['https://a:SECRET@gate/x', 'https://MASKED@gate/x'],
  ['/api/v1/pods/a@b', '/api/v1/pods/a@b'],
  ['/x?%zz=1', '/x?%zz=1'],
  ['/x?&&=', '/x?&&='],
  ['/x?', '/x?'],
];

for (const [target, logged] of targets) {
  t.test(`${target} is logged as ${logged}`, async (t) => {
    t.equal(loggedTarget(target), logged);
  });
}

t.test('a long target is cut with a mark, after masking', async (t) => {
  const cut = loggedTarget(`/x?token=${'S'.repeat(5000)}&a=${'y'.repeat(5000)}`);
  t.match(cut, /^\/x\?token=MASKED&a=y+\.\.\.TRUNCATED$/);
  t.equal(cut.length, 4096 + '...TRUNCATED'.length);
});

t.test('an error is its name, code and message, with its causes and no stack', async (t) => {
  const inner = Object.assign(new Error('inner'), { code: 'ECONNREFUSED' });
  t.same(loggedError(new TypeError('outer', { cause: inner })), {
    name: 'TypeError',
    message: 'outer',
    cause: { name: 'Error', code: 'ECONNREFUSED', message: 'inner' },
  });
  t.same(loggedError(new AggregateError([inner], 'all')), {
    name: 'AggregateError',
    message: 'all',
    cause: { name: 'Error', code: 'ECONNREFUSED', message: 'inner' },
  });
  t.same(loggedError('text'), { message: 'text' });
  t.equal(loggedError(undefined), undefined);
  const loop: Error & { cause?: unknown } = new Error('loop');
  loop.cause = loop;
  t.equal(JSON.stringify(loggedError(loop)).match(/"loop"/g)?.length, 5, 'bounded');
});

t.test('a line is one JSON object with a level in words and an ISO time, whatever is in it', async (t) => {
  const lines: string[] = [];
  const log = createLog('info', { write: (text: string) => void lines.push(text) });
  log.info({ user: 'a\n"}\u001b[2J\u2028' }, 'request');
  log.debug({}, 'not at this level');
  t.equal(lines.length, 1);
  t.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  t.match(line, { level: 'info', msg: 'request', user: 'a\n"}\u001b[2J\u2028' });
  t.match(String(line['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});
