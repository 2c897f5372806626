import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import t from 'tap';
import { CallerGone, relayBody, requestBody } from '../../../src/proxy/body.ts';

/** Takes one chunk at a time and only when asked. */
function slowWritable() {
  const waiting: (() => void)[] = [];
  const taken: Buffer[] = [];
  const writable = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, callback) {
      taken.push(chunk);
      waiting.push(callback);
      writable.emit('taken');
    },
  });
  return { writable, taken, next: () => waiting.shift()?.() };
}

t.test('relayBody reads no further than the other side takes', async (t) => {
  let given = 0;
  const body = new Readable({
    highWaterMark: 1,
    read() {
      this.push(given < 100 ? Buffer.from([given++]) : null);
    },
  });
  const { writable, taken, next } = slowWritable();
  const done = new Promise<Error | undefined>((resolve) => relayBody(body, writable as never, resolve));
  await once(writable, 'taken');
  t.ok(given < 10, `${given} of 100 were read`);
  writable.on('taken', () => setImmediate(next));
  next();
  t.equal(await done, undefined);
  await once(writable, 'finish');
  t.same(Buffer.concat(taken), Buffer.from(Array.from({ length: 100 }, (_, i) => i)));
});

t.test('relayBody breaks off what breaks off', async (t) => {
  const body = new PassThrough();
  const { writable } = slowWritable();
  const done = new Promise<Error | undefined>((resolve) => relayBody(body, writable as never, resolve));
  body.destroy(new Error('cut'));
  t.match(await done, { message: 'cut' });
  t.equal(writable.destroyed, true);
  t.equal(writable.writableFinished, false);
});

t.test('requestBody gives every byte and the end', async (t) => {
  const request = new PassThrough();
  const body = requestBody(request);
  request.write('one ');
  request.end('two');
  t.equal(Buffer.concat(await body.toArray()).toString(), 'one two');
});

t.test('requestBody reads nothing before it is read', async (t) => {
  let reads = 0;
  const request = new Readable({
    highWaterMark: 16 * 1024,
    read() {
      reads++;
      this.push(Buffer.alloc(16 * 1024));
    },
  });
  const body = requestBody(request);
  await new Promise((resolve) => setImmediate(resolve));
  const before = reads;
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(reads, before);
  t.ok(reads < 10, `${reads} reads`);
  body.destroy();
  request.destroy();
});

// Node's HTTP/2 requests say `aborted` and then end as if all were well.
t.test('requestBody fails when the caller goes away, before the request ends', async (t) => {
  const request = new PassThrough();
  const body = requestBody(request);
  const failed = once(body, 'error');
  request.write('half');
  request.emit('aborted');
  request.end();
  const [error] = await failed;
  t.ok(error instanceof CallerGone);
  t.equal(body.readableEnded, false);
});

t.test('requestBody fails alone: the request lives on, and what still comes is dropped', async (t) => {
  const request = new PassThrough();
  const body = requestBody(request);
  body.on('error', () => {});
  request.write('some');
  body.destroy(new Error('the API server has answered'));
  if (!body.closed) await new Promise((resolve) => body.once('close', resolve));
  t.equal(request.destroyed, false);
  request.end(Buffer.alloc(1024 * 1024));
  await once(request, 'end');
});
