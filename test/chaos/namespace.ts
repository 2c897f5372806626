// Runs a test file in namespaces of its own (unshare(1)), where it may change what belongs to the machine: addresses, packets, ports, resolv.conf.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/** Says that this process is in them. */
const INSIDE = 'POSTERN_CHAOS_NAMESPACE';

export interface Namespaces {
  /** `import.meta.url` of the test file. */
  readonly file: string;
  /** Of unshare. */
  readonly flags: readonly string[];
  /** A shell command that prepares them; loopback is up before. */
  readonly prepare: string;
}

/** Runs `main` in them; a test that has no right to make them says that it was skipped. */
export async function inNamespaces(of: Namespaces, main: () => Promise<void>): Promise<void> {
  if (process.env[INSIDE] !== undefined) return main();
  if (process.getuid?.() !== 0) {
    t.pass(`needs root: namespaces (${of.flags.join(' ')})`, { skip: true });
    return;
  }
  const script = `ip link set lo up && ${of.prepare} && exec "$@"`;
  const self = [process.execPath, ...process.execArgv, fileURLToPath(of.file)];
  const { status } = spawnSync('unshare', [...of.flags, 'sh', '-c', script, 'sh', ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(status ?? 1);
}
