// tr: replaces, deletes or squeezes bytes.

import type { Process, Program } from '../process.ts';
import { define, type Options, UsageError } from './options.ts';
import { byteString } from './texts.ts';

const SETS: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  upper: /[A-Z]/,
  space: /[ \t-\r]/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  cntrl: /\p{Cc}/u,
  xdigit: /[0-9A-Fa-f]/,
};
const BYTES = Array.from({ length: 256 }, (_none, code) => String.fromCharCode(code));
const LETTERS: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  b: '\b',
};

/** The bytes of a `tr` set: ranges, classes and escapes written out. */
function setOf(text: string): readonly string[] {
  const plain = byteString(text);
  const out: string[] = [];
  for (let at = 0; at < plain.length; ) {
    const rest = plain.slice(at, at + 16);
    const named = /^\[:([a-z]+):\]/.exec(rest);
    const matcher = SETS[named?.[1] ?? ''];
    if (named !== null && matcher !== undefined) {
      out.push(...BYTES.filter((byte) => matcher.test(byte)));
      at += named[0].length;
      continue;
    }
    const one = /^(?:\\([0-7]{1,3})|\\(.)|([\s\S]))/.exec(rest);
    const byte =
      one?.[1] !== undefined
        ? String.fromCharCode(Number.parseInt(one[1], 8) & 255)
        : one?.[2] !== undefined
          ? (LETTERS[one[2]] ?? one[2])
          : (one?.[3] ?? '');
    at += one?.[0].length ?? 1;
    const top = plain[at] === '-' ? plain[at + 1] : undefined;
    if (top === undefined) {
      out.push(byte);
    } else {
      for (let code = byte.charCodeAt(0); code <= top.charCodeAt(0); code += 1)
        out.push(String.fromCharCode(code));
      at += 2;
    }
  }
  return out;
}

async function tr(process: Process, { flags, operands }: Options): Promise<number> {
  const [from, to] = operands;
  if (from === undefined || (to === undefined && !flags.has('d') && !flags.has('s'))) {
    throw new UsageError('missing operand');
  }
  const named = setOf(from);
  const complement = flags.has('c') || flags.has('C');
  const set = new Set(complement ? BYTES.filter((byte) => !named.includes(byte)) : named);
  const target = to === undefined ? [] : setOf(to);
  const map = Buffer.from(BYTES.join(''), 'latin1');
  if (!flags.has('d') && target.length > 0) {
    for (const [index, byte] of [...set].entries()) {
      map[byte.charCodeAt(0)] = (target[index] ?? target.at(-1) ?? byte).charCodeAt(0);
    }
  }
  const dropped = new Set(flags.has('d') ? [...set].map((byte) => byte.charCodeAt(0)) : []);
  const squeezed = flags.has('s')
    ? new Set((target.length > 0 ? target : [...set]).map((one) => one.charCodeAt(0)))
    : undefined;
  let last = -1;
  for (;;) {
    const chunk = await process.read();
    if (chunk === undefined) return 0;
    const out = Buffer.allocUnsafe(chunk.length);
    let end = 0;
    for (const byte of chunk) {
      if (dropped.has(byte)) continue;
      const mapped = map[byte] ?? byte;
      if (mapped === last && squeezed?.has(mapped) === true) continue;
      last = mapped;
      out[end++] = mapped;
    }
    if (end > 0) await process.write(out.subarray(0, end));
  }
}

/** The program. */
export const TR: Program = define({ usage: '[-cds] SET1 [SET2]', letters: '+cCds' }, tr);
