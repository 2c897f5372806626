// Kubernetes' quantities (apiserver pkg/cel/library/quantity.go, apimachinery pkg/api/resource): exact to a billionth, what is smaller is
// rounded away from zero.

import type { Budget } from '../budget.ts';
import { Fault, fn, type Library, method } from '../declare.ts';
import { Opaque } from '../value.ts';

const TYPE = 'kubernetes.Quantity';
const NANO = 1_000_000_000n;
const NANO_DIGITS = 9;
const MAX_INT = 2n ** 63n - 1n;
const MAX_TEXT = 128;
/** Larger powers of ten are numbers of too many digits to work with. */
const MAX_EXPONENT = 100;
const FORM = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,4})?$/;
/** As the form in the message below, but with one way to read any text: with two the time would grow with the square of its length. */
const NEARLY = /^[+-]?[0-9.]+(?:[eEinumkKMGTP]+[-+]?[0-9]*|[-+][0-9]*)?$/;
const DECIMAL = 'num kMGTPE';
const BINARY = 'KMGTPE';

export class QuantityValue extends Opaque {
  readonly type = TYPE;
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  isEqual(other: Opaque): boolean {
    return other instanceof QuantityValue && other.nanos === this.nanos;
  }

  /** Whether it is a whole number of 64 bits. */
  get isInteger(): boolean {
    const whole = this.nanos / NANO;
    return this.nanos % NANO === 0n && whole <= MAX_INT && whole >= -MAX_INT - 1n;
  }
}

export const quantities: Library = [
  fn('quantity', ['string'], TYPE, (budget: Budget, text: string) => {
    budget.spendOn(text.length);
    return parse(text) ?? fail(text);
  }),
  fn('isQuantity', ['string'], 'bool', (_: Budget, text: string) => parse(text) !== undefined),
  fn('sign', [TYPE], 'int', (_: Budget, { nanos }: QuantityValue) => sign(nanos)),
  method('isInteger', [TYPE], 'bool', (_: Budget, { isInteger }: QuantityValue) => isInteger),
  method('asInteger', [TYPE], 'int', (_: Budget, quantity: QuantityValue) => {
    if (!quantity.isInteger) throw new Fault('cannot convert value to integer');
    return quantity.nanos / NANO;
  }),
  method('asApproximateFloat', [TYPE], 'double', (_: Budget, { nanos }: QuantityValue) =>
    nanos % NANO === 0n ? Number(nanos / NANO) : Number(nanos) / Number(NANO),
  ),
  method('add', [TYPE, TYPE], TYPE, (_: Budget, a: QuantityValue, b: QuantityValue) => of(a.nanos + b.nanos)),
  method('add', [TYPE, 'int'], TYPE, (_: Budget, a: QuantityValue, b: bigint) => of(a.nanos + b * NANO)),
  method('sub', [TYPE, TYPE], TYPE, (_: Budget, a: QuantityValue, b: QuantityValue) => of(a.nanos - b.nanos)),
  method('sub', [TYPE, 'int'], TYPE, (_: Budget, a: QuantityValue, b: bigint) => of(a.nanos - b * NANO)),
  method(
    'isLessThan',
    [TYPE, TYPE],
    'bool',
    (_: Budget, a: QuantityValue, b: QuantityValue) => a.nanos < b.nanos,
  ),
  method(
    'isGreaterThan',
    [TYPE, TYPE],
    'bool',
    (_: Budget, a: QuantityValue, b: QuantityValue) => a.nanos > b.nanos,
  ),
  method('compareTo', [TYPE, TYPE], 'int', (_: Budget, a: QuantityValue, b: QuantityValue) =>
    sign(a.nanos - b.nanos),
  ),
];

function of(nanos: bigint): QuantityValue {
  return new QuantityValue(nanos);
}

function sign(value: bigint): bigint {
  if (value === 0n) return 0n;
  return value < 0n ? -1n : 1n;
}

/** `1.5Gi`, `100m`, `1e3`; undefined when it is none. */
function parse(text: string): QuantityValue | undefined {
  const found = text.length > MAX_TEXT ? null : FORM.exec(text);
  if (found === null) return undefined;
  const [, minus, whole = '', fraction = '', suffix = ''] = found;
  if (whole === '' && fraction === '') return undefined;
  const { exponent, factor } = scaleOf(suffix);
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  const digits = BigInt(`${whole}${fraction}`) * factor;
  const power = exponent + NANO_DIGITS - fraction.length;
  const nanos = power >= 0 ? digits * 10n ** BigInt(power) : roundUp(digits, 10n ** BigInt(-power));
  return new QuantityValue(minus === '-' ? -nanos : nanos);
}

function roundUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

function scaleOf(suffix: string): { readonly exponent: number; readonly factor: bigint } {
  if (suffix.length > 1 && /^[eE]/.test(suffix) && suffix !== 'Ei')
    return { exponent: Number(suffix.slice(1)), factor: 1n };
  if (suffix.endsWith('i'))
    return { exponent: 0, factor: 1024n ** BigInt(BINARY.indexOf(suffix.slice(0, 1)) + 1) };
  const place = DECIMAL.indexOf(suffix === '' ? ' ' : suffix);
  return { exponent: (place - DECIMAL.indexOf(' ')) * 3, factor: 1n };
}

function fail(text: string): never {
  const form = "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  throw new Fault(
    NEARLY.test(text)
      ? "unable to parse quantity's suffix"
      : `quantities must match the regular expression ${form}`,
  );
}
