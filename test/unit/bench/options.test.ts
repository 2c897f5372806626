import t from 'tap';
import { chooseContestants } from '../../../bench/contestants/all.ts';
import { FIGURES } from '../../../bench/figures.ts';
import { helpText, isWhole, readOptions } from '../../../bench/options.ts';

const figuresOf = (...args: string[]) => readOptions(args)?.figures.map(({ name }) => name);

t.test('without options it is everything at full size, three rounds, and writes the documents', async (t) => {
  const options = readOptions([]);
  t.match(options, {
    size: 'full',
    rounds: 3,
    against: undefined,
    output: '',
    docs: undefined,
    check: false,
  });
  t.equal(options?.figures.length, FIGURES.length);
  t.ok(options !== undefined && isWhole(options));
});

t.test('less than everything does not write them', async (t) => {
  for (const args of [
    ['--size', 'short'],
    ['--figure', 'idle'],
    ['--against', 'haproxy'],
  ]) {
    const options = readOptions(args);
    t.ok(options !== undefined && !isWhole(options), args.join(' '));
  }
});

t.test(
  'figures are named by name, alias or group, with commas or again and again, in their own order',
  async (t) => {
    t.same(figuresOf('--figure', 'echo50'), ['keystroke-50']);
    t.same(figuresOf('-f', 'get,idle', '-f', 'churn'), ['idle', 'get-h1', 'get-h2', 'churn']);
    t.same(figuresOf('-f', 'stream'), ['stream-down', 'stream-up', 'stream-down-8', 'stream-up-8']);
    t.same(figuresOf('-f', 'stream-up, stream-up'), ['stream-up']);
  },
);

t.test('rounds are one for smoke, or as said', async (t) => {
  t.equal(readOptions(['--size', 'smoke'])?.rounds, 1);
  t.equal(readOptions(['--size', 'short'])?.rounds, 3);
  t.equal(readOptions(['--size', 'smoke', '--rounds', '7'])?.rounds, 7);
});

for (const [args, words] of [
  [['--size', 'big'], /--size takes smoke, short, full, not "big"/],
  [['--figure', 'streams'], /no figure "streams"; there are stream-down/],
  [['--rounds', '0'], /--rounds takes/],
  [['--rounds', '1.5'], /--rounds takes/],
  [['--rounds', ''], /--rounds takes/],
  [['--rounds', 'many'], /--rounds takes/],
  [['--output', ''], /--output takes a file/],
  [['--fast'], /Unknown option/],
  [['echo50'], /Unexpected argument/],
] as const) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    t.throws(() => readOptions(args), words);
  });
}

t.test('contestants: Postern is always one, the optional ones only by name', async (t) => {
  const names = (against?: string[]) => chooseContestants(against).map(({ name }) => name);
  t.same(names(), ['postern', 'haproxy', 'nginx', 'gogate', 'direct']);
  t.same(names(['nginx', 'haproxy-aes128']), ['postern', 'haproxy-aes128', 'nginx']);
  t.same(names(['none']), ['postern']);
  t.throws(() => names(['envoy']), /no contestant "envoy"; there are postern, haproxy/);
});

t.test('the help names every figure and contestant, on lines that a terminal can show', async (t) => {
  t.equal(readOptions(['--help']), undefined);
  const text = helpText([['haproxy', 'a proxy']]);
  for (const { name } of FIGURES) t.match(text, `  ${name} `);
  t.match(text, /haproxy +a proxy/);
  t.same(
    text.split('\n').filter((line) => line.length > 145),
    [],
  );
});

t.test('every figure has work in every size, and names no two figures the same', async (t) => {
  t.equal(new Set(FIGURES.map(({ name }) => name)).size, FIGURES.length);
  for (const figure of FIGURES) {
    for (const size of ['smoke', 'short', 'full'] as const) {
      t.match(figure.load(size)[0], /^[a-z]+$/);
      t.notMatch(`${figure.load(size).join(' ')} ${figure.describe(size)}`, /undefined|NaN/);
    }
    t.ok(figure.metrics.length > 0);
  }
});
