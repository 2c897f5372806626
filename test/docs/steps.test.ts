// The runner of the documents can fail: what it compares, which blocks it takes, and how it reads them.

import t from 'tap';
import { readBlocks } from './markdown.ts';
import { readMark } from './marks.ts';
import { isAsWritten, readSteps } from './steps.ts';

const fence = '```';

t.test('what is printed is compared', async (t) => {
  t.ok(isAsWritten('a   b\nc\n', ['a b', 'c']));
  t.ok(isAsWritten('web-12 Running\n', ['web-… Running']));
  t.ok(isAsWritten('a\nx\ny\nb\n', ['a', '…', 'b']));
  t.ok(isAsWritten('', []));
  for (const [printed, expected] of [
    ['a\nb\n', ['a']],
    ['a\n', ['a', 'b']],
    ['web-1 Pending\n', ['web-… Running']],
    ['(x)\n', ['.x.']],
  ] as const)
    t.notOk(isAsWritten(printed, expected), `${printed} is not ${expected}`);
});

t.test('statements of a script', async (t) => {
  const script = [
    '# a comment',
    'a=1',
    '',
    'cat > f <<EOF',
    'x: $(',
    'EOF',
    'b \\',
    '  --c',
    'for i in 1 2',
    'do d; done',
  ];
  const [block] = readBlocks([`${fence}sh`, ...script, fence].join('\n'));
  t.ok(block);
  if (block === undefined) return;
  t.strictSame(
    readSteps(block).map(({ line, command }) => [line, command]),
    [
      [3, 'a=1'],
      [5, 'cat > f <<EOF\nx: $(\nEOF'],
      [8, 'b \\\n  --c'],
      [10, 'for i in 1 2\ndo d; done'],
    ],
  );
  t.throws(() => readSteps({ ...block, lines: ['echo "'] }), /cannot read/);
  t.throws(() => readSteps({ ...block, language: 'console', lines: ['printed'] }), /begins with/);
});

t.test('marks', async (t) => {
  const mark = (before: string, page = '') => {
    const [block] = readBlocks(`${before}\n${fence}sh\ntrue\n${fence}`);
    if (block === undefined) throw new TypeError('no block');
    return readMark(block, page);
  };
  t.strictSame(mark('<!-- run: demo -->'), { kind: 'run', place: 'demo', until: '' });
  t.strictSame(mark('  <!-- run: cluster, until: it serves -->'), {
    kind: 'run',
    place: 'cluster',
    until: 'it serves',
  });
  t.strictSame(mark('<!-- run-by: .ci/run -->'), { kind: 'run-by', file: '.ci/run' });
  t.strictSame(mark('<!-- not-run: needs an AWS account -->', '<!-- run all: demo -->'), {
    kind: 'not-run',
    why: 'needs an AWS account',
  });
  t.strictSame(mark('text', '<!-- run all: demo -->'), { kind: 'run', place: 'demo', until: '' });
  t.throws(() => mark('text'), /line 3: the block has no mark/);
  t.throws(
    () => mark('<!-- run: moon -->'),
    /"moon" is no place; there are checkout, demo, cluster, gate, folder/,
  );
  t.throws(() => mark('<!-- not-run: so -->'), /"so" is not a reason/);
});
