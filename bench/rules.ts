// What rules cost: the time of one decision with none, 1, 10, 100 and 1000 rules of which none but the last matches. `node bench/rules.ts`; needs
// nothing else. What is about users and groups is decided once for a verified user; "for a new user" is a decision without that.

import { compileRules, decide } from '../src/authz/rules.ts';
import type { AuthorizationConfig } from '../src/config/authzconfig.ts';
import { resolveAuthorization } from '../src/config/authzresolve.ts';
import { judgedAttributes } from '../src/kube/attributes.ts';
import { parseTarget } from '../src/kube/path.ts';
import { resolveRequestInfo } from '../src/kube/requestinfo.ts';
import { freezeUserInfo } from '../src/kube/userinfo.ts';

const DECISIONS = 1000;
const ROUNDS = 40;
const WARM_UP = 10_000;
const user = () =>
  freezeUserInfo({
    username: 'ada@example.com',
    groups: Array.from({ length: 20 }, (_, i) => `group-${i}`),
  });
type Rule = Parameters<typeof resolveAuthorization>[0]['rules'][number];

/** Rules as people write them, in turn: for others, for another namespace, for other resources, for a class, and, if so, with an expression. */
function rulesOf(count: number, expressions = false): AuthorizationConfig {
  const when = "request.namespace == 'shop' && 'admins' in user.groups";
  const kinds: readonly Partial<Rule>[] = [
    { userGroups: ['somebody-else'] },
    { namespaces: ['prod-*', 'stage-*'] },
    { resources: [{ group: '', resources: ['secrets', 'configmaps', '*/scale'] }] },
    { classes: ['interactive'], namespaces: ['web'] },
    { verbs: ['get', 'list'], ...(expressions ? { when } : { namespaces: ['shop'] }) },
  ];
  const rules = Array.from({ length: count }, (_, i): Rule => {
    const last = i === count - 1;
    return { name: `r${i}`, decision: 'Allow', ...(last ? {} : kinds[i % kinds.length]) };
  });
  return resolveAuthorization({ default: 'Allow', rules });
}

function factsOf(asking: ReturnType<typeof user>) {
  const parsed = parseTarget('/api/v1/namespaces/web/pods?limit=500');
  if (!parsed.ok) throw new TypeError('a good path');
  const info = resolveRequestInfo('GET', parsed.target);
  if ('error' in info) throw new TypeError('a good request');
  return {
    cluster: 'prod',
    attributes: judgedAttributes('GET', info, parsed.target.rawQuery),
    user: asking,
    issuer: 'https://login.example.com',
    claims: {},
    sourceAddress: '192.0.2.7',
    reason: '',
    timeMs: 1_790_000_000_000,
  };
}

/** Microseconds of one decision. */
function measure(config: AuthorizationConfig, isNew: boolean): number {
  const rules = compileRules(config);
  const known = user();
  const users = Array.from({ length: 512 }, user);
  let allowed = 0;
  const run = (times: number) => {
    for (let i = 0; i < times; i++) {
      const asking = isNew ? { ...(users[i % users.length] ?? known) } : known;
      if (decide(rules, factsOf(asking)).kind === 'allowed') allowed++;
    }
  };
  run(WARM_UP);
  // The fastest of many short rounds: what other programs on the machine take is not ours.
  let micros = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.hrtime.bigint();
    run(DECISIONS);
    micros = Math.min(micros, Number(process.hrtime.bigint() - started) / 1000 / DECISIONS);
  }
  if (allowed === 0) throw new TypeError('nothing was allowed');
  return micros;
}

process.stdout.write('rules  µs a decision  µs for a new user  µs with an expression in every fifth\n');
for (const count of [0, 1, 10, 100, 1000]) {
  const cells = [
    measure(rulesOf(count), false),
    measure(rulesOf(count), true),
    measure(rulesOf(count, true), false),
  ].map((micros) => micros.toFixed(2));
  process.stdout.write(
    `${String(count).padStart(5)}  ${cells[0]?.padStart(13)}  ${cells[1]?.padStart(17)}  ${cells[2]?.padStart(36)}\n`,
  );
}
