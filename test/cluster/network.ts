// The node's network: a namespace held by a file of the run's folder (no name in /run/netns to clash), and a veth pair to the host, so that
// tests outside reach the API server and pods inside can reach listeners of the tests. Numbers are free ones of 10.203.N.0/30 (the link) and
// 10.204.N.0/24 (pods): the kernel refuses a second route to the same pods, which is the lock between runs side by side.

import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runOrFail } from './run.ts';

const LINK_PREFIX = '10.203';
const POD_PREFIX = '10.204';
const NUMBERS = 256;

/** A node's network. */
export interface Network {
  /** File that holds the namespace. */
  readonly netns: string;
  /** The link's end on the host. */
  readonly link: string;
  readonly hostAddress: string;
  readonly nodeAddress: string;
  readonly podSubnet: string;
}

/** The names a run's network will have, known before anything is made, so that cleaning can be prepared. */
export function nameNetwork(dir: string, id: string): { readonly netns: string; readonly link: string } {
  return { netns: join(dir, 'netns'), link: `pst-${id}` };
}

/**
 * Makes the namespace and the link.
 * @throws Error when the kernel refuses, or no number is free.
 */
export async function makeNetwork(dir: string, id: string): Promise<Network> {
  const { netns, link } = nameNetwork(dir, id);
  await writeFile(netns, '');
  await runOrFail('unshare', [`--net=${netns}`, 'true']);
  const inside = (...args: readonly string[]): Promise<string> =>
    runOrFail('nsenter', [`--net=${netns}`, ...args]);
  await runOrFail('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns]);
  await runOrFail('ip', ['link', 'set', link, 'up']);
  const number = await claimNumber(link);
  const [hostAddress, nodeAddress] = [`${LINK_PREFIX}.${number}.1`, `${LINK_PREFIX}.${number}.2`];
  const podSubnet = `${POD_PREFIX}.${number}.0/24`;
  await runOrFail('ip', ['address', 'add', `${hostAddress}/30`, 'dev', link]);
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'address', 'add', `${nodeAddress}/30`, 'dev', 'eth0');
  await inside('ip', 'link', 'set', 'eth0', 'up');
  await inside('ip', 'route', 'add', 'default', 'via', hostAddress);
  await inside('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  await runOrFail('ip', ['route', 'change', podSubnet, 'via', nodeAddress, 'dev', link]);
  return { netns, link, hostAddress, nodeAddress, podSubnet };
}

async function claimNumber(link: string): Promise<number> {
  const taken = await runOrFail('ip', ['-4', 'route', 'show', 'table', 'all']);
  const first = randomInt(NUMBERS);
  for (let i = 0; i < NUMBERS; i++) {
    const number = (first + i) % NUMBERS;
    if (taken.includes(`${LINK_PREFIX}.${number}.`)) continue;
    const claim = await run('ip', ['route', 'add', `${POD_PREFIX}.${number}.0/24`, 'dev', link]);
    if (claim.code === 0) return number;
    if (!claim.stderr.includes('File exists')) throw new Error(`ip route add: ${claim.stderr.trim()}`);
  }
  throw new Error(`No network number is free: all of ${LINK_PREFIX}.0.0/16 is in use on this machine.`);
}
