// sessions.registry: one place for the list, reachable with an account of the gate's own, and no password in the configuration.
import t from 'tap';
import { loadConfig } from '../../../src/config/load.ts';
import { BASE, change, errorsOf, warningsOf } from './base.ts';

const at = (registry: string) => change('  idleTimeout: 0s', `  registry: ${registry}`);

const good: readonly (readonly [string, object])[] = [
  ['{kubernetes: {}}', { kind: 'kubernetes', namespace: 'postern', cluster: 'prod' }],
  ['{kubernetes: {namespace: x, cluster: prod}}', { kind: 'kubernetes', namespace: 'x', cluster: 'prod' }],
  [
    '{redis: {url: "rediss://u@redis.example.com/3", passwordFile: p}}',
    { kind: 'redis', url: 'rediss://u@redis.example.com/3', passwordFile: '/etc/postern/p', caFile: '' },
  ],
  ['{redis: {url: "redis://127.0.0.1:6379"}}', { kind: 'redis' }],
];
for (const [registry, expected] of good)
  t.test(`${registry} is fine`, async (t) => {
    t.strictSame(warningsOf(at(registry)), []);
    const loaded = loadConfig({
      file: '/etc/postern/postern.yaml',
      text: at(registry),
      files: false,
      env: {},
    });
    t.match(loaded.ok && loaded.config.sessions.registry, expected);
  });

// [registry, the error]
const bad: readonly (readonly [string, RegExp])[] = [
  ['{}', /^22:13 sessions\.registry: names no place: write kubernetes: \{namespace: postern\} or redis: /],
  [
    '{kubernetes: {}, redis: {url: "rediss://h"}}',
    /sessions\.registry\.redis: .*exclude each other; keep one/,
  ],
  [
    '{kubernetes: {cluster: dev}}',
    /registry\.kubernetes\.cluster: there is no cluster "dev"; expected one of prod/,
  ],
  ['{kubernetes: {namespace: Postern}}', /registry\.kubernetes\.namespace: expected a DNS label/],
  ['{redis: {}}', /registry\.redis\.url: missing: write url: rediss:\/\/HOST:PORT/],
  [
    '{redis: {url: "https://h"}}',
    /redis\.url: expected rediss:\/\/HOST:PORT.*the scheme must be rediss or redis, found "https"/,
  ],
  [
    '{redis: {url: "rediss://u:opensesame@h"}}',
    /redis\.url: must not contain a password: put it into passwordFile/,
  ],
  ['{redis: {url: "rediss://h/one"}}', /the path is the number of a database/],
  ['{redis: {url: "rediss://h?x=1"}}', /without query and fragment/],
  ['{redis: {url: "redis h"}}', /redis\.url: expected rediss:\/\/HOST:PORT/],
];
for (const [registry, error] of bad)
  t.test(`${registry} is refused`, async (t) => {
    const errors = errorsOf(at(registry));
    t.equal(errors.length, 1);
    t.match(errors[0], error);
    t.notMatch(String(errors), /opensesame/);
  });

t.test('several clusters: one has to be named, and it needs an account of the gate there', async (t) => {
  const other =
    '  - name: dev\n    kubeconfig: dev.kubeconfig\n    identity: Passthrough\n    match: {pathPrefix: /dev}\n';
  const two = (registry: string) => at(registry).replace('authentication:', `${other}authentication:`);
  t.match(errorsOf(two('{kubernetes: {}}')), [
    /sessions\.registry\.kubernetes: which cluster\? Write cluster: NAME, one of prod, dev/,
  ]);
  t.match(errorsOf(two('{kubernetes: {cluster: dev}}')), [
    /clusters\[1\] has identity: Passthrough, where Postern has no account/,
  ]);
  const front = (text: string) => text.replace('identity: Passthrough', 'identity: RequestHeader');
  t.strictSame(errorsOf(front(two('{kubernetes: {cluster: dev}}'))), [], 'there it is gateUser');
  t.strictSame(errorsOf(two('{kubernetes: {cluster: prod}}')), []);
});

t.test('a Redis elsewhere without TLS is a warning', async (t) => {
  t.match(warningsOf(at('{redis: {url: "redis://redis.example.com"}}')), [/without TLS: .*use rediss:\/\//]);
});

t.test('drainDelay', async (t) => {
  const loaded = loadConfig({
    file: 'x',
    text: BASE.replace('idleTimeout: 0s', 'drainDelay: 10s'),
    files: false,
    env: {},
  });
  t.equal(loaded.ok && loaded.config.sessions.drainDelayMs, 10_000);
});
