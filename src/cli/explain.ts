// `postern check --as`: how the rules of a configuration would decide one request, without a server: no connection, no token, only what the
// command line says of the caller. It takes the same way as the gate from the request's text to the decision.

import { denial } from '../authorize.ts';
import { describeResource, explain, type RuleTrace } from '../authz/explain.ts';
import type { Facts } from '../authz/facts.ts';
import { compileRules, type Decision } from '../authz/rules.ts';
import { matchCluster } from '../clusters.ts';
import type { GateConfig } from '../config/config.ts';
import { errorStatus, type GateError, gateError } from '../errors.ts';
import { type Attributes, judgedAttributes } from '../kube/attributes.ts';
import { parseTarget } from '../kube/path.ts';
import { takeReason } from '../kube/reason.ts';
import { resolveRequestInfo } from '../kube/requestinfo.ts';
import { freezeUserInfo } from '../kube/userinfo.ts';

/** The question. */
export interface Asked {
  readonly username: string;
  readonly groups: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  /** `clusters[].name`; '' is found by the path. */
  readonly cluster: string;
  /** '' for none. */
  readonly sourceAddress: string;
  /** ms since the epoch. */
  readonly timeMs: number;
  readonly method: string;
  /** Path and query, as the gate would get them. */
  readonly target: string;
}

/** The answer, as it is printed with `--output json`. */
export interface Answer {
  readonly allowed: boolean;
  /** The code of the refusal; '' when it is allowed. */
  readonly code: string;
  /** What the caller would read; '' when it is allowed. */
  readonly message: string;
  /** The name of the rule that decides; '' when none does. */
  readonly rule: string;
  readonly by: 'rule' | 'default' | 'discovery' | 'gate';
  readonly cluster: string;
  readonly request: Attributes | undefined;
  readonly reason: string;
  readonly rules: readonly RuleTrace[];
}

/** Answers it. @throws Error when the question names no cluster of the configuration. */
export function explainRequest(config: GateConfig, asked: Asked): Answer {
  const { cluster, rest } = findCluster(config, asked);
  const read = readFacts(cluster, rest, asked);
  if ('refusal' in read) return refused(cluster, read.refusal);
  const { facts } = read;
  const { decision, rules } = explain(compileRules(config.authorization), facts);
  const error = decision.kind === 'allowed' ? undefined : denial(decision, facts);
  return {
    allowed: error === undefined,
    code: error?.code ?? '',
    message: error === undefined ? '' : errorStatus(error).message,
    rule: decision.rule,
    by: decidedBy(decision),
    cluster,
    request: facts.attributes,
    reason: facts.reason,
    rules,
  };
}

/** The answer for people. */
export function printAnswer(answer: Answer, { username, groups }: Asked): string {
  const { request } = answer;
  const verdict = answer.allowed ? 'ALLOWED' : 'DENIED';
  const by = {
    rule: `by rule ${answer.rule}`,
    default: 'by authorization.default: no rule matches',
    discovery: 'as discovery is to everybody',
    gate: `before any rule, with ${answer.code}`,
  }[answer.by];
  const lines = [
    `${verdict} ${by}`,
    '',
    `  user     ${username}${groups.length === 0 ? '' : `, in ${groups.join(', ')}`}`,
    ...(answer.cluster === '' ? [] : [`  cluster  ${answer.cluster}`]),
    ...(request === undefined ? [] : [`  request  ${describeRequest(request)}`]),
    ...(answer.reason === '' ? [] : [`  reason   ${answer.reason}`]),
    ...(answer.allowed
      ? ["  answer   the cluster's own authorization (RBAC) decides"]
      : [`  answer   ${answer.message} (${answer.code})`]),
    ...(answer.rules.length === 0 ? [] : ['', ...describeRules(answer.rules)]),
  ];
  return `${lines.join('\n')}\n`;
}

function findCluster({ clusters }: GateConfig, { cluster, target }: Asked) {
  const names = clusters.map(({ name }) => name).join(', ');
  if (cluster === '') {
    const matched = matchCluster(clusters, '', target);
    if (matched === undefined) throw new Error(`which cluster? --cluster NAME, one of ${names}`);
    return { cluster: matched.cluster.name, rest: matched.rest };
  }
  const found = clusters.find(({ name }) => name === cluster);
  if (found === undefined) throw new Error(`no cluster ${JSON.stringify(cluster)}; there are ${names}`);
  const matched = matchCluster([found], '', target);
  return { cluster, rest: matched?.rest ?? target };
}

/** The steps of the gate before its rules, but for those about the connection and the credential. */
function readFacts(
  cluster: string,
  rest: string,
  asked: Asked,
): { readonly facts: Facts } | { readonly refusal: GateError } {
  const { method, claims, sourceAddress, timeMs } = asked;
  const taken = takeReason(rest);
  if (!taken.ok) return { refusal: gateError('REASON_MALFORMED', { params: { detail: taken.detail } }) };
  const parsed = parseTarget(taken.rest);
  if (!parsed.ok) return { refusal: gateError(parsed.code, { params: { detail: parsed.detail } }) };
  const info = resolveRequestInfo(method, parsed.target);
  if ('error' in info) return { refusal: gateError('REQUEST_INFO', { params: { detail: info.error } }) };
  if (info.isResourceRequest && info.verb === '' && info.subresource !== 'proxy')
    return { refusal: gateError('METHOD_NOT_ALLOWED', { params: { method } }) };
  return {
    facts: {
      cluster,
      attributes: judgedAttributes(method, info, parsed.target.rawQuery),
      user: freezeUserInfo(asked),
      issuer: typeof claims['iss'] === 'string' ? claims['iss'] : '',
      claims,
      sourceAddress,
      reason: taken.reason,
      timeMs,
    },
  };
}

function refused(cluster: string, error: GateError): Answer {
  const { message } = errorStatus(error);
  const { code } = error;
  return {
    allowed: false,
    code,
    message,
    rule: '',
    by: 'gate',
    cluster,
    request: undefined,
    reason: '',
    rules: [],
  };
}

function decidedBy(decision: Decision): Answer['by'] {
  if (decision.kind === 'allowed') return decision.by;
  return decision.rule === '' ? 'default' : 'rule';
}

function describeRequest(attributes: Attributes): string {
  const { verb, isResourceRequest, path, namespace, isInteractive, command } = attributes;
  if (!isResourceRequest) return `${verb} ${path} (no resource)`;
  const where = namespace === '' ? ', no namespace' : `, namespace ${namespace}`;
  const words =
    command.length === 0 ? '' : `, command ${command.map((word) => JSON.stringify(word)).join(' ')}`;
  return `${verb} ${describeResource(attributes)}${where}${isInteractive ? ', class interactive' : ''}${words}`;
}

function describeRules(traces: readonly RuleTrace[]): string[] {
  const width = Math.max(...traces.map(({ rule }) => rule.length));
  return traces.map(({ rule, outcome, condition, detail }) => {
    const why = detail === '' ? '' : `: ${condition === '' ? '' : `${condition}: `}${detail}`;
    return `  ${rule.padEnd(width)}  ${outcome}${why}`;
  });
}
