// What a gate's metrics have counted of sessions, in the form in which rounds.ts says what they should have.

import type { GateProcess } from '../fakes/gateprocess.ts';

const SAMPLE = /^(\w+)\{(.*)\} (\S+)$/;

/** postern_sessions_total by `exec spdy client`; without rows of 0. */
export async function countedEnds({ opsUrl }: GateProcess): Promise<Map<string, number>> {
  const counted = new Map<string, number>();
  for (const { name, labels, value } of await samples(opsUrl))
    if (name === 'postern_sessions_total' && value > 0)
      counted.set(`${labels['kind']} ${labels['protocol']} ${labels['end']}`, value);
  return counted;
}

/** The sum of the gauges of what is open and under way. */
export async function countedOpen({ opsUrl }: GateProcess): Promise<number> {
  const gauges = ['postern_sessions_open', 'postern_requests_in_flight'];
  const all = await samples(opsUrl);
  return all.filter(({ name }) => gauges.includes(name)).reduce((sum, { value }) => sum + value, 0);
}

/** What differs, in words: rows of `exec spdy client|refused` hold when the two together are as many. */
export function differences(
  expected: ReadonlyMap<string, number>,
  counted: ReadonlyMap<string, number>,
): string[] {
  const left = new Map(counted);
  const wrong: string[] = [];
  for (const [label, count] of expected) {
    const [kind, protocol, ends = ''] = label.split(' ');
    const labels = ends.split('|').map((end) => `${kind} ${protocol} ${end}`);
    const found = labels.reduce((sum, one) => sum + (counted.get(one) ?? 0), 0);
    for (const one of labels) left.delete(one);
    if (found !== count) wrong.push(`${label}: ${found} counted, ${count} done`);
  }
  for (const [label, count] of left) wrong.push(`${label}: ${count} counted, none done`);
  return wrong;
}

async function samples(opsUrl: string) {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  return text.split('\n').flatMap((line) => {
    const [, name = '', list = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (name === '') return [];
    const labels = Object.fromEntries(
      [...list.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]),
    );
    return [{ name, labels: labels as Readonly<Record<string, string>>, value: Number(value) }];
  });
}
