// Keeps so many workers running: begins with all of them, puts another in the place of one that ends, and ends with the last. How a worker is
// started is not known here. A worker that dies before it serves is the configuration's or the machine's fault: at the start that ends it
// all with what the worker said, later it is tried again, less and less often, while others serve.

import { afterDelay, type SetTimer } from '../delay.ts';
import type { Answers, FromWorker, Question, ToWorker } from './messages.ts';
import { type Asked, createQuestions, type Questions } from './questions.ts';

/** Replacements begin at least so far apart. ms. */
const REPLACE_MS = 1_000;
/** … and no further apart than this, after several that could not start. ms. */
const MAX_REPLACE_MS = 30_000;

/** A worker process as seen from outside. */
export interface Hand {
  readonly pid: number;
  send(message: ToWorker): void;
  /** Ends it at once. */
  kill(): void;
}

/** Starts worker `number`, which is told so; messages and the end, which comes once, are to be handed on. */
export type Fork = (number: number, hear: (message: FromWorker) => void, end: (how: End) => void) => Hand;

/** How a process ended: its exit code, or the signal that ended it. */
export interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

/** One worker. `number` is its place, from 1, which its replacement takes over; `serial` is its own. */
export interface Member {
  readonly number: number;
  readonly serial: number;
  readonly hand: Hand;
  serving: boolean;
  /** Why it could not start, in its own words. */
  lines: readonly string[];
}

export interface CrewObserver {
  onServing(member: Member): void;
  onLast(member: Member, metrics: Answers['metrics']): void;
  /** `replacedInMs` is undefined when no other takes its place. */
  onEnd(member: Member, how: End, replacedInMs: number | undefined): void;
}

export interface CrewDeps {
  readonly size: number;
  readonly fork: Fork;
  readonly observer: CrewObserver;
  readonly now: () => number;
  readonly setTimer?: SetTimer;
}

export interface Crew {
  /** Starts all. @returns the URL that they serve. @throws CrewFailed when one could not; none is left then. */
  start(): Promise<string>;
  readonly serving: () => number;
  reload(): void;
  /** Gives all the keys of session tickets from now on; later workers have them from their beginning. */
  setTicketKeys(keys: Buffer): void;
  /** Lets all drain. Resolves when the last has ended, @throws CrewFailed when one did so in another way than it should. */
  stop(): Promise<void>;
  /** Ends all at once. */
  kill(): void;
  /** Asks all that serve; those that end meanwhile are left out. */
  ask<Q extends Question>(question: Q, timeoutMs: number): Promise<readonly Asked<Member, Q>[]>;
  /** Rejects with CrewFailed when, later than at the start, no worker is left and none can be started. */
  readonly failed: Promise<never>;
}

/** Why there is nobody to serve; each line is for people. */
export class CrewFailed extends Error {
  readonly lines: readonly string[];
  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

interface State {
  readonly deps: CrewDeps;
  readonly members: Map<number, Member>;
  readonly questions: Questions<Member>;
  /** Cancels what waits for its time to start. */
  readonly waiting: Set<() => void>;
  phase: 'starting' | 'running' | 'stopping' | 'over';
  serial: number;
  /** Replacements since the last one that came to serve. */
  failures: number;
  replacedAt: number;
  /** What ended badly while all should end. */
  readonly bad: string[];
  readonly started: PromiseWithResolvers<string>;
  readonly stopped: PromiseWithResolvers<void>;
  readonly failed: PromiseWithResolvers<never>;
}

/** Makes a crew; nobody works yet. */
export function createCrew(deps: CrewDeps): Crew {
  const state: State = {
    deps,
    members: new Map(),
    questions: createQuestions(deps.setTimer),
    waiting: new Set(),
    phase: 'starting',
    serial: 0,
    failures: 0,
    replacedAt: Number.NEGATIVE_INFINITY,
    bad: [],
    started: Promise.withResolvers(),
    stopped: Promise.withResolvers(),
    failed: Promise.withResolvers(),
  };
  // Who starts or stops the crew hears of it there; nobody needs to listen everywhere.
  for (const { promise } of [state.started, state.stopped, state.failed]) promise.catch(() => {});
  const tell = (message: ToWorker) => {
    for (const { hand } of state.members.values()) hand.send(message);
  };
  return {
    start() {
      for (let number = 1; number <= deps.size; number++) engage(state, number);
      return state.started.promise;
    },
    serving: () => servingOf(state).length,
    reload: () => tell({ postern: 'reload' }),
    setTicketKeys: (keys) => tell({ postern: 'tickets', ticketKeys: keys.toString('base64') }),
    stop() {
      if (state.phase === 'over') return state.stopped.promise;
      state.phase = 'stopping';
      cancelWaiting(state);
      tell({ postern: 'stop' });
      if (state.members.size === 0) state.stopped.resolve();
      return state.stopped.promise;
    },
    kill: () => killAll(state),
    ask: (question, timeoutMs) => state.questions.ask(servingOf(state), question, timeoutMs),
    failed: state.failed.promise,
  };
}

function servingOf({ members }: State): Member[] {
  return [...members.values()].filter(({ serving }) => serving);
}

function engage(state: State, number: number): void {
  const serial = ++state.serial;
  const hand = state.deps.fork(
    number,
    (message) => hear(state, member, message),
    (how) => end(state, member, how),
  );
  const member: Member = { number, serial, hand, serving: false, lines: [] };
  state.members.set(number, member);
}

function hear(state: State, member: Member, message: FromWorker): void {
  const { observer, size } = state.deps;
  switch (message.postern) {
    case 'serving':
      member.serving = true;
      state.failures = 0;
      observer.onServing(member);
      if (state.phase !== 'starting' || servingOf(state).length < size) return;
      state.phase = 'running';
      state.started.resolve(message.url);
      return;
    case 'failed':
      member.lines = message.lines;
      return;
    case 'last':
      observer.onLast(member, message.metrics);
      return;
    case 'answer':
      state.questions.answered(message.id, message.answer);
  }
}

function end(state: State, member: Member, how: End): void {
  const { members, questions, deps, bad, stopped } = state;
  members.delete(member.number);
  questions.ended(member);
  const delayMs = state.phase === 'running' ? replaceIn(state, member) : undefined;
  deps.observer.onEnd(member, how, delayMs);
  if (state.phase === 'stopping') {
    if (how.code !== 0) bad.push(`${describe(member, how)} while it shut down`);
    if (members.size > 0) return;
    if (bad.length === 0) stopped.resolve();
    else stopped.reject(new CrewFailed(bad));
  } else if (delayMs === undefined && state.phase !== 'over') {
    fail(state, member.lines.length > 0 ? member.lines : [`${describe(member, how)} before it served`]);
  } else if (delayMs !== undefined) {
    replace(state, member.number, delayMs);
  }
  if (state.phase === 'over' && members.size === 0) stopped.resolve();
}

/** When another may take its place; undefined when that would be in vain. */
function replaceIn(state: State, { serving }: Member): number | undefined {
  if (!serving) {
    if (servingOf(state).length === 0) return undefined;
    state.failures++;
  }
  const pauseMs = Math.min(MAX_REPLACE_MS, REPLACE_MS * 2 ** state.failures);
  return Math.max(0, state.replacedAt + pauseMs - state.deps.now());
}

function replace(state: State, number: number, delayMs: number): void {
  state.replacedAt = state.deps.now() + delayMs;
  const begin = () => {
    state.waiting.delete(cancel);
    engage(state, number);
  };
  const cancel = afterDelay(delayMs, begin, state.deps.setTimer);
  state.waiting.add(cancel);
}

function fail(state: State, lines: readonly string[]): void {
  const { phase, started, failed } = state;
  killAll(state);
  (phase === 'starting' ? started : failed).reject(new CrewFailed(lines));
}

function killAll(state: State): void {
  state.phase = 'over';
  cancelWaiting(state);
  for (const { hand } of state.members.values()) hand.kill();
}

function cancelWaiting({ waiting }: State): void {
  for (const cancel of waiting) cancel();
  waiting.clear();
}

function describe({ number, hand }: Member, { code, signal }: End): string {
  return `postern serve: worker ${number} (process ${hand.pid}) ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`;
}
