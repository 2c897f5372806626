// Why a gate refused something, in its own words: what a kubectl prints of it is for people, and says too little to find the reason by.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { GateProcess } from '../fakes/gateprocess.ts';

const SHOWN = [
  'time',
  'method',
  'target',
  'user',
  'status',
  'error',
  'detail',
  'cause',
  'durationMs',
] as const;
const MARK = '/last-line/';

/** What the gate's log has, from the `from`th line on, about requests that it refused itself; of each what tells why. */
export async function refusalsOf(gate: GateProcess, from: number): Promise<string[]> {
  await catchUp(gate);
  return gate.log.slice(from).flatMap((text) => {
    const line = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (line['error'] === undefined || line['status'] === undefined) return [];
    if (String(line['target']).startsWith(MARK)) return [];
    return [JSON.stringify(Object.fromEntries(SHOWN.map((name) => [name, line[name]])))];
  });
}

/** The log comes through a pipe, behind the answers: what was written before is here when a line of our own is. */
async function catchUp(gate: GateProcess): Promise<void> {
  const target = `${MARK}${randomUUID()}`;
  const socket = await gate.connect();
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, 'data');
  socket.destroy();
  await gate.logged((line) => line['target'] === target);
}
