// string.format(args) (cel-go ext/formatting.go, as strings at version 2 has it, in the locale en_US).

import type { Budget } from '../budget.ts';
import { entriesOf, isMap } from '../collections.ts';
import { Fault, type Library, method } from '../declare.ts';
import { Duration, Timestamp, TypeValue, typeNameOf, Uint, type Value } from '../value.ts';
import { formatDouble } from './conversions.ts';
import { formatDuration, formatTimestamp } from './instants.ts';
import { checkLength } from './operators.ts';
import { quote } from './strings.ts';

/** A clause such as `%.3f`. */
export interface Clause {
  readonly letter: string;
  readonly precision: number;
}

const CLAUSE = /%(?:%|(?:\.([0-9]{1,3}))?([\s\S]?))/gu;
const DEFAULT_PRECISION = 6;
/** The most digits behind the point: JavaScript's own. */
const MAX_PRECISION = 100;
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const NAMES: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

export const format: Library = [
  method(
    'format',
    ['string', 'list(dyn)'],
    'string',
    (budget: Budget, text: string, args: readonly Value[]) => {
      let index = 0;
      let length = text.length;
      return readClauses(text, (clause) => {
        const value = args[index];
        if (value === undefined) throw new Fault(`index ${index} out of range`);
        index++;
        const formatted = formatClause(budget, clause, value);
        length += formatted.length;
        checkLength(budget, length);
        return formatted;
      });
    },
  ),
];

/** Puts what `write` gives for each clause in its place. Throws Fault for a clause that is none. */
export function readClauses(text: string, write: (clause: Clause) => string): string {
  return text.replace(CLAUSE, (whole: string, precision: string | undefined, letter: string | undefined) => {
    if (whole === '%%') return '%';
    if (letter === undefined || letter === '') throw new Fault('unexpected end of string');
    if (!'sdfexXob'.includes(letter)) {
      throw new Fault(`could not parse formatting clause: unrecognized formatting clause "${letter}"`);
    }
    return write({ letter, precision: Math.min(MAX_PRECISION, Number(precision ?? DEFAULT_PRECISION)) });
  });
}

function formatClause(budget: Budget, { letter, precision }: Clause, value: Value): string {
  switch (letter) {
    case 's':
      return formatAny(budget, value);
    case 'd':
      return integerOf(value, 'decimal clause can only be used on integers').toString();
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return integerOf(value, 'only integers and bools can be formatted as binary').toString(2);
    case 'o':
      return integerOf(value, 'octal clause can only be used on integers').toString(8);
    case 'f':
      return formatFixed(doubleOf(value, 'fixed-point'), precision);
    case 'e':
      return formatScientific(doubleOf(value, 'scientific'), precision);
    default:
      return formatHex(value, letter === 'X');
  }
}

function integerOf(value: Value, rule: string): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return value.value;
  throw new Fault(`error during formatting: ${rule}, was given ${typeNameOf(value)}`);
}

function doubleOf(value: Value, clause: string): number {
  const named = typeof value === 'string' ? NAMES.get(value) : value;
  if (typeof named === 'number') return named;
  throw new Fault(
    `error during formatting: ${clause} clause can only be used on doubles, was given ${typeNameOf(value)}`,
  );
}

function formatHex(value: Value, upper: boolean): string {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const text =
    bytes instanceof Uint8Array
      ? Buffer.from(bytes).toString('hex')
      : integerOf(bytes, 'only integers, byte buffers, and strings can be formatted as hex').toString(16);
  return upper ? text.toUpperCase() : text;
}

function formatFixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  const [whole = '', fraction] = roundEven(value, precision).split('.');
  const grouped = whole.replace(/\B(?=(?:[0-9]{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Go rounds a tie to the even digit, JavaScript away from zero. */
function roundEven(value: number, precision: number): string {
  const rounded = value.toFixed(precision);
  const exact = value.toFixed(Math.min(MAX_PRECISION, precision + 30));
  const tail = exact.slice(exact.indexOf('.') + 1 + precision);
  const isTie = /^50*$/.test(tail);
  if (!isTie || Number(rounded.at(-1)) % 2 === 0) return rounded;
  return exact.slice(0, exact.indexOf('.') + (precision === 0 ? 0 : 1 + precision));
}

/** The API server takes what is meant as a precision for the width: six digits always, spaces before what is shorter. */
function formatScientific(value: number, width: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value).padStart(width);
  const [digits = '', exponent = ''] = value.toExponential(DEFAULT_PRECISION).split('e');
  const size = exponent.slice(1).padStart(2, '0');
  const raised = [...size].map((digit) => SUPERSCRIPTS[Number(digit)] ?? '').join('');
  return `${digits}×10${exponent.startsWith('-') ? '⁻' : ''}${raised}`;
}

function formatSpecial(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '∞' : '-∞';
}

/** %s: as string() gives it; lists and maps as CEL writes them. */
function formatAny(budget: Budget, value: Value): string {
  budget.spend(1);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint' || value === null) return String(value);
  if (typeof value === 'number') return formatDouble(value);
  if (value instanceof Uint) return value.value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.name;
  return formatAggregate(budget, value);
}

function formatAggregate(budget: Budget, value: Value): string {
  if (Array.isArray(value)) return `[${value.map((item) => formatElement(budget, item)).join(', ')}]`;
  if (!isMap(value)) {
    throw new Fault(
      `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`,
    );
  }
  const entries = entriesOf(budget, value).map(
    ([key, inner]) => `${formatElement(budget, key)}:${formatElement(budget, inner)}`,
  );
  return `{${entries.sort().join(', ')}}`;
}

function formatElement(budget: Budget, value: Value): string {
  if (typeof value === 'string') return quote(value);
  if (value instanceof Uint8Array) return `b${quote(Buffer.from(value).toString())}`;
  if (value instanceof Timestamp) return `timestamp("${formatTimestamp(value)}")`;
  if (value instanceof Duration) return `duration("${formatDuration(value)}")`;
  if (typeof value !== 'number') return formatAny(budget, value);
  return Number.isFinite(value) ? value.toFixed(DEFAULT_PRECISION) : `"${formatDouble(value)}"`;
}
