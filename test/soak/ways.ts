// Every way in which a session ends that one of its two sides ends, or that never becomes one: a table of what is done, and of what the gate has to
// call it. field-lessons.md S39: resets in each phase (before the head, after the 101, half-closed).

import { EARLY_WAYS } from './earlyways.ts';
import type { Way } from './rounds.ts';
import { SESSION_WAYS } from './sessionways.ts';

/** Every way. */
export const WAYS: readonly Way[] = [...SESSION_WAYS, ...EARLY_WAYS];
