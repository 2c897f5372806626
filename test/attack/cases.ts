// How the cases of this directory are judged, said once: a request that is refused reaches nobody, a request that breaks off reaches nobody whole,
// and what is forwarded is exactly one request.

import type { Test } from 'tap';
import type { Facts } from '../reliability/facts.ts';
import { refusalIn } from './answers.ts';
import { attempt } from './caller.ts';
import type { Ground } from './gate.ts';
import type { RecordedRequest } from './recorded.ts';

/** Makes the bytes of a case; `hidden` is what must never arrive as a request of its own. */
export type Bytes = (hidden: string) => string | Buffer | readonly (string | Buffer)[];
/** `status` is the one that a refusal has; default 400. */
export type Row = readonly [name: string, bytes: Bytes, status?: number];

let count = 0;

/** A name that nothing else in this process has. */
export function marker(): string {
  return `hidden-${process.pid}-${++count}`;
}

/** Each is answered once, with a Status, the connection ends, and nothing has reached the upstream. */
export async function refuses(
  { attack }: Facts,
  kind: string,
  ground: Ground,
  rows: readonly Row[],
): Promise<void> {
  for (const [name, bytes, status = 400] of rows)
    await attack(kind, `${name} is refused, and the connection ends`, async (t) => {
      const hidden = marker();
      const got = await ground.reachesNobody(t, hidden, () => attempt(ground.gate, bytes(hidden)));
      t.same(
        got.answers.map(refusalIn),
        [{ ...{ status, code: status }, kind: 'Status', cause: /./ }].map((wanted) => ({
          ...wanted,
          cause: refusalIn(got.answers[0] ?? NONE).cause,
        })),
        'one answer, a Status',
      );
      t.equal(got.rest.length, 0, 'and nothing after it');
      t.equal(got.malformed, '');
    });
}

/** The head of each is good and its body is not: the upstream never has it whole, nor what hides in it, and the caller sees no success. */
export async function breaksOff(
  { attack }: Facts,
  kind: string,
  ground: Ground,
  rows: readonly Row[],
): Promise<void> {
  for (const [name, bytes] of rows)
    await attack(kind, `${name} ends the connection, and no request is whole`, async (t) => {
      const hidden = marker();
      const before = ground.upstream.requests().length;
      const got = await attempt(ground.gate, bytes(hidden));
      await ground.settle();
      t.equal(ground.upstream.requests().length - before, 1, 'only the settling one is whole');
      t.notOk(ground.upstream.reached(hidden), 'what hides in it is nowhere');
      t.ok(got.answers.length <= 1, 'one answer at most');
      for (const { status } of got.answers) t.equal(status, 400);
      t.equal(got.rest.length, 0);
      t.equal(got.malformed, '');
    });
}

/** What has been forwarded on its way: the requests that came while `act` ran. */
export async function forwarded<T>(
  ground: Ground,
  act: () => Promise<T>,
): Promise<{ readonly result: T; readonly requests: readonly RecordedRequest[] }> {
  const before = ground.upstream.requests().length;
  const result = await act();
  await ground.settle();
  return { result, requests: ground.upstream.requests().slice(before, -1) };
}

/** No connection of the upstream carries anything but whole requests, strictly read. */
export function isClean(t: Test, { upstream }: Ground): void {
  for (const { recording } of upstream.connections) t.equal(recording.malformed, '');
}

const NONE = { status: 0, reason: '', lines: [], body: Buffer.alloc(0), untilClose: false };
