// The arithmetic of a rollout: how many pods each replica set of a deployment may have next (pkg/controller/deployment: rolling.go,
// recreate.go, sync.go). Pure: counts in, counts out.

/** What a replica set counts for. */
export interface Share {
  /** What it is told to have. */
  readonly wanted: number;
  /** What it has. */
  readonly actual: number;
  readonly available: number;
}

/** A deployment's figures, resolved. */
export interface Plan {
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Resolves percentages: surge is rounded up, unavailability down, and one of the two is at least one. */
export function resolvePlan(
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
): Plan {
  const surge = resolve(maxSurge, replicas, Math.ceil);
  const unavailable = resolve(maxUnavailable, replicas, Math.floor);
  const stuck = surge === 0 && unavailable === 0;
  return { replicas, maxSurge: surge, maxUnavailable: Math.min(stuck ? 1 : unavailable, replicas) };
}

function resolve(value: number | string, replicas: number, round: (value: number) => number): number {
  const percent = typeof value === 'string' ? /^([0-9]+)%$/.exec(value) : null;
  const amount = percent === null ? Number(value) : round((Number(percent[1]) * replicas) / 100);
  return Number.isFinite(amount) ? Math.max(0, amount) : 0;
}

/** How many the newest replica set may have. `current` is what it is told to have; `total` what all of them are. */
export function newShare({ replicas, maxSurge }: Plan, current: number, total: number): number {
  if (current > replicas) return replicas;
  const room = replicas + maxSurge - total;
  return current + Math.max(0, Math.min(room, replicas - current));
}

/** How many the old replica sets may have, the oldest first: those that are not available go first, then as many as can be spared. */
export function oldShares(plan: Plan, newest: Share, olds: readonly Share[]): number[] {
  const minAvailable = plan.replicas - plan.maxUnavailable;
  const total = sum(olds.map(({ wanted }) => wanted)) + newest.wanted;
  const shares = olds.map(({ wanted }) => wanted);
  let spare = total - minAvailable - (newest.wanted - newest.available);
  if (spare <= 0) return shares;
  for (const [i, { wanted, available }] of olds.entries()) {
    const unhealthy = Math.max(0, Math.min(spare, wanted - available));
    shares[i] = wanted - unhealthy;
    spare -= unhealthy;
  }
  let tooMany = sum(olds.map(({ available }) => available)) + newest.available - minAvailable;
  for (const [i, share] of shares.entries()) {
    const down = Math.max(0, Math.min(share, tooMany));
    shares[i] = share - down;
    tooMany -= down;
  }
  return shares;
}

/**
 * How a change of `replicas` in the middle of a rollout is spread over the active replica sets, in proportion to their sizes; what is left
 * over goes to the largest. `before` is what all of them together were allowed to be.
 */
export function scaledShares(plan: Plan, sizes: readonly number[], before: number): number[] {
  const allowed = plan.replicas === 0 ? 0 : plan.replicas + plan.maxSurge;
  const toAdd = allowed - sum(sizes);
  if (toAdd === 0) return [...sizes];
  let left = toAdd;
  const shares = sizes.map((size) => {
    const grown = plan.replicas === 0 ? 0 : Math.round((size * allowed) / Math.max(1, before));
    const proportion = toAdd > 0 ? clamp(grown - size, 0, left) : clamp(grown - size, left, 0);
    left -= proportion;
    return size + proportion;
  });
  const largest = sizes.indexOf(Math.max(...sizes));
  return shares.map((share, i) => Math.max(0, i === largest ? share + left : share));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** The sum of numbers. */
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
