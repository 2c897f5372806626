// The command line of `postern check`: what is to be checked, and the question of --as, if there is one.

import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import type { Asked } from './explain.ts';

/** What the command line asks for, or why it can't be used. */
export type CheckOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly why: string }
  | {
      readonly kind: 'check';
      readonly file: string;
      readonly overrides: readonly string[];
      readonly isJson: boolean;
      readonly asked: Asked | undefined;
    };

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  set: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o' },
  help: { type: 'boolean', short: 'h' },
  as: { type: 'string' },
  groups: { type: 'string', multiple: true },
  request: { type: 'string' },
  claims: { type: 'string' },
  cluster: { type: 'string' },
  source: { type: 'string' },
  at: { type: 'string' },
} as const;

/** Of those, the ones that only --as knows. */
const QUESTION = ['groups', 'request', 'claims', 'cluster', 'source', 'at'] as const;
/** RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Reads it. */
export function readCheckOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CheckOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: OPTIONS,
    });
    if (values.help === true) return { kind: 'help' };
    if (values.output !== undefined && values.output !== 'json') throw new Error('--output takes json');
    const file = values.config ?? env['POSTERN_CONFIG'] ?? '';
    if (file === '') throw new Error('which file? --config FILE, or POSTERN_CONFIG');
    const asked = readQuestion(values);
    return { kind: 'check', file, overrides: values.set ?? [], isJson: values.output === 'json', asked };
  } catch (cause) {
    return { kind: 'wrong', why: cause instanceof Error ? cause.message : 'wrong usage' };
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

function readQuestion(values: Values): Asked | undefined {
  if (values.as === undefined) {
    const alone = QUESTION.find((name) => values[name] !== undefined);
    if (alone !== undefined) throw new Error(`--${alone} goes with --as USER`);
    return undefined;
  }
  if (values.as.trim() === '') throw new Error('--as takes the name of a user');
  const request = /^([A-Za-z]+)\s+(\/\S*)$/.exec(values.request?.trim() ?? '');
  if (request === null)
    throw new Error("--as needs --request 'METHOD /path', as in --request 'GET /api/v1/namespaces/web/pods'");
  const source = values.source ?? '';
  if (source !== '' && isIP(source) === 0)
    throw new Error(`--source takes an address, not ${JSON.stringify(source)}`);
  return {
    username: values.as,
    groups: (values.groups ?? []).flatMap((list) => list.split(',')).filter((group) => group !== ''),
    claims: readClaims(values.claims ?? '{}'),
    cluster: values.cluster ?? '',
    sourceAddress: source,
    timeMs: readTime(values.at),
    method: request[1]?.toUpperCase() ?? '',
    target: request[2] ?? '',
  };
}

function readClaims(text: string): Readonly<Record<string, unknown>> {
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch {
    claims = undefined;
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw new Error(`--claims takes a JSON object, as in --claims '{"amr":["mfa"]}'`);
  return claims as Readonly<Record<string, unknown>>;
}

function readTime(text: string | undefined): number {
  if (text === undefined) return Date.now();
  const timeMs = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new Error('--at takes a time with its zone, as in 2026-01-31T08:00:00Z');
  return timeMs;
}
