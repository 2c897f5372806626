// `npm test`: runs the unit, flow and attack tests with tap, shows one line a file with every failure in full, and ends with the plain line
// "N passed, N failed". Files may be named instead; `npm test -- --help` says what else there is.

import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TAP = join(ROOT, 'node_modules/.bin/tap');

/**
 * Where Node keeps modules as it has compiled them, their types taken out: each test file and each gate is a process that would otherwise spend
 * a second of CPU on the same sources. Kept by content and by Node's version; may be removed at any time.
 */
const COMPILED = join(ROOT, 'build/compiled');

/** What runs when nothing is named. */
const USUAL = ['test/unit/**/*.test.ts', 'test/flow/**/*.test.ts', 'test/attack/*.test.ts'];

/** More failures than these are no accident of time, and nothing runs again. */
const MOST_AGAIN = 10;

const HELP = `npm test [-- options] [FILES]

Runs the unit, flow and attack tests (${USUAL.join(', ')}),
or FILES: names or quoted globs, from the checkout's root. Shows one line a file and every failure in full; the last line is "N passed, N failed".

  --help     this text

POSTERN_TAP=1      show tap's whole output
POSTERN_SEARCH=N   properties try N times as many cases, drawn afresh; without it each run tries the same ones
POSTERN_RUNS=N     sessions of each case in test/flow/tunnel-{bytes,volume}.test.ts; default 2 and 3
POSTERN_MB=N       of each such session, in MiB; default 12 and 20
POSTERN_AGAIN=FILE files that fail run once more, alone, if they are ${MOST_AGAIN} at most; the names of those that pass then are added to FILE

Exit code: 0 all passed; 1 something failed, or nothing fits FILES; 2 an option that is not there.
`;

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
  // tap keeps its plugins as a built module, which a fresh clone has not yet; .taprc names them. Building leaves this link.
  if (!existsSync(join(ROOT, 'node_modules/@tapjs/test/test-built/node_modules')))
    await runTool(['build'], options);
  const flags = [
    '--reporter=tap',
    `--jobs=${options.jobs ?? 2}`,
    `--timeout=${options.timeoutSeconds ?? 240}`,
  ];
  const first = await runTool(['run', ...flags, ...files], options);
  const result = await runAgain(first, options, flags);
  const { code, passed, failed } = result;
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return code !== 0 ? code : failed > 0 || passed === 0 ? 1 : 0;
}

/**
 * With POSTERN_AGAIN, runs the files that failed once more, one by one with nothing beside them: what measures or waits may fail because of
 * what else a shared machine did. They are named, so that somebody looks into them; what fails twice has failed.
 */
async function runAgain(first: Result, options: TapOptions, flags: readonly string[]): Promise<Result> {
  const notes = process.env['POSTERN_AGAIN'] ?? '';
  const { failures } = first;
  const isAsked = notes !== '' && failures.size > 0 && failures.size <= MOST_AGAIN;
  if (!isAsked || options.signal?.aborted === true) return first;
  let { passed, failed } = first;
  let code = 0;
  for (const [file, before] of failures) {
    process.stdout.write(`\n# once more, alone: ${file}\n`);
    const again = await runTool(['run', ...flags, file], options);
    passed += again.passed - before.passed;
    failed += again.failed - before.failed;
    if (again.code === 0 && again.failed === 0) appendFileSync(notes, `${file}\n`);
    else code = 1;
  }
  return { code, passed, failed, failures };
}

interface Counted {
  readonly passed: number;
  readonly failed: number;
}

interface Result extends Counted {
  readonly code: number;
  /** The files that failed, as tap names them, and what of the counts is theirs. */
  readonly failures: ReadonlyMap<string, Counted>;
}

async function runTool(args: readonly string[], { env, signal }: TapOptions): Promise<Result> {
  const child = spawn(process.execPath, [TAP, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { NODE_COMPILE_CACHE: COMPILED, ...process.env, ...env },
    // A group of its own where somebody may stop it: tap waits for its test files, so they have to be ended with it.
    detached: signal !== undefined,
  });
  child.on('error', () => {});
  const stop = () => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'));
  signal?.addEventListener('abort', stop, { once: true });
  const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  const counted = await follow(child.stdout);
  const code = await exited;
  signal?.removeEventListener('abort', stop);
  return { code, ...counted };
}

/**
 * Reads TAP as it comes: counts assertions (the innermost `ok` and `not ok`, not the lines that sum a subtest up) and prints the lines of
 * the outermost level, comments, and every failure with its diagnosis.
 */
async function follow(stream: Readable): Promise<Omit<Result, 'code'>> {
  const everything = process.env['POSTERN_TAP'] === '1';
  const failures = new Map<string, Counted>();
  let passed = 0;
  let failed = 0;
  let counted = { passed, failed };
  let depth = 0;
  let diagnosing = -1;
  for await (const line of createInterface({ input: stream })) {
    const indent = line.length - line.trimStart().length;
    const result = /^ *(not )?ok \d+/.exec(line);
    const isPlan = /^ *1\.\.\d+/.test(line);
    const isSummary = result !== null && indent < depth;
    if (result !== null && !isSummary) {
      if (result[1] === undefined) passed++;
      else failed++;
    }
    if (result !== null || isPlan) depth = indent;
    if (result !== null) diagnosing = result[1] === undefined ? -1 : indent;
    const isDiagnosis = diagnosing >= 0 && indent > diagnosing;
    const isComment = /^ *# (?!Subtest|time=|\{)/.test(line);
    const isFile = indent === 0 && result !== null;
    if (isFile) {
      const name = /^not ok \d+ - (\S+)/.exec(line)?.[1];
      const ofFile = { passed: passed - counted.passed, failed: failed - counted.failed };
      if (name !== undefined) failures.set(name, ofFile);
      counted = { passed, failed };
    }
    if (everything || isFile || isComment || isDiagnosis || result?.[1] !== undefined)
      process.stdout.write(`${line}\n`);
  }
  return { passed, failed, failures };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();

async function main(): Promise<number> {
  const { help, files, problem } = readArguments();
  if (problem !== '') {
    process.stderr.write(`npm test: ${problem}; npm test -- --help\n`);
    return 2;
  }
  if (!help) return runTap(files.length > 0 ? files : USUAL);
  process.stdout.write(HELP);
  return 0;
}

function readArguments(): { help: boolean; files: readonly string[]; problem: string } {
  try {
    const { values, positionals } = parseArgs({
      options: { help: { type: 'boolean' } },
      allowPositionals: true,
    });
    return { help: values.help === true, files: positionals, problem: '' };
  } catch (error) {
    // Node goes on about positional arguments that begin with a dash: no test file does.
    const [problem = ''] = String(error instanceof Error ? error.message : error).split('. ');
    return { help: false, files: [], problem };
  }
}
