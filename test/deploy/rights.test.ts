// What the chart's rules are enough for, and what they keep out, by the API server's own word: the same callers through a gate whose account
// has the rights of each mode. Nothing is asked of Postern alone: the refusals are the cluster's.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ENGINEERS, TEST_NAMESPACE } from '../cluster/cluster.ts';
import { askForToken } from '../e2e/desk.ts';
import { makeTarget } from './alice.ts';
import { admin, adminOrFail, helm, NAMESPACE, readContext } from './context.ts';
import * as gate from './gate.ts';

const context = readContext();
const authority = join(context.dir, 'rights-ca.crt');
await makeTarget(context);
t.teardown(() =>
  helm(context, ['uninstall', gate.RELEASE, '--namespace', NAMESPACE, '--ignore-not-found', '--wait']),
);

/** Who asks. */
const CALLERS = {
  alice: () => gate.tokenOfAlice(context),
  /** In a group that is named nowhere. */
  mallory: () =>
    askForToken(context.issuer.deskUrl, {
      claims: { email: 'mallory@example.com', groups: [ENGINEERS, 'guests'] },
    }),
  'the account of a pod': () => accountToken(TEST_NAMESPACE),
  'an account of another namespace': () => accountToken('kube-node-lease'),
} as const;

type Caller = keyof typeof CALLERS;

interface Expected {
  readonly code: number;
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
}

interface Mode {
  readonly for: string;
  readonly rbac: object;
  readonly serviceAccounts?: object;
  readonly asks: readonly (readonly [caller: Caller, args: readonly string[], expected: Expected])[];
}

const GET = ['get', 'pods', '--namespace', TEST_NAMESPACE];
const EXEC = ['exec', '--namespace', TEST_NAMESPACE, 'target', '--', 'echo', 'inside'];
const WHO = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
const AS = ['--as', 'victor@example.com', ...WHO];
const works = { code: 0, stdout: /target/ };
const inside = { code: 0, stdout: /inside/ };
const refused = { code: 1, stderr: /Forbidden|forbidden/ };

/** Upgrades of one release, in this order. */
const MODES: readonly Mode[] = [
  {
    for: 'constrained impersonation, as the chart makes it for this cluster',
    rbac: {},
    asks: [
      ['alice', GET, works],
      ['alice', EXEC, inside],
      ['alice', AS, { code: 0, stdout: /^victor@example\.com$/ }],
    ],
  },
  {
    for: 'constrained to reading, in named groups',
    rbac: {
      groups: [ENGINEERS],
      actions: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
    },
    asks: [
      ['alice', GET, works],
      ['alice', ['delete', 'pod', 'nobody', '--namespace', TEST_NAMESPACE], refused],
      ['mallory', GET, refused],
    ],
  },
  {
    for: 'people constrained, service accounts of one namespace beside them',
    rbac: { serviceAccountNamespaces: [TEST_NAMESPACE] },
    serviceAccounts: {},
    asks: [
      ['alice', GET, works],
      [
        'the account of a pod',
        WHO,
        { code: 0, stdout: new RegExp(`^system:serviceaccount:${TEST_NAMESPACE}:default$`) },
      ],
      ['an account of another namespace', ['get', '--raw', '/version'], refused],
    ],
  },
  {
    for: 'classic impersonation, limited to a group',
    rbac: { impersonation: 'Classic', groups: [ENGINEERS] },
    asks: [
      ['alice', GET, works],
      ['alice', EXEC, inside],
      ['mallory', GET, refused],
    ],
  },
];

for (const [index, mode] of MODES.entries())
  t.test(mode.for, async (t) => {
    const { authentication } = (gate.installValues(context) as { config: { authentication: object } }).config;
    const doors = mode.serviceAccounts === undefined ? {} : { serviceAccounts: mode.serviceAccounts };
    const values = gate.installValues(context, {
      replicaCount: 1,
      rbac: mode.rbac,
      rollout: { onConfigChange: true },
      config: { authentication: { ...authentication, ...doors } },
    });
    const made = await gate.release(context, index === 0 ? 'install' : 'upgrade', values);
    t.equal(made.code, 0, made.stderr);
    for (const [caller, args, expected] of mode.asks) {
      const answer = await ask(caller, args, expected);
      t.match(answer, expected, `${caller}: kubectl ${args.join(' ')}`);
    }
  });

/**
 * Asks until the answer is the expected one, or until patience ends: the authorizer reads roles from a watch of its own, and the Service may lead
 * to a pod of the release before for a moment.
 */
async function ask(caller: Caller, args: readonly string[], expected: Expected) {
  const token = await CALLERS[caller]();
  const { host, port, caPem } = await gate.reachService(context);
  writeFileSync(authority, caPem);
  const server = `https://${host}:${port}`;
  const through = ['--kubeconfig', '/dev/null', '--server', server, '--certificate-authority', authority];
  const all = [...through, '--tls-server-name', gate.NAME, '--token', token, ...args];
  let answer = await admin(context, all);
  for (const until = Date.now() + 20_000; !isExpected(answer, expected) && Date.now() < until; )
    answer = await admin(context, all);
  return answer;
}

function isExpected(answer: { code: number; stdout: string; stderr: string }, expected: Expected): boolean {
  const { code, stdout = /(?:)/, stderr = /(?:)/ } = expected;
  return answer.code === code && stdout.test(answer.stdout) && stderr.test(answer.stderr);
}

async function accountToken(namespace: string): Promise<string> {
  return (await adminOrFail(context, ['create', 'token', 'default', '--namespace', namespace])).trim();
}
