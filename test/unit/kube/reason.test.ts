// A reason at the beginning of a path: taken off, decoded once, and refused when it could be read in two ways.

import t from 'tap';
import { takeReason } from '../../../src/kube/reason.ts';

const TAKEN: readonly (readonly [target: string, reason: string, rest: string])[] = [
  ['/api/v1/pods', '', '/api/v1/pods'],
  ['/reason/INC-42/api/v1/pods?watch=1', 'INC-42', '/api/v1/pods?watch=1'],
  ['/reason/disk%20is%20full/api/v1/pods', 'disk is full', '/api/v1/pods'],
  ['/reason/a+b/api', 'a+b', '/api'],
  ['/reason/%E2%9C%93/api', '✓', '/api'],
  ['/reason/a%2Fb/api', 'a/b', '/api'],
  ['/reason/INC-42', 'INC-42', '/'],
  ['/reason/INC-42?x=1', 'INC-42', '/?x=1'],
  ['/reason/INC-42/', 'INC-42', '/'],
  ['/reasons/a/api', '', '/reasons/a/api'],
  ['/reason', '', '/reason'],
];
for (const [target, reason, rest] of TAKEN)
  t.test(target, async (t) => t.strictSame(takeReason(target), { ok: true, reason, rest }));

const REFUSED: readonly (readonly [target: string, detail: RegExp])[] = [
  ['/reason//api', /empty/],
  ['/reason/%20/api', /empty/],
  ['/reason/', /empty/],
  ['/reason/a/reason/b/api', /twice/],
  ['/reason/%zz/api', /malformed/],
  ['/reason/%ff/api', /malformed/],
  ['/reason/a%0Ab/api', /control/],
  ['/reason/a%1B%5B2Jb/api', /control/],
  ['/reason/a%E2%80%AEb/api', /control/],
  [`/reason/${'x'.repeat(257)}/api`, /256/],
];
for (const [target, detail] of REFUSED)
  t.test(`${target.slice(0, 40)} is refused`, async (t) =>
    t.match(takeReason(target), { ok: false, detail }),
  );
