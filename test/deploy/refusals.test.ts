// What helm must refuse, with words that lead to the mistake; and that `postern check` and the chart agree on what a wrong `config` is.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeChecker } from './checking.ts';
import { readContext } from './context.ts';
import { CHECK_ONLY, CONFIG, VALUES } from './refusals.ts';
import { template } from './render.ts';

const { helm, oldHelm } = readContext();
const dir = t.testdir();
const check = await makeChecker(dir);

for (const { for: name, values, says } of VALUES)
  t.test(`helm refuses ${name}`, async (t) => {
    const { code, stderr } = await template(helm, dir, { values });
    t.equal(code, 1);
    t.match(stderr, says);
    t.equal((await template(oldHelm, dir, { values })).code, 1, 'helm 3 does, too');
  });

for (const [index, { for: name, config, says, checkSays }] of CONFIG.entries())
  t.test(`helm and postern check refuse ${name}`, async (t) => {
    const { code, stderr } = await template(helm, dir, { values: { config } });
    t.equal(code, 1);
    t.match(stderr, says);
    t.equal((await template(oldHelm, dir, { values: { config } })).code, 1, 'helm 3 does, too');
    const verdict = await check(fileOf(config, `both-${index}`));
    t.equal(verdict.code, 1);
    t.match(verdict.printed, checkSays);
  });

for (const [index, { for: name, config, checkSays }] of CHECK_ONLY.entries())
  t.test(`only postern check sees ${name}`, async (t) => {
    const { code, stderr } = await template(helm, dir, { values: { config } });
    t.equal(code, 0, stderr);
    const verdict = await check(fileOf(config, `only-${index}`));
    t.equal(verdict.code, 1);
    t.match(verdict.printed, checkSays);
  });

/** The file that Postern would get: the chart's defaults beneath. */
function fileOf(config: object, name: string): string {
  const whole = {
    apiVersion: 'postern.dev/v1',
    kind: 'GateConfiguration',
    listen: { tls: { certFile: 'tls.crt', keyFile: 'tls.key' } },
    clusters: [{ name: 'cluster', inCluster: true }],
    ...config,
  };
  const file = join(dir, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(whole));
  return file;
}
