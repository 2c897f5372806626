// testssl.sh (Debian package `testssl.sh`, 3.0.8): run against a listener on loopback, and what it found as it writes it. It asks all that it can
// ask; neither DNS nor anybody outside of the machine is asked (--nodns none, and no --phone-out).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** One answer. Severities from low to high: DEBUG, INFO, OK, WARN (a question could not be asked), LOW, MEDIUM, HIGH, CRITICAL, FATAL. */
export interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

const NAMES = ['testssl.sh', 'testssl'];
const FINE: ReadonlySet<string> = new Set(['DEBUG', 'INFO', 'OK']);

/** The program's path. @throws Error with what to do where there is none */
export function findTestssl(path: string = process.env['PATH'] ?? ''): string {
  const places = path.split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  const found = places.find((place) => existsSync(place));
  if (found === undefined)
    throw new Error('testssl.sh is not in PATH: apt-get install testssl.sh bsdmainutils dnsutils procps');
  return found;
}

/** Asks the listener on a port of 127.0.0.1 everything that a default run of testssl.sh asks. @throws Error when it ends without answers */
export async function runTestssl(program: string, port: number): Promise<readonly Finding[]> {
  const dir = await mkdtemp(join(tmpdir(), 'postern-testssl-'));
  const file = join(dir, 'findings.json');
  const flags = ['--quiet', '--color', '0', '--warnings', 'batch', '--nodns', 'none', '--ip', '127.0.0.1'];
  const child = spawn(program, [...flags, '--jsonfile', file, `https://localhost:${port}`], {
    // A directory of its own for what it lays down while it runs.
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: dir, TERM: 'dumb' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  try {
    await once(child, 'close');
    return JSON.parse(await readFile(file, 'utf8')) as readonly Finding[];
  } catch (cause) {
    throw new Error(`testssl.sh gave no answers: ${said.slice(-2000)}`, { cause });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What is above INFO, or could not be asked. */
export function complaintsIn(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => !FINE.has(severity));
}
