// base64 and checksums.

import { createHash } from 'node:crypto';
import type { Process, Program, Source } from '../process.ts';
import { define, type Options, openOperand, readCount } from './options.ts';
import { eachInput, linesOf } from './texts.ts';

async function base64(process: Process, { flags, values, operands }: Options): Promise<number> {
  const wrap = readCount(values.get('w') ?? '76');
  const source = openOperand(process, operands[0] ?? '-');
  if (flags.has('d')) return decodeBase64(process, source);
  let rest: Buffer = Buffer.alloc(0);
  let column = 0;
  const put = async (text: string) => {
    if (wrap === 0) return process.write(text);
    let out = '';
    for (let at = 0; at < text.length; ) {
      const part = text.slice(at, at + wrap - column);
      out += part;
      at += part.length;
      column += part.length;
      if (column < wrap) continue;
      out += '\n';
      column = 0;
    }
    await process.write(out);
  };
  for (;;) {
    const chunk = await process.read(source);
    if (chunk === undefined) break;
    const all = Buffer.concat([rest, chunk]);
    const whole = all.length - (all.length % 3);
    rest = all.subarray(whole);
    await put(all.subarray(0, whole).toString('base64'));
  }
  await put(rest.toString('base64'));
  if (column > 0) await process.write('\n');
  return 0;
}

async function decodeBase64(process: Process, source: Source): Promise<number> {
  let rest = '';
  for (;;) {
    const chunk = await process.read(source);
    const text = rest + (chunk?.toString('latin1').replace(/[\r\n]/g, '') ?? '');
    const whole = chunk === undefined ? text.length : text.length - (text.length % 4);
    const part = text.slice(0, whole);
    rest = text.slice(whole);
    if (/[^A-Za-z0-9+/=]/.test(part) || (chunk === undefined && part.length % 4 !== 0)) {
      await process.warn('invalid input');
      return 1;
    }
    if (part !== '') await process.write(Buffer.from(part, 'base64'));
    if (chunk === undefined) return 0;
  }
}

function digest(algorithm: string): Program {
  return define({ usage: '[-c] [FILE]...', letters: 'cbt' }, async (process, { flags, operands }) => {
    const sum = async (source: Source) => {
      const hash = createHash(algorithm);
      for (;;) {
        const chunk = await process.read(source);
        if (chunk === undefined) return hash.digest('hex');
        hash.update(chunk);
      }
    };
    let wrong = 0;
    const code = await eachInput(process, operands, async (source, name) => {
      if (!flags.has('c')) return process.write(`${await sum(source)}  ${name}\n`);
      for await (const line of linesOf(process, source)) {
        const found = /^([0-9a-f]+) [ *](.*)$/.exec(Buffer.from(line, 'latin1').toString('utf8'));
        if (found === null) continue;
        const same = (await sum(openOperand(process, found[2] ?? ''))) === found[1];
        wrong += same ? 0 : 1;
        await process.write(`${found[2]}: ${same ? 'OK' : 'FAILED'}\n`);
      }
    });
    if (wrong > 0) await process.warn(`WARNING: ${wrong} computed checksum did NOT match`);
    return wrong > 0 ? 1 : code;
  });
}

/** Name → program. */
export const ENCODE_PROGRAMS: readonly (readonly [string, Program])[] = [
  [
    'base64',
    define({ usage: '[-d] [-w N] [FILE]', letters: 'dw:', long: { decode: 'd', wrap: 'w' } }, base64),
  ],
  ['sha256sum', digest('sha256')],
  ['sha1sum', digest('sha1')],
  ['md5sum', digest('md5')],
];
