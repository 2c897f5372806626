// Commands of exec: word by word, as the API server reads the repeated `command` parameters (Go's url.ParseQuery, then PodExecOptions).

import t from 'tap';
import { facts, judge, type RuleText } from './asking.ts';

const EXEC = '/api/v1/namespaces/web/pods/p/exec';

/** The query of a command, with what kubectl puts beside it. */
function exec(...words: readonly string[]): string {
  const query = new URLSearchParams(words.map((word): [string, string] => ['command', word]));
  query.append('container', 'main');
  query.append('stdout', 'true');
  return `POST ${EXEC}?${query}`;
}

const READ: readonly (readonly [query: string, command: readonly string[]])[] = [
  ['command=ls&command=-l&command=/tmp', ['ls', '-l', '/tmp']],
  ['command=sh&command=-c&command=echo+a%20b%26c', ['sh', '-c', 'echo a b&c']],
  ['stdin=true&command=sh&tty=true', ['sh']],
  ['command=', ['']],
  ['command', ['']],
  ['%63ommand=sh', ['sh']],
  ['Command=sh', []],
  ['command=a;command=b', []], // url.ParseQuery passes over pairs with a semicolon
  ['command=%zz&command=ok', ['ok']],
  ['command[]=sh', []],
  ['', []],
];
for (const [query, command] of READ)
  t.test(`?${query} is the command ${JSON.stringify(command)}`, async (t) => {
    t.strictSame(facts(`GET ${EXEC}?${query}`).attributes.command, command);
  });

t.test('nothing but exec of pods has a command', async (t) => {
  for (const path of [
    '/api/v1/namespaces/web/pods/p/attach?command=sh',
    '/api/v1/nodes/n/proxy/exec/web/p/c?command=sh',
    '/apis/example.com/v1/namespaces/web/pods/p/exec?command=sh',
    '/api/v1/namespaces/web/pods?command=sh',
  ])
    t.strictSame(facts(`GET ${path}`).attributes.command, [], path);
});

type Row = readonly [condition: RuleText, words: readonly string[], matches: boolean];

const ROWS: readonly Row[] = [
  [{ prefix: ['tar'] }, ['tar', 'cf', '-', '/etc'], true],
  [{ prefix: ['tar'] }, ['tar'], true],
  [{ prefix: ['tar'] }, ['tarot'], false],
  [{ prefix: ['tar'] }, ['/bin/tar', 'x'], false],
  [{ prefix: ['*/tar'] }, ['/bin/tar', 'x'], true],
  [{ prefix: ['tar', 'cf'] }, ['tar', 'xf'], false],
  [{ prefix: ['kubectl', 'get'] }, ['kubectl'], false],
  [{ argv: ['cat', '/etc/hostname'] }, ['cat', '/etc/hostname'], true],
  [{ argv: ['cat', '/etc/hostname'] }, ['cat', '/etc/hostname', '/etc/shadow'], false],
  [{ argv: ['cat', '/etc/hostname'] }, ['cat'], false],
  [{ argv: ['cat', '/etc/hostname'] }, ['cat /etc/hostname'], false],
  [{ argv: ['cat', '/var/log/*'] }, ['cat', '/var/log/app.log'], true],
  [{ argv: ['psql', '-c', '*'] }, ['psql', '-c', ''], true],
  [{ argv: ['sh'] }, ['SH'], false],
];
for (const [condition, words, matches] of ROWS)
  t.test(`${JSON.stringify(condition)} ${matches ? 'is' : 'is not'} ${JSON.stringify(words)}`, async (t) => {
    t.equal(judge([{ commands: [condition] }], exec(...words)), matches ? 'allowed r0' : 'allowed default');
  });

t.test('a rule with commands never matches what has none', async (t) => {
  const rules = [{ commands: [{ prefix: ['*'] }] }];
  t.equal(judge(rules, `POST ${EXEC}`), 'allowed default', 'an exec without a command');
  t.equal(judge(rules, 'POST /api/v1/namespaces/web/pods/p/attach'), 'allowed default');
  t.equal(judge(rules, 'GET /api/v1/namespaces/web/pods'), 'allowed default');
});

t.test('exec but not cp: the commands that kubectl cp runs (kubectl 0.36 pkg/cmd/cp/cp.go)', async (t) => {
  const rules = [
    {
      name: 'no-cp',
      commands: [{ prefix: ['tar'] }, { argv: ['sh', '-c', 'tar cf - *'] }],
      decision: 'Deny',
      message: 'no copies',
    },
  ];
  for (const words of [
    ['tar', 'cf', '-', '/tmp/foo'],
    ['tar', '-xmf', '-', '-C', '/tmp'],
    ['tar', '--no-same-permissions', '--no-same-owner', '-xmf', '-'],
    ['sh', '-c', "tar cf - '/tmp/foo' | tail -c+1024"],
  ])
    t.equal(judge(rules, exec(...words)), 'denied no-cp', words.join(' '));
  t.equal(judge(rules, exec('sh')), 'allowed default');
  t.equal(judge(rules, exec('test', '-d', '/tmp')), 'allowed default', 'which only looks');
});

t.test('a list of what may be run', async (t) => {
  const rules = [
    { name: 'may-run', commands: [{ argv: ['uptime'] }, { prefix: ['ls'] }] },
    { name: 'else-not', classes: ['interactive'], decision: 'Deny', message: 'no' },
  ];
  t.equal(judge(rules, exec('uptime')), 'allowed may-run');
  t.equal(judge(rules, exec('ls', '-l')), 'allowed may-run');
  t.equal(judge(rules, exec('sh', '-c', 'ls')), 'denied else-not');
  t.equal(judge(rules, 'GET /api/v1/nodes/n/proxy/exec/web/p/c?command=uptime'), 'denied else-not');
  t.equal(judge(rules, 'POST /api/v1/namespaces/web/pods/p/attach?command=uptime'), 'denied else-not');
});
