// h2spec, the conformance test of HTTP/2 and HPACK: built from Go's module cache (h2spec/go.mod pins it and what it needs), run against a listener, and
// its JUnit report read.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sayOnStderr } from '../cluster/progress.ts';
import { buildProgram } from '../e2e/programs.ts';

const PACKAGE = 'github.com/summerwind/h2spec/cmd/h2spec';
/** h2spec itself ends each case in time; this is for one that does not. ms */
const RUN_TIMEOUT_MS = 120_000;

/** One case. */
export interface SpecCase {
  /** Section and number, as h2spec takes them: `http2/5.1/8`. */
  readonly id: string;
  readonly name: string;
}

/** What came of one, as the report has it. */
export interface SpecResult extends SpecCase {
  readonly outcome: 'passed' | 'skipped' | 'failed';
  /** What was expected, and what came, when it failed. */
  readonly said: string;
}

export interface SpecRun {
  readonly program: string;
  readonly port: number;
  readonly path: string;
  /** How long a case waits for what it expects. */
  readonly timeoutSeconds: number;
  readonly more?: readonly string[];
}

/** The program, from the cache or built now; undefined where there is no Go. @throws Error with the compiler's output */
export async function buildH2spec(): Promise<string | undefined> {
  try {
    await promisify(execFile)('go', ['version']);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return await buildProgram('../attack/h2spec', sayOnStderr, { package: PACKAGE, as: 'h2spec' });
}

/** All cases there are, in h2spec's order. */
export async function listCases(program: string): Promise<readonly SpecCase[]> {
  const { stdout } = await promisify(execFile)(program, ['--dryrun']);
  const cases: SpecCase[] = [];
  let part = '';
  let section = '';
  for (const line of stdout.split('\n')) {
    const [, head] = /^(Generic|Hypertext|HPACK)/.exec(line) ?? [];
    if (head !== undefined) part = { Generic: 'generic', Hypertext: 'http2', HPACK: 'hpack' }[head] ?? '';
    section = /^ +([\d.]+)\. /.exec(line)?.[1] ?? section;
    const [, number, name = ''] = /^ +(\d+): (.*)$/.exec(line) ?? [];
    if (number !== undefined) cases.push({ id: `${part}/${section}/${number}`, name });
  }
  return cases;
}

/** Runs cases, over TLS. @throws Error when the report has others */
export async function runH2spec(cases: readonly SpecCase[], run: SpecRun): Promise<readonly SpecResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-h2spec-'));
  const report = join(folder, 'report.xml');
  const args = [
    '--tls',
    '--insecure',
    '--port',
    String(run.port),
    '--path',
    run.path,
    '--junit-report',
    report,
  ];
  args.push('--timeout', String(run.timeoutSeconds), ...(run.more ?? []), ...cases.map(({ id }) => id));
  try {
    // It exits with 1 when a case failed, which the report says as well.
    await promisify(execFile)(run.program, args, { timeout: RUN_TIMEOUT_MS }).catch((error) => {
      if ((error as { code?: unknown }).code !== 1) throw error;
    });
    return readReport(await readFile(report, 'utf8'), cases);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The report has the cases in their order, without their numbers. */
function readReport(xml: string, cases: readonly SpecCase[]): readonly SpecResult[] {
  const found = xml.matchAll(
    /<testcase package="([^"]*)" classname="([^"]*)" time="[^"]*"(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  );
  const results: SpecResult[] = [];
  for (const [, section = '', escaped = '', inner = ''] of found) {
    const name = escaped.replaceAll('&#34;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
    const one = cases[results.length];
    if (one === undefined || one.name !== name || !one.id.startsWith(`${section}/`))
      throw new Error(`h2spec reports ${section} "${name}" instead of ${one?.id} "${one?.name}"`);
    const failedOrNot = inner.trim() === '' ? 'passed' : 'failed';
    const said = inner
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/[\s\0]+/g, ' ')
      .trim();
    results.push({ ...one, outcome: inner.includes('<skipped') ? 'skipped' : failedOrNot, said });
  }
  if (results.length !== cases.length)
    throw new Error(`h2spec reports ${results.length} of ${cases.length} cases`);
  return results;
}
