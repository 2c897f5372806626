// The work queue between the store and the controllers (client-go util/workqueue, in small). Watchers are called within a write, so they
// only name what to look at; it is looked at in a later turn, once however often it was named, and again after a while when that failed.

/** What a controller looks at: one object. */
export interface Work {
  readonly controller: string;
  readonly namespace: string;
  readonly name: string;
}

/** What the queue takes from outside. */
export interface QueueSurroundings {
  readonly now: () => number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Looks at one object; may throw. */
  readonly handle: (work: Work) => void;
  readonly onError: (error: unknown, work: Work) => void;
}

/** The queue. */
export interface Queue {
  /** Names what to look at, at once or after `afterMs`. */
  readonly add: (work: Work, afterMs?: number) => void;
  /** Forgets everything; nothing is handled from now on. */
  readonly stop: () => void;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 30_000;
/** So many objects a turn, so that a flood of them does not keep connections waiting. */
const PER_TURN = 50;

/** Makes a queue that works in turns of the event loop. */
export function createQueue(surroundings: QueueSurroundings): Queue {
  const state: State = {
    ...{ surroundings, ready: new Map(), due: new Map(), failures: new Map() },
    turn: undefined,
    stopped: false,
  };
  return {
    add: (work, afterMs = 0) => add(state, work, afterMs),
    stop: () => {
      state.stopped = true;
      if (state.turn !== undefined) clearImmediate(state.turn);
      for (const { cancel } of state.due.values()) cancel.abort();
      state.ready.clear();
      state.due.clear();
    },
  };
}

interface State {
  readonly surroundings: QueueSurroundings;
  readonly ready: Map<string, Work>;
  /** ms since the epoch. */
  readonly due: Map<string, { readonly at: number; readonly cancel: AbortController }>;
  /** How often in a row it went wrong. */
  readonly failures: Map<string, number>;
  turn: NodeJS.Immediate | undefined;
  stopped: boolean;
}

function add(state: State, work: Work, afterMs: number): void {
  if (state.stopped) return;
  const key = `${work.controller}/${work.namespace}/${work.name}`;
  if (afterMs > 0) {
    addLater(state, key, work, afterMs);
    return;
  }
  state.ready.set(key, work);
  state.turn ??= setImmediate(run, state);
}

function addLater(state: State, key: string, work: Work, afterMs: number): void {
  const { now, delay } = state.surroundings;
  const at = now() + afterMs;
  const earlier = state.due.get(key);
  if (earlier !== undefined && earlier.at <= at) return;
  earlier?.cancel.abort();
  const cancel = new AbortController();
  state.due.set(key, { at, cancel });
  void delay(afterMs, cancel.signal).then(() => {
    if (cancel.signal.aborted) return;
    state.due.delete(key);
    add(state, work, 0);
  });
}

function run(state: State): void {
  state.turn = undefined;
  for (const [key, work] of [...state.ready].slice(0, PER_TURN)) {
    state.ready.delete(key);
    attempt(state, key, work);
    if (state.stopped) return;
  }
  if (state.ready.size > 0) state.turn ??= setImmediate(run, state);
}

function attempt(state: State, key: string, work: Work): void {
  try {
    state.surroundings.handle(work);
    state.failures.delete(key);
  } catch (error) {
    const count = (state.failures.get(key) ?? 0) + 1;
    state.failures.set(key, count);
    state.surroundings.onError(error, work);
    add(state, work, Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LAST_RETRY_MS));
  }
}
