// GET …/pods/NAME/log: the lines of a container so far, and on request each further one (core/v1 PodLogOptions; kubelet pkg/kuberuntime/logs).

import type { Writable } from 'node:stream';
import type { LogLine, Machine } from '../machine/machine.ts';
import { type FailureCause, invalid } from '../objects/failure.ts';
import type { Resource } from '../objects/resources.ts';
import type { Answer } from './answer.ts';
import { type Call, flag, query } from './call.ts';
import { chooseContainer, demandHost, logSource } from './containers.ts';
import type { Parts } from './parts.ts';
import { findNamed } from './scope.ts';

const NANOSECONDS = 6;

/** Answers with a log. */
export function logs(parts: Parts, call: Call, resource: Resource): Answer {
  const options = readOptions(call, parts.now());
  const pod = findNamed(parts.store, call, resource);
  const container = chooseContainer(pod, query(call, 'container'));
  const headers = { 'Content-Type': 'text/plain', 'Cache-Control': 'no-cache, private' };
  if ((pod['spec'] as { nodeName?: string } | undefined)?.nodeName === undefined) {
    // Not even on a node: the real server answers with nothing.
    return { status: 200, headers, body: Buffer.alloc(0) };
  }
  demandHost(pod);
  const source = logSource(pod, container, flag(call, 'previous'));
  const uid = pod.metadata.uid ?? '';
  const machine = source === 'current' ? parts.machineOf(uid, container) : undefined;
  const lines = machine?.logLines() ?? parts.previousLogLines(uid, container) ?? [];
  return { status: 200, headers, body: (out) => run({ machine, lines, options, call, out }) };
}

interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Undefined means all. */
  readonly tailLines: number | undefined;
  /** Bytes; undefined means without limit. */
  readonly limitBytes: number | undefined;
  /** ms since the epoch. */
  readonly sinceMs: number;
}

interface Running {
  /** Undefined for a run that is over. */
  readonly machine: Machine | undefined;
  readonly lines: readonly LogLine[];
  readonly options: LogOptions;
  readonly call: Call;
  readonly out: Writable;
}

/** Resolves when all is written, the container has ended, or the caller has gone. */
async function run({ machine, lines, options, call, out }: Running): Promise<void> {
  const over = Promise.withResolvers<void>();
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const write = (line: LogLine) => {
    if (line.timeMs < options.sinceMs || left <= 0 || out.destroyed) return;
    const bytes = Buffer.from(options.timestamps ? `${stamp(line.timeMs)} ${line.text}\n` : `${line.text}\n`);
    out.write(bytes.subarray(0, Math.min(left, bytes.length)));
    left -= bytes.length;
    if (left <= 0) over.resolve();
  };
  const past = lines.filter(({ timeMs }) => timeMs >= options.sinceMs);
  const shown =
    options.tailLines === undefined ? past : past.slice(Math.max(0, past.length - options.tailLines));
  for (const line of options.tailLines === 0 ? [] : shown) write(line);
  if (machine === undefined || !options.follow || left <= 0 || call.gone.aborted) return;
  const stop = machine.onLogLine(write);
  call.gone.addEventListener('abort', () => over.resolve(), { once: true });
  await Promise.race([over.promise, machine.exited]);
  stop();
}

/** RFC 3339 with nanoseconds, as the kubelet prints it. */
function stamp(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', `${'0'.repeat(NANOSECONDS)}Z`);
}

function readOptions(call: Call, nowMs: number): LogOptions {
  const causes: FailureCause[] = [];
  const number = (field: string, least: number): number | undefined => {
    const text = query(call, field);
    if (text === '') return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    const bound = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: ${text}: ${bound}`, field });
    return undefined;
  };
  const tailLines = number('tailLines', 0);
  const limitBytes = number('limitBytes', 1);
  const sinceSeconds = number('sinceSeconds', 1);
  const sinceTime = query(call, 'sinceTime');
  const sinceTimeMs = Date.parse(sinceTime);
  if (sinceTime !== '' && sinceSeconds !== undefined) {
    const message = 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified';
    causes.push({ reason: 'FieldValueForbidden', message, field: '' });
  }
  if (sinceTime !== '' && Number.isNaN(sinceTimeMs)) {
    const message = `Invalid value: ${JSON.stringify(sinceTime)}: is no RFC 3339 time`;
    causes.push({ reason: 'FieldValueInvalid', message, field: 'sinceTime' });
  }
  if (causes.length > 0) throw invalid('PodLogOptions', '', call.info.name, causes);
  const afterMs = sinceSeconds === undefined ? 0 : nowMs - sinceSeconds * 1000;
  return {
    follow: flag(call, 'follow'),
    timestamps: flag(call, 'timestamps'),
    tailLines,
    limitBytes,
    sinceMs: sinceTime === '' ? afterMs : sinceTimeMs,
  };
}
