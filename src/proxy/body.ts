// Relays bodies as they come: every chunk at once, backpressure kept, constant memory. A body that breaks off on one side breaks off on
// the other too, so that nobody takes half of one for a whole one.

import { Readable } from 'node:stream';

/** The caller closed its connection or reset its stream. */
export class CallerGone extends Error {
  readonly code = 'CALLER_GONE';
  constructor() {
    super('the caller went away');
  }
}

/**
 * The request's body as a stream of its own. It fails with CallerGone when the caller goes away (Node's HTTP/2 streams just end then, and
 * half an upload would pass for a whole one). And it can be destroyed alone: destroying a request itself destroys the connection on which
 * the answer is still to be given; what comes after that is read and dropped.
 */
export function requestBody(request: Readable): Readable {
  const onData = (chunk: Buffer) => {
    if (!body.push(chunk)) request.pause();
  };
  const onEnd = () => body.push(null);
  const onGone = () => body.destroy(new CallerGone());
  const body = new Readable({
    read: () => void request.resume(),
    destroy: (error, callback) => {
      request.off('data', onData).off('end', onEnd).off('aborted', onGone).resume();
      callback(error);
    },
  });
  request.on('aborted', onGone).on('error', onGone).on('end', onEnd).on('data', onData);
  request.pause();
  return body;
}
