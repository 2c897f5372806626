// Relays a response body as it comes: every chunk at once, backpressure kept, constant memory. A body that breaks off upstream breaks off
// downstream too, so that nobody takes half an answer for a whole one.

import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { constants } from 'node:http2';
import type { Readable } from 'node:stream';

export type RawResponse = ServerResponse | Http2ServerResponse;

/** Moves `body` into `response`. `onDone` is called once: without an error when all was handed over. */
export function relayBody(body: Readable, response: RawResponse, onDone: (error?: Error) => void): void {
  const writable = response as ServerResponse;
  body.on('data', (chunk: Buffer) => {
    if (!writable.write(chunk)) body.pause();
  });
  writable.on('drain', () => body.resume());
  body.on('end', () => {
    writable.end();
    onDone();
  });
  body.on('error', (error: Error) => {
    breakOff(response);
    onDone(error);
  });
}

/** Ends a response so that the caller sees that it is incomplete: a closed connection on HTTP/1.1, a reset stream on HTTP/2. */
export function breakOff(response: RawResponse): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}
