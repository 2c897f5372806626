// One readable line per request, session and remark: when, who, what, the decision, how long. What callers chose (names, paths) is made
// harmless first: a terminal obeys control characters.

import { styleText } from 'node:util';
import type { Fact, RequestFact, SessionFact } from './facts.ts';
import { bytesText, durationText } from './units.ts';

const WHO_WIDTH = 17;
const WHAT_WIDTH = 46;

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

/** Paints for a terminal, or not at all. */
export function painter(colour: boolean): Paint {
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}

/** Makes the line of a fact, without a line end. `localTime` gives HH:MM:SS of an ISO time. */
export function renderLine(fact: Fact, paint: Paint, localTime: (iso: string) => string): string {
  const time = paint('dim', localTime(fact.time));
  if (fact.event === 'remark') {
    const text = `gate: ${harmless(fact.text)}`;
    return `${time}  ${fact.level === 'info' ? text : paint('yellow', text)}`;
  }
  const who = harmless(fact.user === '' ? '(nobody)' : fact.user).padEnd(WHO_WIDTH);
  const what = harmless(fact.event === 'request' ? requestWords(fact) : sessionWords(fact));
  const decision = fact.event === 'request' ? decisionWords(fact, paint) : endWords(fact);
  const line = `${what.padEnd(WHAT_WIDTH)}  ${decision}`;
  return `${time}  ${paint('cyan', who)}  ${isRoutine(fact) ? paint('dim', line) : line}`;
}

/** kubectl's reading of what exists: many lines of little interest. */
function isRoutine(fact: RequestFact | SessionFact): boolean {
  return fact.event === 'request' && fact.resource === '' && fact.status < 400;
}

/** `list pods in default`, `create pods/exec web in default`, `get /version`. */
export function requestWords(fact: RequestFact): string {
  const { verb, resource, subresource, namespace, name, method, target, upgrade } = fact;
  if (resource === '') return `${method.toLowerCase()} ${target.split('?', 1)[0]}`;
  const kind = subresource === '' ? resource : `${resource}/${subresource}`;
  const place = namespace === '' || resource === 'namespaces' ? '' : ` in ${namespace}`;
  return `${verb} ${kind}${name === '' ? '' : ` ${name}`}${place}${upgrade === '' ? '' : ` (${upgrade})`}`;
}

function sessionWords({ kind, target }: SessionFact): string {
  const name = /\/pods\/([^/?]+)/.exec(target)?.[1];
  return `${kind}${name === undefined ? '' : ` ${name}`}: session ended`;
}

function decisionWords(fact: RequestFact, paint: Paint): string {
  const took = durationText(fact.durationMs);
  const { status, error } = fact;
  if (error !== '' && status < 500)
    return `${paint('red', `refused by the gate: ${status} ${error}`)}  ${took}`;
  if (error !== '') return `${paint('yellow', `failed: ${status} ${error}`)}  ${took}`;
  if (status === 401 || status === 403) return `${paint('red', `denied by the cluster: ${status}`)}  ${took}`;
  if (status === 101) return `${paint('green', 'allowed')}, session open  ${took}`;
  if (status === 499) return `${paint('green', 'allowed')}, ended by the caller  ${took}`;
  return `${paint('green', 'allowed')}  ${status}  ${took}`;
}

function endWords({ end, durationMs, bytesUp, bytesDown }: SessionFact): string {
  return `by ${end}  ${durationText(durationMs)}, ${bytesText(bytesUp)} up, ${bytesText(bytesDown)} down`;
}

/** Control characters as visible escapes. */
export function harmless(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}|[\u2028\u2029]/gu, (char) => {
    return `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}
