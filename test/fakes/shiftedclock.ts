// Preloaded into a gate that a test started as a process: shifts its wall clock by what the test says, as an administrator or NTP would. Only Date is
// shifted: timers and performance.now() are the system's monotonic clock, which no setting of the time moves, and so they are left alone. (libfaketime
// would shift both, or neither, and would have to be installed.)

const RealDate = Date;
let shiftMs = 0;

class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + shiftMs);
    else super(...(given as [number]));
  }
  static override now(): number {
    return RealDate.now() + shiftMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;

process.on('message', (message) => {
  const to = (message as { readonly clockShiftMs?: unknown }).clockShiftMs;
  if (typeof to !== 'number') return;
  shiftMs = to;
  process.send?.('clock shifted');
});
