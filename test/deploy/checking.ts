// `postern check` on what the chart would give the gate.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCA } from '../../src/certificates.ts';
import { runCheck } from '../../src/cli/check.ts';

/** What it printed, and its exit code. */
export interface Verdict {
  readonly code: number;
  readonly printed: string;
}

/** Makes a certificate in `dir`, and gives the check: of a configuration file, with that certificate in place of the pod's. */
export async function makeChecker(dir: string): Promise<(file: string) => Promise<Verdict>> {
  const ca = await makeCA('chart');
  const serving = await ca.issue({ commonName: 'gate', dnsNames: ['gate'] });
  const [cert, key] = [join(dir, 'tls.crt'), join(dir, 'tls.key')];
  writeFileSync(cert, serving.certPem);
  writeFileSync(key, serving.keyPem);
  return async (file) => {
    const overrides = [`listen.tls.certFile=${cert}`, `listen.tls.keyFile=${key}`].flatMap((one) => [
      '--set',
      one,
    ]);
    let printed = '';
    const write = (text: string) => {
      printed += text;
      return true;
    };
    const code = await runCheck(['--config', file, ...overrides], {
      stdout: { write },
      stderr: { write },
      env: {},
    });
    return { code, printed };
  };
}
