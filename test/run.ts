// `npm test`: runs the unit and flow tests with tap and ends with the plain line "N passed, N failed". Files may be named instead.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TAP = join(ROOT, 'node_modules/.bin/tap');

export interface TapOptions {
  readonly jobs?: number;
  readonly timeoutSeconds?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Runs test files (globs from the checkout's root) with tap. @returns its exit code; 1 when no test ran. */
export async function runTap(patterns: readonly string[], options: TapOptions = {}): Promise<number> {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort();
  if (files.length === 0) {
    process.stderr.write(`no test file fits ${patterns.join(' ')}\n`);
    return 1;
  }
  // tap keeps its plugins as a built module, which a fresh clone has not yet; .taprc names them.
  if (!existsSync(join(ROOT, '.tap/test-built'))) await runTool(['build'], options);
  const folder = mkdtempSync(join(tmpdir(), 'postern-tap-'));
  const output = join(folder, 'all.tap');
  const flags = [
    `--output-file=${output}`,
    '--reporter=terse',
    `--jobs=${options.jobs ?? 2}`,
    `--timeout=${options.timeoutSeconds ?? 120}`,
  ];
  const code = await runTool(['run', ...flags, ...files], options);
  const { passed, failed } = await count(output);
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return code !== 0 ? code : failed > 0 || passed === 0 ? 1 : 0;
}

async function runTool(args: readonly string[], { env, signal }: TapOptions): Promise<number> {
  const child = spawn(process.execPath, [TAP, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    signal,
  });
  child.on('error', () => {});
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Counts assertions: the innermost `ok` and `not ok` lines, those that are not the summary of a subtest. */
async function count(file: string): Promise<{ passed: number; failed: number }> {
  let passed = 0;
  let failed = 0;
  let previousIndent = 0;
  if (!existsSync(file)) return { passed, failed: 1 };
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const plan = /^( *)1\.\.\d+/.exec(line);
    if (plan !== null) previousIndent = plan[1]?.length ?? 0;
    const result = /^( *)(not )?ok \d+/.exec(line);
    if (result === null) continue;
    const indent = result[1]?.length ?? 0;
    // The line that follows a plan which is indented deeper sums that subtest up.
    const isSummary = indent < previousIndent;
    previousIndent = indent;
    if (isSummary && result[2] === undefined) continue;
    if (result[2] === undefined) passed++;
    else if (!isSummary) failed++;
  }
  return { passed, failed };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  process.exitCode = await runTap(
    named.length > 0 ? named : ['test/unit/**/*.test.ts', 'test/flow/**/*.test.ts'],
  );
}
