// The reference page and the JSON Schema for editors say what the program does.

import t from 'tap';
import { Check } from 'typebox/schema';
import { parse } from 'yaml';
import { configReference, configSchemaFile } from '../../../scripts/docs/config.ts';
import { BASE, change, errorsOf, warningsOf } from './base.ts';

const schema = JSON.parse(configSchemaFile.render());
const page = configReference.render();
const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';

t.test('the example is valid, without a warning', async (t) => {
  t.match(example, /^# yaml-language-server: \$schema=/);
  t.strictSame(errorsOf(example), []);
  t.strictSame(warningsOf(example), []);
  t.ok(Check(schema, parse(example)));
});

t.test('the page has every section, and no key without a meaning', async (t) => {
  for (const section of [
    'listen.tls',
    'clusters[].match',
    'authentication.jwt[].issuer',
    'authentication.jwt[].claimMappings.username',
    'sessions',
    'log',
  ]) {
    t.ok(page.includes(`## \`${section}\``), section);
  }
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  t.ok(rows.length > 40);
  for (const row of rows) t.notOk(row.includes('undefined') || row.includes('[object'), row);
  for (const row of page
    .split('## Not supported')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `')) ?? []) {
    t.not(row.split(' | ')[3]?.trim() ?? '', '', `a meaning: ${row}`);
  }
});

t.test('the JSON Schema accepts what the program accepts, and refuses what it can', async (t) => {
  t.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#');
  t.notMatch(JSON.stringify(schema), /"x-/, 'no keyword of our own');
  t.ok(Check(schema, parse(BASE)));
  t.ok(Check(schema, parse(`${BASE}authorization: {rules: []}\nlimits: {}\naudit: {backends: []}\n`)));
  const refused = [
    change('log:', 'lag:'),
    change('level: info', 'level: loud'),
    change('name: prod', 'name: Prod'),
    change('    keyFile: tls.key\n', ''),
    change('postern.dev/v1', 'postern.dev/v2'),
    change('https://login', 'http://login'),
    change('[postern]', '[]'),
    change('idleTimeout: 0s', 'idleTimeout: 5 minutes'),
    change('  jwt:', '  configFile: [x]\n  jwt:'),
    change('log:', 'limits: {a: 1}\nlog:'),
    change('      claimMappings', '      signingAlgorithms: [none]\n      claimMappings'),
  ];
  for (const text of refused) {
    t.notOk(Check(schema, parse(text)));
    t.equal(errorsOf(text).length > 0, true);
  }
});
