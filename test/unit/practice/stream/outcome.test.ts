import { PassThrough } from 'node:stream';
import t from 'tap';
import type { CommandOutcome, TerminalSize } from '../../../../src/practice/machine/machine.ts';
import { renderOutcome } from '../../../../src/practice/stream/outcome.ts';
import { readSizes } from '../../../../src/practice/stream/terminalsize.ts';

// protocol.md §1.6; Kubernetes 1.36 cri-streaming pkg/streaming/remotecommand/{exec,status}.go
const OUTCOMES: readonly [outcome: CommandOutcome, status: unknown, text: RegExp][] = [
  [{ exitCode: 0 }, { metadata: {}, status: 'Success' }, /^$/],
  [
    { exitCode: 42 },
    {
      metadata: {},
      status: 'Failure',
      message: 'command terminated with non-zero exit code: exit code 42',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '42' }] },
    },
    /exit code 42$/,
  ],
  [
    { failure: 'exec: "x": not found' },
    {
      metadata: {},
      status: 'Failure',
      message: 'Internal error occurred: error executing command in container: exec: "x": not found',
      reason: 'InternalError',
      code: 500,
    },
    /: exec: "x": not found$/,
  ],
];

t.test('how a command ended, as a Status and as a text', async (t) => {
  for (const [outcome, status, text] of OUTCOMES) {
    t.same(JSON.parse(renderOutcome(outcome, true).toString()), status);
    t.match(renderOutcome(outcome, false).toString(), text);
  }
});

async function sizesOf(...chunks: string[]): Promise<TerminalSize[]> {
  const stream = new PassThrough();
  const sizes: TerminalSize[] = [];
  readSizes(stream)((size) => sizes.push(size));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  return sizes;
}

const SMALL = { width: 80, height: 24 };
// Kubernetes 1.36 cri-streaming remotecommand/httpstream.go, handleResizeEvents: a JSON decoder that ends at the first error
const RESIZES: readonly [what: string, chunks: string[], sizes: TerminalSize[]][] = [
  ["kubectl's", ['{"Width":80,"Height":24}\n'], [SMALL]],
  [
    'two in one piece',
    ['{"Width":81,"Height":25}\n{"Width":80,"Height":24}\n'],
    [{ width: 81, height: 25 }, SMALL],
  ],
  ['without line ends', ['{"Width":80,"Height":24}{"Width":80,"Height":24}'], [SMALL, SMALL]],
  ['byte by byte', [...'{"Width":80,"Height":24}\n'], [SMALL]],
  ['keys in any case', ['{"width":80,"HEIGHT":24}'], [SMALL]],
  ['a key that is missing is 0', ['{"Width":80}'], [{ width: 80, height: 0 }]],
  ['no size, and nothing after it counts', ['{"Width":"x"}', '{"Width":80,"Height":24}'], []],
  ['too large', ['{"Width":65536,"Height":24}'], []],
  ['negative', ['{"Width":-1,"Height":24}'], []],
  ['no JSON', ['}{}{"Width":80,"Height":24}'], []],
  ['no object', ['[]}'], []],
  ['without end', ['x'.repeat(2000), '{"Width":80,"Height":24}'], []],
];

t.test('sizes', async (t) => {
  for (const [what, chunks, sizes] of RESIZES) t.same(await sizesOf(...chunks), sizes, what);
});

t.test('who asks later is told the last size at once', async (t) => {
  const stream = new PassThrough();
  const onSize = readSizes(stream);
  stream.write('{"Width":1,"Height":2}{"Width":80,"Height":24}');
  await new Promise((resolve) => setImmediate(resolve));
  const sizes: TerminalSize[] = [];
  onSize((size) => sizes.push(size));
  t.same(sizes, [SMALL]);
  readSizes(undefined)(() => t.fail('there is no terminal'));
});
