// Streams of HTTP/2 that are opened and reset, by the caller or by us, after the advisories that named such floods.

import { cancel, each, empty, FLOOD, type Flood, type Floods, idOf, stranger, times } from './h2floods.ts';
import { FLAG, frame, headers, numbered, TYPE } from './h2frames.ts';

/** Streams of one connection: serverlimits.ts. */
const MAX_STREAMS = 1000;
/** Frames for which a stream is reset by us: serverlimits.ts. */
const MAX_INVALID_FRAMES = 100;

const RAPID = 'HTTP/2 rapid reset (CVE-2023-44487)';
const MADE = 'HTTP/2 MadeYouReset (CVE-2025-8671)';
const RESETS = 'HTTP/2 flood of frames that are answered with resets (CVE-2019-9514)';

/** All of them, of a caller with a token unless they say otherwise. */
export function resetFloods({ post, watch }: Floods): readonly Flood[] {
  return [
    [RAPID, 'requests of a caller', each(1500, watch(), cancel), 'ended', 1.2 * MAX_STREAMS],
    [RAPID, 'requests of a stranger', each(1500, stranger, cancel), 'ended', 0],
    [
      RAPID,
      'one stream is reset on and on',
      [headers(1, watch()), ...times(FLOOD, () => cancel(1))],
      'ended',
      1,
    ],

    [
      MADE,
      'a window that grows by nothing',
      each(1500, watch(), (id) => numbered(TYPE.WINDOW_UPDATE, id, 0)),
      'ended',
      MAX_INVALID_FRAMES,
    ],
    [
      MADE,
      'a window above its limit',
      each(1500, watch(), (id) => numbered(TYPE.WINDOW_UPDATE, id, 2 ** 31 - 1)),
      'ended',
      MAX_INVALID_FRAMES,
    ],
    [
      MADE,
      'PRIORITY of a wrong length',
      each(1500, watch(), (id) => frame(TYPE.PRIORITY, 0, id, Buffer.alloc(4))),
      'ended',
      MAX_INVALID_FRAMES,
    ],
    [
      MADE,
      'DATA after the end',
      each(1500, watch(), (id) => frame(TYPE.DATA, 0, id, Buffer.alloc(1))),
      'ended',
      MAX_INVALID_FRAMES,
    ],
    [
      MADE,
      'HEADERS after the end',
      each(1500, watch(), (id) => headers(id, watch())),
      'ended',
      MAX_INVALID_FRAMES,
    ],
    [
      MADE,
      'less of a body than announced',
      each(
        3000,
        post(['content-length', '5']),
        (id) => frame(TYPE.DATA, FLAG.END_STREAM, id, Buffer.from('x')),
        0,
      ),
      'ended',
      2 * MAX_INVALID_FRAMES,
    ],
    [
      MADE,
      'more of a body than announced',
      each(1500, post(['content-length', '1']), (id) => frame(TYPE.DATA, 0, id, Buffer.alloc(9)), 0),
      'ended',
      2 * MAX_INVALID_FRAMES,
    ],
    [
      MADE,
      'trailers with a pseudo header',
      each(1500, post(), (id) => headers(id, [':path', '/x']), 0),
      'ended',
      2 * MAX_INVALID_FRAMES,
    ],

    [
      RESETS,
      'requests that are malformed',
      times(1500, (i) => headers(idOf(i), watch(['connection', 'close']))),
      'ended',
      0,
    ],
    [
      RESETS,
      'DATA on streams that were never opened',
      times(FLOOD, (i) => empty(TYPE.DATA, idOf(i))),
      'ended',
      0,
    ],
  ];
}
