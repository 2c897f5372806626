import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import t from 'tap';
import { CallerGone, requestBody } from '../../../src/proxy/body.ts';

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
