// Reads what a browser or curl sent: a form in a request's body.

import type { Context } from './library.ts';

/** Bytes: our forms have a few short fields. */
const MAX_BODY_BYTES = 16 * 1024;

/** Reads a form (application/x-www-form-urlencoded); no body at all is an empty one. Throws what Koa answers with 413 or 415. */
export async function readForm(ctx: Context): Promise<URLSearchParams> {
  const type = ctx.get('content-type').split(';')[0]?.trim().toLowerCase();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) ctx.throw(413, 'the form is too large');
    chunks.push(chunk);
  }
  if (size > 0 && type !== 'application/x-www-form-urlencoded')
    ctx.throw(415, 'only forms are understood: application/x-www-form-urlencoded');
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
