// `postern check --as`: a decision explained without a server, for people and for programs; 0 allowed, 1 denied, 2 wrong usage.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runCheck } from '../../../src/cli/check.ts';
import { BASE, change } from '../config/base.ts';

const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
t.teardown(() => rmSync(dir, { recursive: true }));

const RULES = `authorization:
  rules:
    - {name: admins, userGroups: [admins], decision: Allow}
    - {name: office-hours, namespaces: ["prod-*"], classes: [interactive], when: "time.getHours() >= 18", decision: Deny, message: Come back tomorrow.}
    - name: prod-mfa
      namespaces: ["prod-*"]
      classes: [interactive]
      decision: Require
      require: {claims: [{claim: amr, anyOf: [mfa]}]}
    - {name: vpn, resources: [{resources: [secrets]}], when: "source.address.startsWith('10.')", decision: Allow}
    - {name: no-secrets, resources: [{resources: [secrets]}], decision: Deny, message: Ask the vault.}
    - {name: team, namespaces: [web], when: "claims.team == 'web'", decision: Allow}
`;
const TWO = change(
  'kubeconfig: prod.kubeconfig',
  'kubeconfig: prod.kubeconfig\n    match: {pathPrefix: /clusters/prod}',
).replace(
  'authentication:',
  '  - name: staging\n    kubeconfig: s.kubeconfig\n    match: {hosts: [staging.example]}\nauthentication:',
);
const one = join(dir, 'one.yaml');
const two = join(dir, 'two.yaml');
writeFileSync(one, BASE + RULES);
writeFileSync(two, TWO + RULES);

const EXEC = 'POST /api/v1/namespaces/prod-shop/pods/web-1/exec?command=sh';
const AT = ['--at', '2026-11-29T12:00:00Z'];

async function check(...args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runCheck(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
  });
  return { code, stdout, stderr };
}

async function answer(...args: readonly string[]) {
  const { code, stdout, stderr } = await check('-c', one, '--as', 'ada', '-o', 'json', ...AT, ...args);
  return { exit: code, ...(stdout === '' ? { stderr } : JSON.parse(stdout)) };
}

t.test('the whole answer for people', async (t) => {
  const { code, stdout } = await check(
    '-c',
    one,
    '--as',
    'ada',
    '--groups',
    'dev,ops',
    '--request',
    EXEC,
    ...AT,
  );
  t.equal(code, 1);
  t.equal(
    stdout,
    `DENIED by rule prod-mfa

  user     ada, in dev, ops
  cluster  prod
  request  create pods/exec "web-1", namespace prod-shop, class interactive, command "sh"
  answer   pods "web-1" is forbidden: User "ada" cannot create resource "pods/exec" in API group "" in the namespace "prod-shop": the rule "prod-mfa" of this gate requires that the claim "amr" of your token holds "mfa": sign in again in the way that gives it, usually with a second factor. (RULE_REQUIRES)

  admins        not matched: userGroups: "dev", "ops": none of them is "admins"
  office-hours  not matched: when: time.getHours() >= 18 is false
  prod-mfa      matched: require: requires that the claim "amr" of your token holds "mfa": sign in again in the way that gives it, usually with a second factor
  vpn           not looked at
  no-secrets    not looked at
  team          not looked at
`,
  );
});

t.test('what is allowed goes on to RBAC', async (t) => {
  const { code, stdout } = await check(
    '-c',
    one,
    '--as',
    'ada',
    '--request',
    'get /api/v1/namespaces/x/pods',
    ...AT,
  );
  t.equal(code, 0);
  t.match(stdout, /^ALLOWED by authorization\.default: no rule matches\n/);
  t.match(stdout, /request {2}list pods, namespace x\n/);
  t.match(stdout, /answer {3}the cluster's own authorization \(RBAC\) decides\n/);
  t.match(stdout, /vpn {11}not matched: resources: pods is none of secrets\n/);
});

t.test('a decision depends on what is said of the caller', async (t) => {
  const exec = ['--request', EXEC];
  const secret = ['--request', 'GET /api/v1/namespaces/web/secrets/s'];
  t.match(await answer(...exec, '--groups', 'admins'), {
    code: 0,
    allowed: true,
    rule: 'admins',
    by: 'rule',
  });
  t.match(await answer(...exec, '--claims', '{"amr":["mfa"]}'), { exit: 0, rule: 'prod-mfa' });
  t.match(await answer(...exec, '--at', '2026-11-29T19:00:00+01:00'), {
    exit: 1,
    code: 'RULE_DENIED',
    rule: 'office-hours',
    message: /Come back tomorrow\.$/,
  });
  t.match(await answer(...secret), { exit: 1, rule: 'no-secrets' });
  t.match(await answer(...secret, '--source', '10.1.2.3'), { exit: 0, rule: 'vpn' });
  t.match(await answer('--request', 'GET /api'), { exit: 0, by: 'discovery', rule: '' });
});

t.test('every rule tells why it does not match, in JSON', async (t) => {
  const { rules, request } = await answer('--request', 'GET /metrics');
  t.match(request, { isResourceRequest: false, verb: 'get', path: '/metrics' });
  t.strictSame(
    rules.map(
      (rule: Record<string, string>) =>
        `${rule['rule']} ${rule['outcome']} ${rule['condition']}: ${rule['detail']}`,
    ),
    [
      'admins not matched userGroups: the user has no groups; asked for "admins"',
      'office-hours not matched classes: the request is not interactive',
      'prod-mfa not matched classes: the request is not interactive',
      'vpn not matched resources: the request is for no resource',
      'no-secrets not matched resources: the request is for no resource',
      'team not matched namespaces: the request is for no resource',
    ],
  );
});

t.test('an expression that fails is shown with its error', async (t) => {
  const answered = await answer('--request', 'GET /api/v1/namespaces/web/pods');
  t.match(answered, { exit: 1, allowed: false, code: 'RULE_FAILED', rule: 'team' });
  t.match(answered.rules.at(-1), {
    rule: 'team',
    outcome: 'failed',
    condition: 'when',
    detail: /^claims\.team == 'web': ./,
  });
});

t.test('the gate refuses some requests before any rule', async (t) => {
  t.match(await answer('--request', 'GET /api/v1//pods'), {
    allowed: false,
    by: 'gate',
    message: /malformed/,
  });
  t.match(await answer('--request', 'TRACE /api/v1/pods'), { by: 'gate', message: /TRACE/ });
  t.match(await answer('--request', 'GET /reason//api'), { by: 'gate', message: /reason/ });
});

t.test('which cluster: by its path, by name, or the only one', async (t) => {
  const pods = '/api/v1/namespaces/x/pods';
  const at = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await check('-c', two, '--as', 'ada', '-o', 'json', ...args);
    return code === 2 ? stderr : JSON.parse(stdout).cluster;
  };
  t.equal(await at('--request', `GET /clusters/prod${pods}`), 'prod');
  t.equal(await at('--request', `GET /clusters/prod/reason/x${pods}`), 'prod');
  t.equal(await at('--request', `GET ${pods}`, '--cluster', 'staging'), 'staging');
  t.equal(await at('--request', `GET ${pods}`, '--cluster', 'prod'), 'prod');
  t.match(await at('--request', `GET ${pods}`), /which cluster\? --cluster NAME, one of prod, staging/);
  t.match(await at('--request', `GET ${pods}`, '--cluster', 'x'), /no cluster "x"; there are prod, staging/);
});

t.test('wrong usage is told, and is exit code 2', async (t) => {
  const request = ['--request', 'GET /api'];
  for (const [args, why] of [
    [['--groups', 'x'], /--groups goes with --as USER/],
    [['--request', 'GET /x'], /--request goes with --as USER/],
    [['--as', 'ada'], /--as needs --request/],
    [['--as', ' ', ...request], /--as takes the name of a user/],
    [['--as', 'ada', '--request', 'pods'], /--as needs --request/],
    [['--as', 'ada', ...request, '--claims', '[1]'], /--claims takes a JSON object/],
    [['--as', 'ada', ...request, '--claims', 'x'], /--claims takes a JSON object/],
    [['--as', 'ada', ...request, '--source', 'here'], /--source takes an address, not "here"/],
    [['--as', 'ada', ...request, '--at', 'noon'], /--at takes a time with its zone/],
    [['--as', 'ada', ...request, '--at', '2026-13-01T00:00:00Z'], /--at takes a time/],
  ] as const) {
    const { code, stdout, stderr } = await check('-c', one, ...args);
    t.equal(code, 2, args.join(' '));
    t.match(stderr, why);
    t.equal(stdout, '');
  }
});

t.test('a configuration with errors explains nothing', async (t) => {
  const broken = join(dir, 'broken.yaml');
  writeFileSync(broken, `${BASE}authorization: {rules: [{name: x, decision: Allow, when: "1 +"}]}\n`);
  const { code, stdout } = await check('-c', broken, '--as', 'ada', '--request', 'GET /api');
  t.equal(code, 1);
  t.match(stdout, /authorization\.rules\[0\]\.when: /);
});
