// Rules as a configuration file has them, and requests to ask them about, in short.

import type { Facts } from '../../../src/authz/facts.ts';
import { compileRules, type Decision, decide, type Rules } from '../../../src/authz/rules.ts';
import { formatError, loadConfig } from '../../../src/config/load.ts';
import { judgedAttributes } from '../../../src/kube/attributes.ts';
import { parseTarget } from '../../../src/kube/path.ts';
import { resolveRequestInfo } from '../../../src/kube/requestinfo.ts';
import { freezeUserInfo } from '../../../src/kube/userinfo.ts';
import { BASE } from '../config/base.ts';

/** A Sunday. */
export const NOW = Date.parse('2026-11-29T12:00:00Z');

/** A rule of the file; name and decision (Allow, or Deny with a message) may be left out. */
export type RuleText = Readonly<Record<string, unknown>>;

/** Compiles rules by the way of a whole configuration file. */
export function rulesOf(rules: readonly RuleText[], fallback: 'Allow' | 'Deny' = 'Allow'): Rules {
  const named = rules.map((rule, index) => ({ name: `r${index}`, decision: 'Allow', ...rule }));
  return compileRules(configOf({ default: fallback, rules: named }).authorization);
}

/** A whole configuration with this `authorization`; throws when it has errors. */
export function configOf(authorization: unknown) {
  const text = `${BASE}authorization: ${JSON.stringify(authorization)}\n`;
  const loaded = loadConfig({ file: 'gate.yaml', text, files: false, env: {} });
  if (!loaded.ok) throw new Error(loaded.errors.map(formatError).join('\n'));
  return loaded.config;
}

/** What a request is asked about beside its text. */
export interface Asking {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly issuer?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly cluster?: string;
  readonly source?: string;
  readonly reason?: string;
  readonly at?: number;
}

/** The facts of `METHOD /path`, asked by ada of the engineers unless said otherwise. */
export function facts(request: string, asking: Asking = {}): Facts {
  const [method = '', path = ''] = request.split(' ');
  const parsed = parseTarget(path);
  if (!parsed.ok) throw new Error(`${request}: ${parsed.detail}`);
  const info = resolveRequestInfo(method, parsed.target);
  if ('error' in info) throw new Error(`${request}: ${info.error}`);
  return {
    cluster: asking.cluster ?? 'prod',
    attributes: judgedAttributes(method, info, parsed.target.rawQuery),
    user: freezeUserInfo({
      username: asking.user ?? 'ada@example.com',
      groups: asking.groups ?? ['engineers'],
    }),
    issuer: asking.issuer ?? 'https://login.example.com',
    claims: asking.claims ?? {},
    sourceAddress: asking.source ?? '192.0.2.7',
    reason: asking.reason ?? '',
    timeMs: asking.at ?? NOW,
  };
}

/** `allowed r0`, `denied r1`, `allowed default` … */
export function verdict(decision: Decision): string {
  if (decision.kind === 'allowed' && decision.by !== 'rule') return `allowed ${decision.by}`;
  return `${decision.kind} ${decision.rule === '' ? 'default' : decision.rule}`;
}

/** Decides a request by rules. */
export function judge(rules: readonly RuleText[], request: string, asking: Asking = {}): string {
  return verdict(decide(rulesOf(rules), facts(request, asking)));
}
