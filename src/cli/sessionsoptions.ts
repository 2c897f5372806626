// The command line of `postern sessions`, read into what is to be done, or why that can't be.

import { parseArgs } from 'node:util';
import { checkRedisURL } from '../config/redisurl.ts';
import { parseDuration } from '../config/units.ts';
import { MAX_REASON_CHARS } from '../roster/order.ts';
import { KINDS, type Kind } from '../roster/page.ts';

/** Where the board is. '' means not given. */
export interface BoardOptions {
  readonly kubeconfig: string;
  readonly context: string;
  readonly namespace: string;
  readonly redis: string;
  readonly redisPasswordFile: string;
  readonly redisCAFile: string;
}

/** Which sessions. '' and undefined mean all. */
export interface Filter {
  readonly user: string;
  readonly cluster: string;
  readonly kind: Kind | undefined;
}

export interface ListOptions {
  readonly kind: 'list';
  readonly board: BoardOptions;
  readonly filter: Filter;
  readonly output: 'table' | 'wide' | 'json';
  /** Watches, too. */
  readonly all: boolean;
}

export interface EndOptions {
  readonly kind: 'end';
  readonly board: BoardOptions;
  /** Ids or beginnings of them; empty when it is by user. */
  readonly ids: readonly string[];
  readonly filter: Filter;
  readonly reason: string;
  readonly waitMs: number;
  readonly json: boolean;
}

export type SessionsOptions =
  | ListOptions
  | EndOptions
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly why: string };

/** The namespace where the list is, unless somebody says otherwise; the configuration's default as well. */
export const DEFAULT_NAMESPACE = 'postern';
const DEFAULT_WAIT = '10s';
const MIN_ID_CHARS = 4;

/** Reads the arguments after `sessions`. */
export function readSessionsOptions(args: readonly string[]): SessionsOptions {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return wrong((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [command, ...ids] = positionals;
  if (values.help === true) return { kind: 'help' };
  if (command === undefined) return wrong('list or end?');
  if (command !== 'list' && command !== 'end') return wrong(`unknown command ${JSON.stringify(command)}`);
  const kind = KINDS.find((known) => known === values.kind);
  if (values.kind !== undefined && kind === undefined)
    return wrong(`--kind takes one of ${KINDS.join(', ')}`);
  const filter = { user: values.user ?? '', cluster: values.cluster ?? '', kind };
  const board = readBoard(values);
  if (typeof board === 'string') return wrong(board);
  return command === 'list'
    ? readList(values, ids, { board, filter })
    : readEnd(values, ids, { board, filter });
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      namespace: { type: 'string', short: 'n' },
      redis: { type: 'string' },
      'redis-password-file': { type: 'string' },
      'redis-ca-file': { type: 'string' },
      user: { type: 'string' },
      cluster: { type: 'string' },
      kind: { type: 'string' },
      all: { type: 'boolean' },
      output: { type: 'string', short: 'o' },
      reason: { type: 'string' },
      wait: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function readBoard(values: Values): BoardOptions | string {
  const redis = values.redis ?? '';
  const isKubernetes = [values.kubeconfig, values.context, values.namespace].some((one) => one !== undefined);
  if (redis !== '' && isKubernetes) return '--redis excludes --kubeconfig, --context and --namespace';
  const problem = redis === '' ? '' : checkRedisURL(redis);
  if (problem !== '') return `--redis: ${problem.replace('passwordFile', '--redis-password-file')}`;
  return {
    kubeconfig: values.kubeconfig ?? '',
    context: values.context ?? '',
    namespace: values.namespace ?? DEFAULT_NAMESPACE,
    redis,
    redisPasswordFile: values['redis-password-file'] ?? '',
    redisCAFile: values['redis-ca-file'] ?? '',
  };
}

type Common = Pick<ListOptions, 'board' | 'filter'>;

function readList(values: Values, ids: readonly string[], common: Common): SessionsOptions {
  if (ids.length > 0) return wrong('list takes no ids; --user, --cluster and --kind choose');
  if (values.reason !== undefined || values.wait !== undefined)
    return wrong('--reason and --wait belong to end');
  const output = values.output ?? 'table';
  if (output !== 'table' && output !== 'wide' && output !== 'json')
    return wrong(`--output takes wide or json, not ${JSON.stringify(output)}`);
  return { kind: 'list', ...common, output, all: values.all === true };
}

function readEnd(values: Values, ids: readonly string[], common: Common): SessionsOptions {
  const { user } = common.filter;
  if (ids.length === 0 && user === '')
    return wrong('end whom? Give ids as sessions list shows them, or --user');
  if (ids.length > 0 && user !== '') return wrong('ids and --user exclude each other');
  const short = ids.find((id) => id.length < MIN_ID_CHARS);
  if (short !== undefined)
    return wrong(`${JSON.stringify(short)} is too short for an id: at least ${MIN_ID_CHARS} characters`);
  if (values.all === true) return wrong('--all belongs to list');
  if (values.output !== undefined && values.output !== 'json') return wrong('--output takes json');
  const waitMs = parseDuration(values.wait ?? DEFAULT_WAIT);
  if (waitMs === undefined) return wrong(`--wait takes a duration such as ${DEFAULT_WAIT}`);
  const reason = values.reason ?? '';
  if (reason.length > MAX_REASON_CHARS) return wrong(`--reason takes at most ${MAX_REASON_CHARS} characters`);
  return { kind: 'end', ...common, ids, reason, waitMs, json: values.output === 'json' };
}

function wrong(why: string): SessionsOptions {
  return { kind: 'wrong', why };
}
