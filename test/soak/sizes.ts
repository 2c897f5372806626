// How much a soak does: short in CI, as much as its environment says in `npm run soak`.

const number = (name: string, absent: number) => Number(process.env[name] ?? absent);

/** Names of the environment's variables, for run.ts. */
export const SIZE_VARIABLES = {
  sessions: 'POSTERN_SOAK_SESSIONS',
  held: 'POSTERN_SOAK_HELD',
  heldSeconds: 'POSTERN_SOAK_HELD_SECONDS',
  requests: 'POSTERN_SOAK_REQUESTS',
  kubectlSeconds: 'POSTERN_SOAK_KUBECTL_SECONDS',
  cluster: 'POSTERN_SOAK_CLUSTER',
} as const;

/** The sizes of this run. */
export function readSizes() {
  return {
    sessions: number(SIZE_VARIABLES.sessions, 10_000),
    held: number(SIZE_VARIABLES.held, 5_000),
    heldSeconds: number(SIZE_VARIABLES.heldSeconds, 10),
    requests: number(SIZE_VARIABLES.requests, 1_200),
    kubectlSeconds: number(SIZE_VARIABLES.kubectlSeconds, 12),
    /** A file that describes a real cluster; '' is the practice API server. */
    cluster: process.env[SIZE_VARIABLES.cluster] ?? '',
  };
}
