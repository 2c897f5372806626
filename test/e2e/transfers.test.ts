// Bulk data: copies with checksums, and the stream that a naive pipe cuts short, alternately direct and through the gate. The direct way is
// not perfectly steady either, so losses are counted on both, and each session of the gate must have handed on all that it was sent.
// POSTERN_E2E_RUNS and POSTERN_E2E_MB override the number of runs and size.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import t from 'tap';
import { kubectl, kubeEnv, type Protocol, protocolEnv, readContext } from './context.ts';
import { gateLines } from './evidence.ts';
import { asAdmin, createPods, newest, removeObjects } from './objects.ts';
import { until } from './wait.ts';

const POD = 'transfers';
const MB = 1_048_576;
const PROTOCOLS = ['websocket', 'spdy'] as const;
const WAYS = ['direct', 'gate'] as const;
const RUN_TIMEOUT_MS = 600_000;

const context = readContext();
const { path } = newest(context);
const full = context.form === 'full';
const copyMb = full ? 1024 : 100;
const runs = numberFrom('POSTERN_E2E_RUNS', full ? 100 : 4);
const streamMb = numberFrom('POSTERN_E2E_MB', full ? 500 : 60);

await createPods(context, { [POD]: ['serve'] });
t.teardown(() => removeObjects(context, [`pod/${POD}`]));

for (const protocol of PROTOCOLS)
  t.test(`cp of ${copyMb} MiB up and down, ${protocol}`, async (t) => {
    const [file, back] = [join(context.dir, 'copy-up'), join(context.dir, 'copy-down')];
    const remote = `${POD}:/tmp/copy`;
    const sum = await makeFile(file, copyMb);
    const up = await copy(file, remote, protocol);
    t.match(up, { code: 0, stderr: '' }, 'up');
    t.comment(`${protocol}: up ${up.seconds.toFixed(1)} s, ${(copyMb / up.seconds).toFixed(0)} MiB/s`);
    const there = await asAdmin(context, ['exec', POD, '--', 'sha256sum', '/tmp/copy']);
    t.equal(there.split(' ')[0], sum, 'the checksum in the pod');
    const down = await copy(remote, back, protocol);
    t.equal(down.code, 0, 'down');
    t.comment(`${protocol}: down ${down.seconds.toFixed(1)} s, ${(copyMb / down.seconds).toFixed(0)} MiB/s`);
    t.equal(await sumOf(back), sum, 'the checksum here');
    for (const one of [file, back]) rmSync(one);
  });

for (const protocol of PROTOCOLS)
  t.test(`${runs} runs of ${streamMb} MiB, ${protocol}: no more losses than direct`, async (t) => {
    const losses = { direct: 0, gate: 0 };
    t.comment(columns(['run', 'way', 'bytes', 'lost', 'code', 'seconds', '']));
    for (let i = 1; i <= runs; i++)
      for (const way of WAYS) {
        const { bytes, code, seconds, stderr } = await stream(way, protocol);
        const lost = streamMb * MB - bytes;
        if (lost !== 0 || code !== 0) losses[way]++;
        const trouble = lost === 0 && code === 0 ? '' : stderr.trim();
        t.comment(columns([i, way, bytes, lost, code, seconds.toFixed(1), trouble]));
      }
    t.comment(`losses: direct ${losses.direct} of ${runs}, gate ${losses.gate} of ${runs}`);
    const ends = () =>
      gateLines(context.gate.logFile, `count%3D${streamMb}&`, ({ msg, protocol: by }) => {
        return msg === 'session ended' && by === protocol;
      });
    // kubectl ends first, the gate writes its line when the API server has closed too.
    const carried = await until(`the end of ${runs} sessions in the gate's log`, () => {
      const found = ends();
      return found.length >= runs && found;
    });
    for (const { auditID, undelivered, end } of carried)
      t.match(
        undelivered,
        { down: 0 },
        `${auditID}: all that the API server sent was handed on (ended by: ${end})`,
      );
    // Of a few runs one loss of the API server's own decides; of a hundred it does not.
    if (full) t.ok(losses.gate <= losses.direct, 'no more than direct');
  });

async function copy(from: string, to: string, protocol: Protocol) {
  const startedAt = performance.now();
  const result = await kubectl(path, context.kubeconfigs.alice, ['cp', from, to], {
    env: protocolEnv(protocol),
    timeoutMs: RUN_TIMEOUT_MS,
  });
  return { ...result, seconds: (performance.now() - startedAt) / 1000 };
}

async function makeFile(file: string, mebibytes: number): Promise<string> {
  const hash = createHash('sha256');
  const parts = function* () {
    for (let i = 0; i < mebibytes; i++) {
      const part = randomBytes(MB);
      hash.update(part);
      yield part;
    }
  };
  await pipeline(parts, createWriteStream(file));
  return hash.digest('hex');
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Runs the exec and counts what kubectl printed. */
async function stream(way: (typeof WAYS)[number], protocol: Protocol) {
  const startedAt = performance.now();
  const kubeconfig = way === 'gate' ? context.kubeconfigs.alice : context.adminKubeconfig;
  const command = ['exec', POD, '--', 'dd', 'if=/dev/zero', 'bs=1M', `count=${streamMb}`, 'status=none'];
  const child = spawn(path, ['--namespace', context.namespace, ...command], {
    env: { ...process.env, ...kubeEnv(kubeconfig), ...protocolEnv(protocol) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
  });
  let bytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += String(chunk);
  });
  const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 137)));
  return { bytes, code, stderr, seconds: (performance.now() - startedAt) / 1000 };
}

function columns(values: readonly (string | number)[]): string {
  return values
    .map((value) => String(value).padEnd(10))
    .join('')
    .trimEnd();
}

function numberFrom(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} has to be a whole number above 0`);
  return value;
}
