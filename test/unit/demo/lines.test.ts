import t from 'tap';
import { readFact } from '../../../src/demo/facts.ts';
import { painter, renderLine } from '../../../src/demo/lines.ts';

const TIME = '2026-01-02T03:04:05.678Z';
const PLAIN = painter(false);

function shown(fields: object): string | undefined {
  const fact = readFact(JSON.stringify({ level: 'info', time: TIME, ...fields }));
  return fact && renderLine(fact, PLAIN, () => '03:04:05');
}

const POD = { verb: 'get', resource: 'pods', subresource: '', namespace: 'default', name: 'web' };
const ERIN = { msg: 'request', user: 'erin@example.com', method: 'GET', target: '/x', durationMs: 3.1234 };
const EXEC = { ...ERIN, ...POD, subresource: 'exec', upgrade: 'websocket' };

// The fields are those of the gate's log (docs/how-to/operate.md).
const rows: readonly (readonly [name: string, line: object, expected: string])[] = [
  [
    'a request that the API server answered',
    { ...ERIN, ...POD, status: 200 },
    '03:04:05  erin@example.com   get pods web in default                         allowed  200  3.1 ms',
  ],
  [
    'a path that is no resource',
    { ...ERIN, target: '/version', status: 200 },
    '03:04:05  erin@example.com   get /version                                    allowed  200  3.1 ms',
  ],
  [
    'not found is not a denial',
    { ...ERIN, ...POD, status: 404 },
    '03:04:05  erin@example.com   get pods web in default                         allowed  404  3.1 ms',
  ],
  [
    'what the API server forbids',
    { ...ERIN, ...POD, status: 403 },
    '03:04:05  erin@example.com   get pods web in default                         denied by the cluster: 403  3.1 ms',
  ],
  [
    'what the gate refuses, with nobody behind it',
    { ...ERIN, ...POD, user: '', status: 401, error: 'CREDENTIALS_MISSING' },
    '03:04:05  (nobody)           get pods web in default                         refused by the gate: 401 CREDENTIALS_MISSING  3.1 ms',
  ],
  [
    'what failed behind the gate',
    { ...ERIN, ...POD, status: 502, error: 'UPSTREAM_UNREACHABLE' },
    '03:04:05  erin@example.com   get pods web in default                         failed: 502 UPSTREAM_UNREACHABLE  3.1 ms',
  ],
  [
    'an upgrade',
    { ...EXEC, status: 101 },
    '03:04:05  erin@example.com   get pods/exec web in default (websocket)        allowed, session open  3.1 ms',
  ],
  [
    'a watch that its caller has left',
    { ...ERIN, ...POD, verb: 'watch', name: '', status: 499 },
    '03:04:05  erin@example.com   watch pods in default                           allowed, ended by the caller  3.1 ms',
  ],
  [
    'the end of a session',
    {
      msg: 'session ended',
      user: 'erin@example.com',
      kind: 'exec',
      target: '/api/v1/namespaces/default/pods/web/exec?command=sh',
      end: 'client',
      durationMs: 12_345,
      bytesUp: 999,
      bytesDown: 1_234_567,
    },
    '03:04:05  erin@example.com   exec web: session ended                         by client  12.3 s, 999 B up, 1.2 MB down',
  ],
  [
    'a configuration that the gate has taken up',
    { msg: 'configuration taken up', file: 'postern.yaml' },
    '03:04:05  gate: configuration taken up; file postern.yaml',
  ],
];

for (const [name, line, expected] of rows) t.test(name, async (t) => t.equal(shown(line), expected));

t.test('what stands at debug level, and what the demo has said itself, is not shown', async (t) => {
  t.equal(
    shown({ ...ERIN, ...POD, status: 403, level: 'debug' }),
    undefined,
    'the second of a pair of attempts',
  );
  t.equal(shown({ msg: 'serving' }), undefined);
  t.equal(readFact('not JSON'), undefined);
});

t.test('names that callers chose cannot steer the terminal', async (t) => {
  const line = shown({ ...ERIN, ...POD, user: 'a\u001b[2Jb', name: 'x\r\ny\u202e', status: 200 });
  t.match(line, 'a\\u001b[2Jb');
  t.match(line, 'x\\u000d\\u000ay\\u202e');
  t.notMatch(line, /[\p{Cc}\p{Cf}]/u);
});

t.test('colours only when asked', async (t) => {
  const fact = readFact(JSON.stringify({ ...ERIN, ...POD, status: 403, time: TIME, level: 'info' }));
  if (fact === undefined) throw new Error('no fact');
  t.match(
    renderLine(fact, painter(true), () => ''),
    '\u001b[31mdenied by the cluster: 403\u001b[39m',
  );
});
