// What it takes to show that a flood moves nobody else: a gate on the first core; on the second a person who types in an exec session, and, at
// the lowest priority, the flood and the API server that it is meant for, so that only the gate is between the two. The load
// generator and the API servers are the benchmark's (bench/go), which cost little beside a gate.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { announcedPort, makeProcesses, type Processes, type Running } from '../../bench/processes.ts';
import { buildPrograms } from '../../bench/programs.ts';
import { makeCA } from '../../src/certificates.ts';
import type { GateFilesOptions } from '../fakes/gatefiles.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { eventually } from '../fakes/sessions.ts';

/** The gate's, and that of all others. */
const CORES =
  cpus().length > 1
    ? [
        ['taskset', '-c', '0'],
        ['taskset', '-c', '1'],
      ]
    : [[], []];
/** Before whatever else the machine does, where we may: what is measured is the gate, not its neighbours. */
const MAY_RULE = spawnSync('chrt', ['--rr', '2', 'true']).status === 0;
const FIRST = MAY_RULE ? ['chrt', '--rr', '2'] : [];
const GATE = [...(CORES[0] ?? []), ...FIRST];
const BESIDE = [...(CORES[1] ?? []), ...FIRST];
/** Behind those, but before what else the machine does: a flood that gets no time is none, and leaves the gate the room that it is to be denied. */
const IDLY = [...(CORES[1] ?? []), ...(MAY_RULE ? ['chrt', '--rr', '1'] : ['chrt', '--idle', '0'])];
const LIMIT_MS = 120_000;

/** ms */
export interface Typed {
  readonly p50: number;
  readonly p99: number;
}

/** A flood that goes on. */
export interface Flood {
  /** Ends it. @returns the answers it got, by status; 0 are requests without one */
  end(): Promise<Readonly<Record<string, number>>>;
}

export interface FloodOptions {
  /** '' sends another token that nobody signed with each request. */
  readonly token: string;
  /** Sends the token's claims under another signature with each request: what looks good until the signature is verified. Default false. */
  readonly isForged?: boolean;
  /** Requests under way at once; half of them over HTTP/2. */
  readonly callers: number;
}

/** The gate and all around it. */
export interface Site {
  readonly gate: GateProcess;
  /** Types so many keystrokes in one session of `token`'s user, one every few ms. */
  type(token: string, keystrokes: number): Promise<Typed>;
  flood(options: FloodOptions): Promise<Flood>;
  close(): Promise<void>;
}

/** Starts it all; `folder` is a place for certificates. */
export async function startSite(folder: string, options: Partial<GateFilesOptions> = {}): Promise<Site> {
  const programs = await buildPrograms(() => {});
  const processes = makeProcesses();
  const { certFile, keyFile, ca } = await layCertificate(folder);
  const upstream = async (prefix: readonly string[]): Promise<Running> =>
    start(processes, folder, [...prefix, programs.upstream, '--cert', certFile, '--key', keyFile]);
  const [typed, flooded] = [await upstream(BESIDE), await upstream(IDLY)];
  const at = async (one: Running) => ({ port: await announcedPort(one), ca });
  const gate = await startGateProcess({
    upstreams: [
      { name: 'typed', upstream: await at(typed), match: { hosts: ['localhost'] } },
      { name: 'flooded', upstream: await at(flooded), match: { hosts: ['127.0.0.1'] } },
    ],
    prefix: GATE,
    ...options,
  });
  const caFile = join(folder, 'gate-ca.crt');
  writeFileSync(caFile, gate.files.ca.certPem);
  const load = (figure: string, host: string, prefix: readonly string[], args: readonly string[]) =>
    start(processes, folder, [
      ...[...prefix, programs.load, figure, '--ca', caFile],
      ...['--target', `https://${host}:${gate.port}`, ...args],
    ]);
  return {
    gate,
    async type(token, keystrokes) {
      const one = await load('typing', 'localhost', BESIDE, [
        ...['--token', token, '--rounds', String(keystrokes), '--rounds-pause', '2'],
      ]);
      await heard(one, 'ready');
      one.send('go');
      const { p50, p99 } = await heard(one, 'done');
      await one.ended;
      return { p50: Number(p50) * 1000, p99: Number(p99) * 1000 };
    },
    async flood({ token, callers, isForged = false }) {
      const one = await load('flood', '127.0.0.1', IDLY, [
        ...['--token', token, '--callers', String(callers), ...(isForged ? ['--forge'] : [])],
      ]);
      await heard(one, 'ready');
      one.send('go');
      // Who is alone at the gate never waits.
      const isFlooded = async () =>
        (await gate.metric('postern_admission_waiting')) +
          (await gate.metric('postern_requests_in_flight{cluster="flooded",kind="short"}')) >
        callers / 20;
      await eventually(isFlooded, 60_000).catch(async (error: unknown) => {
        await one.stop();
        throw error;
      });
      return {
        async end() {
          one.send('end');
          const { detail } = await heard(one, 'done');
          await one.stop();
          return (detail as { answers: Record<string, number> }).answers;
        },
      };
    },
    close: async () => {
      await processes.endAll();
      await gate.stop();
    },
  };
}

async function layCertificate(folder: string) {
  const ca = await makeCA('upstream CA');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const [certFile, keyFile] = [join(folder, 'upstream.crt'), join(folder, 'upstream.key')];
  writeFileSync(certFile, certPem);
  writeFileSync(keyFile, keyPem);
  return { certFile, keyFile, ca };
}

function start(processes: Processes, folder: string, line: readonly string[]): Promise<Running> {
  const [command = '', ...args] = line;
  return processes.start({ name: 'chaos', command, args, folder, talks: true });
}

/** The line that a program of bench/go says at a point of its way. */
function heard(program: Running, at: string): Promise<Readonly<Record<string, unknown>>> {
  const pick = (line: string) => {
    const message = JSON.parse(line) as Record<string, unknown>;
    return message['at'] === at ? message : undefined;
  };
  return program.seen(`get to "${at}"`, pick, LIMIT_MS);
}
