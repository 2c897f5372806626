// What the command line of `postern sessions` may say, and how sessions are written for people.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runExecPlugin } from '../../../src/cli/execplugin.ts';
import { readSessionsOptions } from '../../../src/cli/sessionsoptions.ts';
import { ageText, bytesText, columns, plain, shortIDs } from '../../../src/cli/sessionstext.ts';
import { runHere } from '../../fakes/replicas.ts';

const wrong: readonly (readonly [string, RegExp])[] = [
  ['', /list or end\?/],
  ['show', /unknown command "show"/],
  ['list abcd', /list takes no ids/],
  ['list --output yaml', /--output takes wide or json/],
  ['list --kind shell', /--kind takes one of exec, attach/],
  ['list --reason x', /belong to end/],
  ['list --usr x', /Unknown option '--usr'/],
  ['end', /end whom\?/],
  ['end abcd --user ada', /exclude each other/],
  ['end abc', /too short for an id/],
  ['end abcd --wait soon', /--wait takes a duration such as 10s/],
  ['end abcd --all', /--all belongs to list/],
  ['end abcd --output wide', /--output takes json/],
  [`end abcd --reason ${'x'.repeat(513)}`, /at most 512 characters/],
  ['list --redis http://h', /--redis: expected rediss:\/\/HOST:PORT.*found "http"/],
  ['list --redis rediss://u:secret@h', /put it into --redis-password-file/],
  ['list --redis rediss://h/x', /the path is the number of a database/],
  ['list --redis rediss://h --namespace x', /--redis excludes/],
];
for (const [line, why] of wrong)
  t.test(`sessions ${line.slice(0, 60)}: exit code 2, with the next step`, async (t) => {
    const ran = await runHere(line.split(' ').filter((word) => word !== ''));
    t.match(ran, { code: 2, out: '', err: why });
    t.match(ran.err, /Try "postern sessions --help"/);
    t.notMatch(ran.err, /secret/);
  });

t.test('--help', async (t) => {
  t.match(await runHere(['--help']), { code: 0, out: /postern sessions end --user NAME/, err: '' });
  t.match(await runHere(['list', '--help']), { code: 0 });
});

t.test('a place that does not answer: exit code 1, and what to do', async (t) => {
  t.match(await runHere(['list']), { code: 1, err: /there is no kubeconfig: give --kubeconfig FILE/ });
  t.match(await runHere(['list', '--redis', 'redis://127.0.0.1:1']), {
    code: 1,
    err: /Redis at 127\.0\.0\.1:1: .*ECONNREFUSED/,
  });
});

t.test('options', async (t) => {
  t.match(
    readSessionsOptions(['end', '--user', 'ada', '--cluster', 'prod', '--kind', 'exec', '--wait', '3s']),
    {
      ...{
        kind: 'end',
        ids: [],
        waitMs: 3000,
        reason: '',
        filter: { user: 'ada', cluster: 'prod', kind: 'exec' },
      },
      board: { namespace: 'postern', redis: '' },
    },
  );
});

t.test('ages, sizes, ids', async (t) => {
  const ages = [-5, 999, 59_999, 60_000, 3_599_000, 3_600_000, 12_000_000, 86_400_000, 190_000_000];
  t.same(ages.map(ageText), ['0s', '0s', '59s', '1m', '59m', '1h', '3h20m', '1d', '2d4h']);
  t.same([0, 999, 1000, 12_345, 5e9].map(bytesText), ['0B', '999B', '1.0kB', '12kB', '5.0GB']);
  const ids = ['aaaaaaaa-1', 'aaaaaaaa-2', 'bbbbbbbb-1'];
  t.same([...shortIDs(ids).values()], ['aaaaaaaa-1', 'aaaaaaaa-2', 'bbbbbbbb']);
});

t.test('nothing from the board steers a terminal', async (t) => {
  t.equal(plain('ada\u001b[2J\u202e\n'), 'ada?[2J??');
  t.same(
    columns([
      ['A', 'B'],
      ['\u0007', ''],
    ]),
    ['A  B', '?  -'],
  );
});

t.test('a credential plugin', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const script = (text: string) =>
    writeFileSync(join(dir, 'plugin'), `#!/bin/sh\n${text}\n`, { mode: 0o700 });
  const run = (more: object = {}) =>
    runExecPlugin(
      {
        ...{
          apiVersion: 'client.authentication.k8s.io/v1',
          command: './plugin',
          args: ['a'],
          directory: dir,
        },
        ...{ env: { WORD: 'w' }, ...more },
      },
      { PATH: process.env['PATH'] },
    );
  script(`echo '{"kind":"ExecCredential","status":{"token":"'"$1-$WORD"'"}}'`);
  t.same(run(), { token: 'a-w', clientCertPem: '', clientKeyPem: '' });
  t.match(
    run({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
    /use client\.authentication\.k8s\.io\/v1$/,
  );
  t.match(
    run({ command: 'postern-no-such-plugin' }),
    /could not be run: ENOENT; is "postern-no-such-plugin" installed/,
  );
  script('echo secret; exit 3');
  t.equal(run(), 'failed with exit code 3');
  script('echo secret');
  t.equal(run(), 'printed no ExecCredential');
  script(`echo '{"kind":"ExecCredential","status":{}}'`);
  t.equal(run(), 'gave no credential');
});
