// `npm run test:demo`: the demo as a newcomer has it, driven by stock kubectl 1.20 to 1.35, helm and client-go. No cluster, no root: only
// the programs are fetched or built. Progress goes to stderr, tap's report to stdout, then the plain line "N passed, N failed".

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { interruptedBySignals } from '../cluster/interrupt.ts';
import { ensureHelm, ensureKubectls } from '../cluster/kubectls.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { buildPrograms } from '../e2e/programs.ts';
import { runTap } from '../run.ts';
import { TOOLS_VARIABLE, type Tools } from './tools.ts';

const HELP = `npm run test:demo [-- FILES]

Starts demos and runs the tests of test/demo/*.test.ts, or FILES, against them with stock kubectls, helm and client-go.
`;

const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true });
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main(positionals);

async function main(files: readonly string[]): Promise<number> {
  const interrupted = interruptedBySignals();
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-demo-'));
  try {
    const tools: Tools = {
      dir,
      kubectls: await ensureKubectls(),
      helm: await ensureHelm(),
      ...(await buildPrograms(sayOnStderr)),
    };
    const file = join(dir, 'tools.json');
    writeFileSync(file, JSON.stringify(tools));
    return await runTap(files.length > 0 ? files : ['test/demo/*.test.ts'], {
      jobs: 1,
      timeoutSeconds: 600,
      env: { [TOOLS_VARIABLE]: file },
      signal: interrupted,
    });
  } catch (error) {
    sayOnStderr(`postern: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
