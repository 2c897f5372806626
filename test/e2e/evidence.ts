// What was seen on both sides of the gate: the API server's audit log, the gate's log and the gate's metrics.

import { readFileSync } from 'node:fs';
import type { Context } from './context.ts';
import { until } from './wait.ts';

/** What counts as at once on a machine that is busy. */
const AT_ONCE_MS = 10_000;

/** What is read of an audit event. */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: {
    readonly username: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly objectRef?: { readonly resource?: string; readonly name?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** A line of the gate's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** Events of the API server so far whose line contains `part` and that fit; none when the cluster is not ours. */
export function auditEvents(
  { auditLog }: Context,
  part: string,
  fits: (event: AuditEvent) => boolean = () => true,
): readonly AuditEvent[] {
  return auditLog === '' ? [] : readLines<AuditEvent>(auditLog, part).filter(fits);
}

/** Waits for an event of the API server whose line contains `part` and that fits. */
export function auditEvent(
  context: Context,
  part: string,
  fits?: (event: AuditEvent) => boolean,
): Promise<AuditEvent> {
  return until(`an audit event with ${part}`, () => auditEvents(context, part, fits).at(-1));
}

/** Waits until the API server has begun to answer the request whose URI contains `part` and `also`. */
export async function startedUpstream(context: Context, part: string, also = ''): Promise<void> {
  await reached(context, 'ResponseStarted', [part, also]);
}

/** Waits until the API server has finished the request whose URI contains `part` and `also`: a watch or stream whose caller is gone. */
export async function endedUpstream(context: Context, part: string, also = ''): Promise<void> {
  await reached(context, 'ResponseComplete', [part, also], AT_ONCE_MS);
}

/** Takes it for granted when there is no audit log. */
async function reached(
  context: Context,
  stage: string,
  parts: readonly [string, string],
  timeoutMs?: number,
): Promise<void> {
  if (context.auditLog === '') return;
  const fits = (event: AuditEvent) =>
    event.stage === stage && parts.every((part) => event.requestURI.includes(part));
  const find = () => auditEvents(context, parts[0], fits).at(-1);
  await until(`${stage} of ${parts.join(' ')} at the API server`, find, timeoutMs);
}

/** Lines of the gate's log so far that contain `part` and fit. */
export function gateLines(
  logFile: string,
  part: string,
  fits: (line: LogLine) => boolean = () => true,
): readonly LogLine[] {
  return readLines<LogLine>(logFile, part).filter(fits);
}

/** Waits for a line of the gate's log that contains `part` and fits. */
export function gateLine(logFile: string, part: string, fits?: (line: LogLine) => boolean): Promise<LogLine> {
  return until(`a line of the gate's log with ${part}`, () => gateLines(logFile, part, fits).at(-1));
}

/** Sum of a metric's samples that have all `labels` (as `name="value"`). */
export async function metric(opsUrl: string, name: string, labels: readonly string[] = []): Promise<number> {
  const response = await fetch(new URL('/metrics', opsUrl));
  let sum = 0;
  for (const line of (await response.text()).split('\n')) {
    const sample = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample?.[1] === name && labels.every((label) => sample[2]?.split(',').includes(label)))
      sum += Number(sample[3]);
  }
  return sum;
}

/** JSON lines that contain `part`; the last may still be written. */
function readLines<T>(file: string, part: string): T[] {
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(part))
    .map((line) => JSON.parse(line) as T);
}
