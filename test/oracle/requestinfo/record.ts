// Asks the API server's own code what it takes requests for, and writes the first of its answers to test/unit/kube/facts/requestinfo.json: once per
// version of Kubernetes. With a number and a seed it looks for differences among so many others, and writes nothing. main.go is built with the
// modules of test/cluster/kube, whose go.mod and go.sum go beside it:
//
//   cp ../../cluster/kube/go.{mod,sum} . && go build -mod=mod -o /tmp/oracle . && node record.ts /tmp/oracle
//   node record.ts /tmp/oracle 1000000 7

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type Asked, drawRequests } from './cases.ts';
import { type Reading, readAnswer, readAsGate } from './compare.ts';

const FACTS = new URL('../../unit/kube/facts/requestinfo.json', import.meta.url);
const RECORDED = 700;
/** Asked at once. */
const BATCH = 50_000;

const [oracle, count = '0', seed = '1'] = process.argv.slice(2);
if (oracle === undefined) throw new TypeError('usage: node record.ts ORACLE [COUNT SEED]');
if (Number(count) > 0) search(oracle, Number(count), Number(seed));
else record(oracle);

function record(oracle: string): void {
  const asked: Asked[] = [];
  const targets = new Set<string>();
  for (const request of drawRequests(1)) {
    if (asked.length === RECORDED) break;
    // What the gate refuses is no question; nor is what was asked already.
    if (readAsGate(request) === undefined || targets.has(request.target)) continue;
    targets.add(request.target);
    asked.push(request);
  }
  const rows = ask(oracle, asked).map(({ request: { method, target }, reading }) =>
    JSON.stringify([`${method} ${target}`, reading]),
  );
  writeFileSync(FACTS, `[\n${rows.join(',\n')}\n]\n`);
}

function search(oracle: string, count: number, seed: number): void {
  const requests = drawRequests(seed);
  let forwarded = 0;
  let differ = 0;
  for (let asked = 0; asked < count; asked += BATCH) {
    const batch = Array.from({ length: BATCH }, () => requests.next().value as Asked);
    for (const { request, reading } of ask(oracle, batch)) {
      const ours = readAsGate(request);
      if (ours === undefined) continue;
      forwarded++;
      if (isDeepStrictEqual(ours, reading) || 'error' in reading || isRefusedLater(ours, reading)) continue;
      differ++;
      process.stdout.write(
        `${request.method} ${request.target}\n  ${JSON.stringify(ours)}\n  ${JSON.stringify(reading)}\n`,
      );
    }
  }
  process.stdout.write(`${forwarded} of ${count} requests go on, ${differ} are read differently\n`);
  process.exitCode = differ > 0 ? 1 : 0;
}

/** The difference that resolveRequestInfo tells of: beside a labelSelector that can't be parsed a name counts here; the list is refused there. */
function isRefusedLater({ name: _ours, ...ours }: Reading, reading: Reading): boolean {
  return 'labelSelector' in ours && !('name' in reading) && isDeepStrictEqual(ours, reading);
}

function ask(oracle: string, asked: readonly Asked[]): { request: Asked; reading: Reading }[] {
  const input = `${asked.map((request) => JSON.stringify(request)).join('\n')}\n`;
  // The API server's code also logs what it can't parse.
  const { stdout, status } = spawnSync(oracle, { input, encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`${oracle} ended with ${status}`);
  const answers = stdout.trimEnd().split('\n');
  return asked.map((request, i) => ({ request, reading: readAnswer(JSON.parse(answers[i] ?? '')) }));
}
