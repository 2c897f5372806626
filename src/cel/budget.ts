// What one evaluation may cost. The API server allows 1,000,000 units per expression, which it calls about 100 ms (pkg/apis/cel/config.go:
// PerCallLimit); here a unit is a call, a round of a loop or about ten characters looked at, and the clock is asked too.

/** Units that one evaluation may spend. */
export const MAX_STEPS = 1_000_000;
/** Milliseconds of this thread's CPU time that one evaluation may take: what others do with the machine doesn't count. */
export const MAX_EVALUATION_MS = 100;

/** Steps before the clock is looked at for the first time (which starts it), and between two looks. */
const STEPS_TO_FIRST_LOOK = 1_000;
const STEPS_PER_LOOK = 2_000;
const CHARACTERS_PER_STEP = 10;

/** Thrown when a budget is spent. Nothing in an expression absorbs it. */
export class Exhausted {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export interface Limits {
  /** Units, default MAX_STEPS. */
  readonly maxSteps?: number;
  /** Milliseconds, default MAX_EVALUATION_MS. */
  readonly maxMs?: number;
  /** A clock that never goes back, in milliseconds; default this thread's CPU time. */
  readonly now?: () => number;
}

export class Budget {
  readonly #maxMs: number;
  readonly #now: () => number;
  /** Asked for at the first look only: most expressions end before. */
  #startedAt: number | undefined;
  #left: number;
  #nextLook: number;

  constructor({ maxSteps = MAX_STEPS, maxMs = MAX_EVALUATION_MS, now = threadMs }: Limits = {}) {
    this.#left = maxSteps;
    this.#nextLook = Math.max(0, maxSteps - STEPS_TO_FIRST_LOOK);
    this.#maxMs = maxMs;
    this.#now = now;
  }

  /** Takes steps from the budget. Throws Exhausted. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < this.#nextLook) this.#look();
  }

  /** Takes what it costs to look at so many characters, bytes or elements once. */
  spendOn(length: number): void {
    this.spend(1 + length / CHARACTERS_PER_STEP);
  }

  #look(): void {
    if (this.#left < 0) throw new Exhausted('operation cancelled: actual cost limit exceeded');
    this.#nextLook = Math.max(0, this.#left - STEPS_PER_LOOK);
    const now = this.#now();
    this.#startedAt ??= now;
    if (now - this.#startedAt > this.#maxMs) throw new Exhausted('operation cancelled: time limit exceeded');
  }
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
