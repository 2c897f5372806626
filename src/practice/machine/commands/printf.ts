// printf(1), and the backslash escapes that echo -e has too.

import type { Process, Program } from '../process.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};
const MAX_WIDTH = 100_000;

/** Backslash escapes as latin1 bytes; `stop` when there was `\c`. */
export function unescaped(text: string): { readonly bytes: string; readonly stop: boolean } {
  const utf8 = Buffer.from(text, 'utf8').toString('latin1');
  const end = /(?<!\\)(?:\\\\)*\\c/.exec(utf8);
  const kept = end === null ? utf8 : utf8.slice(0, end.index + end[0].length - 2);
  const bytes = kept.replace(
    /\\(?:0?([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|([abefnrtv\\"]))/g,
    (_all, octal: string | undefined, hex: string | undefined, letter: string) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
      return hex === undefined ? (ESCAPES[letter] ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
    },
  );
  return { bytes, stop: end !== null };
}

/** printf(1): the format is used again while arguments are left. */
async function printf(process: Process): Promise<number> {
  const [format, ...args] = process.args[0] === '--' ? process.args.slice(1) : process.args;
  if (format === undefined) {
    await process.warn('usage: printf format [arg ...]');
    return 2;
  }
  const state = { args, code: 0, stop: false };
  do {
    const before = state.args.length;
    const text = await formatted(process, format, state);
    await process.write(Buffer.from(text, 'latin1'));
    if (state.args.length === before) break;
  } while (state.args.length > 0 && !state.stop);
  return state.code;
}

interface FormatState {
  readonly args: string[];
  code: number;
  stop: boolean;
}

async function formatted(process: Process, format: string, state: FormatState): Promise<string> {
  let out = '';
  let end = 0;
  for (const found of format.matchAll(/%(?:%|([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d*))?([a-zA-Z])?)/g)) {
    const literal = unescaped(format.slice(end, found.index));
    out += literal.bytes;
    end = found.index + found[0].length;
    if (literal.stop || state.stop) {
      state.stop = true;
      return out;
    }
    if (found[0] === '%%') {
      out += '%';
      continue;
    }
    const [, flags = '', width, precision, kind] = found;
    const number = (text: string | undefined) =>
      text === undefined
        ? undefined
        : Math.min(MAX_WIDTH, Number((text === '*' ? state.args.shift() : text) ?? 0) || 0);
    const wide = number(width) ?? 0;
    const exact = number(precision);
    if (kind === undefined || !'sbcdiuoxXfeEgG'.includes(kind)) {
      await process.warn(`%${kind ?? ''}: invalid directive`);
      state.code = 1;
      state.stop = true;
      return out;
    }
    const arg = state.args.shift();
    out += padded(await converted(process, kind, { arg, exact, flags, state }), wide, flags, kind);
  }
  const literal = unescaped(format.slice(end));
  state.stop ||= literal.stop;
  return out + literal.bytes;
}

async function converted(
  process: Process,
  kind: string,
  {
    arg,
    exact,
    flags,
    state,
  }: { arg: string | undefined; exact: number | undefined; flags: string; state: FormatState },
): Promise<string> {
  if (kind === 's')
    return Buffer.from(arg ?? '')
      .toString('latin1')
      .slice(0, exact);
  if (kind === 'c')
    return Buffer.from(arg ?? '')
      .toString('latin1')
      .slice(0, 1);
  if (kind === 'b') {
    const { bytes, stop } = unescaped(arg ?? '');
    state.stop ||= stop;
    return bytes.slice(0, exact);
  }
  const text = (arg ?? '0').trim();
  const value = /^["']./.test(text) ? (text.codePointAt(1) ?? 0) : Number(text === '' ? '0' : text);
  if (Number.isNaN(value)) {
    await process.warn(`${arg}: expected numeric value`);
    state.code = 1;
  }
  const number = Number.isNaN(value) ? Number.parseInt(text, 10) || 0 : value;
  return numberText(kind, number, flags, exact);
}

function numberText(kind: string, number: number, flags: string, exact: number | undefined): string {
  const sign = flags.includes('+') && number >= 0 ? '+' : flags.includes(' ') && number >= 0 ? ' ' : '';
  const whole = BigInt.asUintN(64, BigInt(Math.trunc(Number.isFinite(number) ? number : 0)));
  const mark = (text: string) => (flags.includes('#') ? text : '');
  switch (kind) {
    case 'o':
      return mark('0') + whole.toString(8);
    case 'x':
      return mark('0x') + whole.toString(16);
    case 'X':
      return mark('0X') + whole.toString(16).toUpperCase();
    case 'u':
      return whole.toString();
    case 'f':
      return sign + number.toFixed(Math.min(100, exact ?? 6));
    case 'e':
    case 'E': {
      const shown = number.toExponential(Math.min(100, exact ?? 6)).replace(/e([-+])(\d)$/, 'e$10$2');
      return sign + (kind === 'E' ? shown.toUpperCase() : shown);
    }
    case 'g':
    case 'G':
      return sign + String(Number(number.toPrecision(Math.min(100, Math.max(1, exact ?? 6)))));
    default: {
      const digits = Math.trunc(Math.abs(number))
        .toString()
        .padStart(exact ?? 0, '0');
      return `${number < 0 ? '-' : sign}${digits}`;
    }
  }
}

function padded(text: string, width: number, flags: string, kind: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || 'sbc'.includes(kind)) return text.padStart(width);
  const sign = /^[-+ ]/.test(text) ? text.slice(0, 1) : '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

/** The program. */
export const PRINTF: Program = { usage: 'FORMAT [ARG]...', run: printf };
