// What the gate takes a request for, in the words of main.go's answers.

import { isLongRunning } from '../../../src/kube/longrunning.ts';
import { parseTarget } from '../../../src/kube/path.ts';
import { resolveRequestInfo } from '../../../src/kube/requestinfo.ts';
import type { Asked } from './cases.ts';

/** Facts that are there; '' and false are left out. `error` is that of the API server. */
export type Reading = Readonly<Record<string, string | boolean | readonly string[]>>;

/** undefined when the gate refuses to read it: nothing is forwarded then. */
export function readAsGate({ method, target }: Asked): Reading | undefined {
  const parsed = parseTarget(target);
  if (!parsed.ok) return undefined;
  const info = resolveRequestInfo(method, parsed.target);
  if ('error' in info) return undefined;
  // METHOD_NOT_ALLOWED (src/gate.ts).
  if (info.isResourceRequest && info.verb === '' && info.subresource !== 'proxy') return undefined;
  return withoutAbsent({ ...info, isLongRunning: isLongRunning(info) });
}

/** The same of an answer of the API server's code; its apiPrefix for what is no resource request decides nothing. */
export function readAnswer(answer: Readonly<Record<string, string | boolean | readonly string[]>>): Reading {
  const { method: _method, target: _target, apiPrefix = '', ...facts } = answer;
  return withoutAbsent(answer['isResourceRequest'] === true ? { ...facts, apiPrefix } : facts);
}

function withoutAbsent(facts: Readonly<Record<string, string | boolean | readonly string[]>>): Reading {
  const there = Object.entries(facts).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value,
  );
  return Object.fromEntries(there.sort(([a], [b]) => (a < b ? -1 : 1)));
}
