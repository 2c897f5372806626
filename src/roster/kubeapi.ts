// ConfigMaps of one namespace as the board needs them: asked for, written, watched (Kubernetes API concepts, "Efficient detection of changes").
// Refusals become sentences that name the next step.

import { StringDecoder } from 'node:string_decoder';
import { askCluster } from '../proxy/ask.ts';
import type { Upstream } from '../proxy/upstream.ts';
import { BoardRefusal } from './board.ts';

/** How long one question may take. ms */
const ASK_TIMEOUT_MS = 10_000;
/** The server ends a watch after so long, and the list is read again. s */
const WATCH_SECONDS = 300;
/** Longest line of a watch. characters */
const MAX_LINE_CHARS = 4 * 1024 * 1024;
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
/** So many pages at once stay below what `askCluster` reads of one answer. */
const LIST_LIMIT = 10;
const METADATA_LIMIT = 500;
const SELF_REVIEWS_PATH = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

/** A ConfigMap as far as it is looked at; absent fields are empty. */
export interface ConfigMap {
  readonly metadata: {
    readonly name: string;
    readonly generateName?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** What a watch tells. */
export interface WatchEvent {
  readonly type: string;
  readonly object: ConfigMap;
}

/** The ConfigMaps of one namespace. All reject with the connection's error, or BoardRefusal. */
export interface KubeApi {
  readonly namespace: string;
  /** All that have the label; `metadataOnly` for their names and versions alone. */
  list(label: string, options?: { readonly metadataOnly: boolean }): Promise<Listed>;
  create(configMap: ConfigMap): Promise<ConfigMap>;
  /** Replaces it, or creates it where it is missing. */
  put(configMap: ConfigMap): Promise<void>;
  /** Removes it; one that is gone, or another by now than `exactly`, is left alone. */
  remove(name: string, exactly?: { readonly uid: string; readonly resourceVersion: string }): Promise<void>;
  /** Tells what happens from a version on, until the server ends it. */
  watch(label: string, from: string, hearer: WatchHearer): Promise<void>;
  /** The user that the API server takes this account for. */
  whoAmI(): Promise<string>;
}

export interface Listed {
  readonly items: readonly ConfigMap[];
  readonly resourceVersion: string;
}

export interface WatchHearer {
  readonly onEvent: (event: WatchEvent) => void;
  readonly signal: AbortSignal;
}

/** Where the API server is, and who asks, in flat lines beside its credential. */
export interface Reach {
  readonly upstream: Upstream;
  readonly lines?: readonly string[];
}

/** `reach` is asked for each time, since reloads change it. */
export function createKubeApi(reach: () => Reach, namespace: string): KubeApi {
  const base = `/api/v1/namespaces/${namespace}/configmaps`;
  const ask: Ask = async (method, path, { body, accept } = {}) => {
    const { upstream, lines = [] } = reach();
    const answer = await askCluster(upstream, {
      ...{ method, path, lines, timeoutMs: ASK_TIMEOUT_MS },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(accept === undefined ? {} : { accept }),
    });
    return { status: answer.status, json: parse(answer.body.toString()) };
  };
  const need: Need = async (method, path, options) => {
    const answer = await ask(method, path, options);
    if (answer.status >= 300) throw refusal(answer, namespace);
    return answer.json;
  };
  const create = async (configMap: ConfigMap) =>
    (await need('POST', base, { body: { apiVersion: 'v1', kind: 'ConfigMap', ...configMap } })) as ConfigMap;
  return {
    namespace,
    create,
    list: (label, { metadataOnly } = { metadataOnly: false }) =>
      list(need, `${base}?labelSelector=${encodeURIComponent(label)}`, metadataOnly),
    async put(configMap) {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', ...configMap };
      const answer = await ask('PUT', `${base}/${configMap.metadata.name}`, { body });
      if (answer.status === 404) await create(configMap);
      else if (answer.status >= 300) throw refusal(answer, namespace);
    },
    async remove(name, exactly) {
      const body = exactly && { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: exactly };
      const answer = await ask('DELETE', `${base}/${name}`, body === undefined ? {} : { body });
      if (answer.status >= 300 && answer.status !== 404 && answer.status !== 409)
        throw refusal(answer, namespace);
    },
    watch(label, from, hearer) {
      const query = `watch=1&labelSelector=${encodeURIComponent(label)}&resourceVersion=${encodeURIComponent(from)}&timeoutSeconds=${WATCH_SECONDS}`;
      return watch(reach(), `${base}?${query}`, namespace, hearer);
    },
    async whoAmI() {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const review = (await need('POST', SELF_REVIEWS_PATH, { body })) as {
        status?: { userInfo?: { username?: string } };
      };
      return review.status?.userInfo?.username ?? '';
    },
  };
}

interface AskOptions {
  readonly body?: object;
  readonly accept?: string;
}

type Ask = (
  method: string,
  path: string,
  options?: AskOptions,
) => Promise<{ readonly status: number; readonly json: unknown }>;
/** The answer's JSON; rejects with a refusal. */
type Need = (method: string, path: string, options?: AskOptions) => Promise<unknown>;

/** Page by page, so that each answer is bounded. */
async function list(need: Need, path: string, metadataOnly: boolean): Promise<Listed> {
  const items: ConfigMap[] = [];
  const limit = metadataOnly ? METADATA_LIMIT : LIST_LIMIT;
  for (let more = ''; ; ) {
    const options = metadataOnly ? { accept: METADATA_ONLY } : {};
    const listed = (await need('GET', `${path}&limit=${limit}${more}`, options)) as {
      items?: ConfigMap[];
      metadata?: { resourceVersion?: string; continue?: string };
    };
    items.push(...(listed.items ?? []));
    const next = listed.metadata?.continue ?? '';
    if (next === '') return { items, resourceVersion: listed.metadata?.resourceVersion ?? '' };
    more = `&continue=${encodeURIComponent(next)}`;
  }
}

function watch(
  { upstream, lines: own = [] }: Reach,
  path: string,
  namespace: string,
  { onEvent, signal }: WatchHearer,
): Promise<void> {
  const decoder = new StringDecoder();
  let status = 0;
  let rest = '';
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    const stop = () => sending.abort(new Error('watched no longer'));
    const over = (error?: Error) => {
      signal.removeEventListener('abort', stop);
      if (error === undefined || signal.aborted) resolve();
      else reject(error);
    };
    const lines = ['Host', upstream.host, ...upstream.credential, ...own, 'Accept', 'application/json'];
    const sending = upstream.pool.send(
      { method: 'GET', path: upstream.basePath + path, lines, body: null },
      {
        onHead: (code) => {
          status = code;
        },
        onData: (chunk) => {
          rest += decoder.write(chunk);
          if (rest.length > MAX_LINE_CHARS) return sending.abort(new Error('a line of a watch is too long'));
          const whole = rest.split('\n');
          rest = whole.pop() ?? '';
          // A refused watch has a Status for a body, which is dealt with at its end.
          if (status === 200) for (const line of whole) tell(line, onEvent);
        },
        onEnd: () => {
          if (status === 200) over();
          else over(refusal({ status, json: parse(rest) }, namespace));
        },
        onError: over,
      },
    );
    signal.addEventListener('abort', stop, { once: true });
  });
}

function tell(line: string, onEvent: (event: WatchEvent) => void): void {
  const event = parse(line) as Partial<WatchEvent> | undefined;
  if (event?.type !== undefined && event.object?.metadata !== undefined) onEvent(event as WatchEvent);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an API server that refuses means for whoever set the registry up. */
function refusal({ status, json }: { status: number; json: unknown }, namespace: string): Error {
  const said = (json as { message?: unknown } | undefined)?.message;
  const message = typeof said === 'string' ? said : `the API server answered ${status}`;
  if (status === 401) return new BoardRefusal(`the API server does not know this credential: ${message}`);
  if (status === 403)
    return new BoardRefusal(
      `${message}: give the right by a Role in that namespace (docs/how-to/sessions.md)`,
    );
  if (status === 404)
    return new BoardRefusal(`${message}: create the namespace (kubectl create namespace ${namespace})`);
  return new BoardRefusal(message);
}
