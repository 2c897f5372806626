import fc from 'fast-check';
import t from 'tap';
import {
  formatDuration,
  formatSize,
  MAX_DURATION_MS,
  parseDuration,
  parseSize,
} from '../../../src/config/units.ts';
import { holds } from '../../properties.ts';

// Go time.ParseDuration, whole numbers only
const durations: readonly (readonly [string, number | undefined])[] = [
  ['0s', 0],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['1h30m', 5_400_000],
  ['1h0m5s', 3_605_000],
  ['250ms', 250],
  ['90s', 90_000],
  ['', undefined],
  ['5', undefined],
  ['1.5h', undefined],
  ['-5s', undefined],
  ['5 m', undefined],
  ['5M', undefined],
  ['30s5m', undefined],
  ['5d', undefined],
  ['5m\n', undefined],
];

t.test('durations', async (t) => {
  for (const [text, expected] of durations) t.equal(parseDuration(text), expected, JSON.stringify(text));
});

// k8s.io/apimachinery resource.Quantity, binary suffixes
const sizes: readonly (readonly [string, number | undefined])[] = [
  ['8Mi', 8_388_608],
  ['512Ki', 524_288],
  ['1Gi', 1_073_741_824],
  ['1024', 1024],
  ['0', 0],
  ['8MB', undefined],
  ['8M', undefined],
  ['1.5Gi', undefined],
  ['', undefined],
  ['999999999999Ti', undefined],
];

t.test('sizes', async (t) => {
  for (const [text, expected] of sizes) t.equal(parseSize(text), expected, JSON.stringify(text));
});

t.test('what is written reads back', async (t) => {
  holds(fc.property(fc.nat(MAX_DURATION_MS), (ms) => parseDuration(formatDuration(ms)) === ms));
  holds(fc.property(fc.maxSafeNat(), (bytes) => parseSize(formatSize(bytes)) === bytes));
  t.equal(formatDuration(5_400_000), '1h30m');
  t.equal(formatDuration(0), '0s');
  t.equal(formatSize(8_388_608), '8Mi');
  t.equal(formatSize(1000), '1000');
  t.throws(() => formatDuration(-1), TypeError);
  t.throws(() => formatSize(0.5), TypeError);
});
