// What a request costs a real API server beside what it costs Postern: the test cluster's kube-apiserver and etcd, one gate in front, clients that ask
// as fast as they are answered. CPU from /proc, requests from the gate's own metrics.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readCpuSeconds } from '../../bench/proc.ts';
import { startGateInFront } from '../cluster/front.ts';
import { startCluster } from '../cluster/node.ts';
import { readPids } from '../cluster/processes.ts';
import type { Say } from '../cluster/progress.ts';
import { pidsFile } from '../cluster/remove.ts';
import { buildClient } from './requests.ts';

const WARM_MS = 10_000;
const MEASURE_MS = 20_000;
const CALLERS = 8;
const TOKEN_SECONDS = 3600;

/** Seconds of CPU for one request, each; half of the requests are reads, half are reviews. */
export interface ApiServerCosts {
  readonly perSecond: number;
  readonly gate: number;
  readonly apiServer: number;
  readonly etcd: number;
}

/** Measures; the cluster is gone when it resolves or rejects. */
export async function measureApiServer(say: Say): Promise<ApiServerCosts> {
  const client = await buildClient();
  const cluster = await startCluster({});
  try {
    const front = await startGateInFront(cluster, say);
    try {
      const caFile = join(cluster.dir, 'front-ca.crt');
      writeFileSync(caFile, front.caPem);
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const args = [
        ...['--target', front.server, '--ca', caFile, '--token', await front.tokenOf('alice', TOKEN_SECONDS)],
        ...['--read', '/api/v1/namespaces/default/services/kubernetes'],
        ...['--write', '/apis/authentication.k8s.io/v1/selfsubjectreviews', '--body', JSON.stringify(review)],
        ...['--callers', String(CALLERS), '--pause', '0s', '--http2'],
      ];
      const load = spawn(client, args, { stdio: ['pipe', 'ignore', 'inherit'] });
      await delay(WARM_MS);
      const costs = await measure(cluster.dir, front);
      load.stdin.end();
      await once(load, 'exit');
      return costs;
    } finally {
      await front.stop();
    }
  } finally {
    await cluster.stop();
  }
}

async function measure(
  dir: string,
  { pid, opsUrl }: { readonly pid: number; readonly opsUrl: string },
): Promise<ApiServerCosts> {
  const processes = await readPids(pidsFile(dir));
  const pidOf = (name: string) => {
    const found = processes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the cluster has no ${name}`);
    return found.pid;
  };
  const read = async () => ({
    requests: await countRequests(opsUrl),
    at: performance.now(),
    gate: readCpuSeconds(pid),
    apiServer: readCpuSeconds(pidOf('kube-apiserver')),
    etcd: readCpuSeconds(pidOf('etcd')),
  });
  const before = await read();
  await delay(MEASURE_MS);
  const after = await read();
  const requests = after.requests - before.requests;
  if (requests === 0) throw new Error('no request was answered');
  return {
    perSecond: requests / ((after.at - before.at) / 1000),
    gate: (after.gate - before.gate) / requests,
    apiServer: (after.apiServer - before.apiServer) / requests,
    etcd: (after.etcd - before.etcd) / requests,
  };
}

/** Successful ones alone. */
async function countRequests(opsUrl: string): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('postern_requests_total{') && /code="20[01]"/.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
