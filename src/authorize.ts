// The step of the gate that asks the rules, for REST and upgrades alike, and the words in which a denial is told: those of the API server's
// own 403, with the rule's name and what to do next. Synchronous; without rules it does nothing at all.

import type { Facts } from './authz/facts.ts';
import { type Decision, decide } from './authz/rules.ts';
import { type GateError, gateError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { judgedAttributes } from './kube/attributes.ts';
import { describeAttempt, forbiddenDetails, forbiddenSubject } from './kube/forbidden.ts';
import { callerAddress } from './proxy/address.ts';

/** Decides the request by the generation's rules. @throws GateError when they don't allow it. */
export function authorize(exchange: Exchange): void {
  const { rules } = exchange.generation;
  if (rules === undefined) return;
  const facts = factsOf(exchange);
  const decision = decide(rules, facts);
  exchange.decision = decision;
  if (decision.kind !== 'allowed') throw denial(decision, facts);
}

/** What rules see of an exchange whose caller is known; keep them to ask later rules about the same request. */
export function factsOf(exchange: Exchange): Facts {
  const { info, target, user, upstream, evidence, generation } = exchange;
  if (info === undefined || target === undefined || user === undefined || upstream === undefined)
    throw new TypeError('judged before the caller was known');
  return {
    cluster: upstream.name,
    attributes: judgedAttributes(exchange.method, info, target.rawQuery),
    user,
    issuer: evidence.issuer,
    claims: evidence.claims,
    sourceAddress: callerAddress(exchange.peerAddress, exchange.rawHeaders, generation.isTrusted),
    reason: exchange.reason,
    timeMs: exchange.receivedAt,
  };
}

/** A decision other than `allowed`, as the error that the caller gets. */
export function denial(decision: Exclude<Decision, { kind: 'allowed' }>, facts: Facts): GateError {
  const { attributes, user } = facts;
  const subject = forbiddenSubject(attributes);
  const attempt = `${subject === '' ? '' : `${subject} `}forbidden: ${describeAttempt(user.username, attributes)}`;
  const { rule } = decision;
  const about = forbiddenDetails(attributes);
  switch (decision.kind) {
    case 'denied':
      return rule === ''
        ? gateError('RULE_DEFAULT', { about, params: { attempt } })
        : gateError('RULE_DENIED', { about, params: { attempt, rule }, remark: decision.message });
    case 'lacking': {
      const lacks = decision.lacks.map(({ text }) => text).join('; and ');
      const detail = decision.lacks.map(({ kind }) => kind).join(', ');
      const remark = decision.message === '' ? `${lacks}.` : `${lacks}. ${decision.message}`;
      return gateError('RULE_REQUIRES', { about, params: { attempt, rule }, detail, remark });
    }
    case 'failed': {
      const detail = `${decision.expression}: ${decision.error}`;
      return gateError('RULE_FAILED', { about, params: { attempt, rule }, detail });
    }
    default:
      decision satisfies never;
      throw new TypeError('unknown decision');
  }
}
