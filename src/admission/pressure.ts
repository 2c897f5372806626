// Whether this process has more to do than it can. Two signs, looked at ten times a second. While requests wait, sessions are open and the event loop is
// nearly always at work, what waits is begun at a slow, even pace: the rest of the time belongs to keystrokes. Now and then it is tried without. And when
// the loop comes much too late to what is due, no short request is taken, until it has come down far below that.

/** The loop is busy when it was at work for more than this part of the time. */
const BUSY = 0.9;
/** What is paced is tried without after so many samples, and after twice as many when that was too much again. */
const PACED_SAMPLES = 200;
const MAX_PACED_SAMPLES = 600;
/** A try has gone well when the loop had room for so many samples. */
const WELL_SAMPLES = 20;
/** What a sample of the delay weighs against all before it: one long pause says nothing. */
const WEIGHT = 0.4;

/** What one sample says. */
export interface Sample {
  /** How late the loop came to what was due. ms */
  readonly delayMs: number;
  /** The part of the time since the last sample in which the loop was at work, 0 to 1. */
  readonly busy: number;
}

/** What there is at the time of a sample. */
export interface Crowd {
  /** Requests that wait for their turn. */
  readonly waiting: number;
  /** Sessions that are open: whom the pace is for. */
  readonly sessions: number;
}

/** From one sample to the next. */
export class Pressure {
  readonly #limitMs: () => number;
  #delayMs = 0;
  /** Samples until the pace is tried without; and for how many it holds next time. */
  #left = 0;
  #hold = PACED_SAMPLES;
  /** Samples in a row without a pace in which the loop had room. */
  #well = 0;
  /** What waits is begun slowly. */
  isPaced = false;
  /** Short requests are not taken. */
  isShedding = false;

  /** `limitMs`: how late is too late, 0 for never. */
  constructor(limitMs: () => number) {
    this.#limitMs = limitMs;
  }

  /** Takes the next one. */
  sample({ delayMs, busy }: Sample, crowd: Crowd): void {
    this.#pace(busy, crowd);
    const limit = this.#limitMs();
    this.#delayMs += (delayMs - this.#delayMs) * WEIGHT;
    this.isShedding = limit > 0 && this.#delayMs > (this.isShedding ? limit / 2 : limit);
  }

  /** Paced, the loop has room; what says that the pace is needed no more is that nobody waits, or a try without. */
  #pace(busy: number, { waiting, sessions }: Crowd): void {
    if (waiting === 0 || sessions === 0) this.isPaced = false;
    else if (this.isPaced) this.isPaced = --this.#left > 0;
    else if (busy > BUSY) {
      this.isPaced = true;
      this.#well = 0;
      this.#left = this.#hold;
      this.#hold = Math.min(2 * this.#hold, MAX_PACED_SAMPLES);
    }
    if (!this.isPaced && ++this.#well >= WELL_SAMPLES) this.#hold = PACED_SAMPLES;
  }
}
