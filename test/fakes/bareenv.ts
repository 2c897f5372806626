// What programs that tests start see of the environment: nothing that a test's own could leak into them.

/** PATH, and where compiled modules are kept (test/run.ts): a gate starts in half the CPU time with them. */
export function bareEnv(): Readonly<Record<string, string>> {
  const compiled = process.env['NODE_COMPILE_CACHE'];
  return {
    PATH: process.env['PATH'] ?? '',
    ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
  };
}
