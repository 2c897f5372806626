// Asks STS who signed a request: over verified TLS, no redirects, bounded in time and size. STS is the only judge of a signature, so a
// refusal of its own is the caller's 401, and everything else (no answer, throttled, an answer of another shape) tells nothing about the
// caller and is an error here.

import type { LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, buildConnector, request } from 'undici';
import { type PrincipalARN, parsePrincipal } from '../../config/aws/arn.ts';
import type { SetTimer } from '../clock.ts';
import { describeValue } from '../token.ts';
import { CLUSTER_HEADER, type PresignedRequest } from './presigned.ts';

/** Who signed. */
export interface CallerIdentity {
  /** As STS says it; the case of its letters is AWS's own. */
  readonly rawARN: string;
  readonly arn: PrincipalARN;
  /** `AIDA…`, `AROA…`, an account for root, `ACCOUNT:NAME` for a federated user. */
  readonly userID: string;
}

export type StsAnswer =
  | { readonly kind: 'identity'; readonly identity: CallerIdentity }
  /** STS does not accept the request: a wrong signature, another cluster, ended credentials. */
  | { readonly kind: 'refused'; readonly detail: string };

/** Asks STS. */
export interface StsClient {
  /** @throws Error when it can't be told who it is: unreachable, throttled, or not an answer of STS. */
  ask(presigned: PresignedRequest): Promise<StsAnswer>;
  /** Ends connections, with requests under way. */
  close(): Promise<void>;
}

/** How STS is reached; tests have one of their own on loopback. The names that are asked and verified stay those of AWS. */
export interface StsRoute {
  /** The TCP address instead of the host's own. */
  readonly dial: { readonly hostname: string; readonly port: number };
  /** PEM; instead of the system's roots. */
  readonly certificateAuthority: string;
}

export interface StsOptions {
  readonly clusterID: string;
  readonly setTimer: SetTimer;
  readonly route?: StsRoute | undefined;
  /** Finds addresses of names. Default is Node's own. */
  readonly lookup?: LookupFunction | undefined;
}

/** From the connection to the last byte. ms */
export const STS_TIMEOUT_MS = 5000;
/** The largest answer that is read; STS's have less than 1 KiB. */
export const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 8;
/** Codes of 4xx answers that are about STS and not about the request (query API, common errors). */
const NOT_THE_CALLERS: ReadonlySet<string> = new Set([
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'TooManyRequestsException',
  'InternalFailure',
  'ServiceUnavailable',
]);
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403]);

/** Creates a client; connects to nobody yet. */
export function createStsClient({ clusterID, setTimer, route, lookup }: StsOptions): StsClient {
  const agent = new Agent({
    allowH2: false,
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: 4000,
    maxHeaderSize: 16 * 1024,
    connect: openConnector(route, lookup),
  });
  return {
    async ask(presigned) {
      const abort = new AbortController();
      const late = () => abort.abort(new Error(`STS gave no complete answer in ${STS_TIMEOUT_MS} ms`));
      const cancel = setTimer(late, STS_TIMEOUT_MS);
      try {
        return readAnswer(await fetchAnswer(presigned, clusterID, agent, abort.signal), presigned);
      } finally {
        cancel();
      }
    },
    close: () => agent.destroy(),
  };
}

function openConnector(
  route: StsRoute | undefined,
  lookup: LookupFunction | undefined,
): buildConnector.connector {
  const roots = () => [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  const secureContext = createSecureContext({
    ca: route?.certificateAuthority ?? roots(),
    minVersion: 'TLSv1.2',
  });
  const connect = buildConnector({
    secureContext,
    rejectUnauthorized: true,
    timeout: STS_TIMEOUT_MS,
    ...(lookup === undefined ? {} : { lookup }),
  });
  if (route === undefined) return connect;
  const { hostname, port } = route.dial;
  return (options, callback) =>
    connect({ ...options, servername: options.hostname, hostname, port: String(port) }, callback);
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function fetchAnswer(
  { sts, target }: PresignedRequest,
  clusterID: string,
  dispatcher: Agent,
  signal: AbortSignal,
): Promise<Answer> {
  const { statusCode: status, body } = await request(`https://${sts.host}${target}`, {
    dispatcher,
    signal,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'postern',
      [CLUSTER_HEADER]: clusterID,
    },
  });
  // Leaving the body unread would keep the connection; an error on it after this is nobody's concern.
  body.on('error', () => {});
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the body.
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`STS's answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status, text: Buffer.concat(chunks).toString('utf8') };
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readAnswer({ status, text }: Answer, { sts }: PresignedRequest): StsAnswer {
  if (status === 200) return { kind: 'identity', identity: readIdentity(parseJSON(text), sts.partition) };
  const code = readErrorCode(text);
  const shown = `STS answered ${status}${code === '' ? '' : ` ${describeValue(code)}`}`;
  // Without STS's own word it may be anybody who answers so, such as a proxy on the way.
  if (!REFUSALS.has(status) || code === '' || NOT_THE_CALLERS.has(code)) throw new Error(shown);
  return { kind: 'refused', detail: shown };
}

/** The code of an error of the query API, in JSON as it was asked for, or in XML, which is the API's own form; '' when there is none. */
function readErrorCode(text: string): string {
  const code = member(member(parseJSON(text), 'Error'), 'Code');
  return typeof code === 'string' ? code : (/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? '');
}

function readIdentity(body: unknown, partition: string): CallerIdentity {
  const result = member(member(body, 'GetCallerIdentityResponse'), 'GetCallerIdentityResult');
  const account = member(result, 'Account');
  const rawARN = member(result, 'Arn');
  const userID = member(result, 'UserId');
  if (typeof account !== 'string' || typeof rawARN !== 'string' || typeof userID !== 'string')
    throw new Error("STS's answer has no Account, Arn and UserId");
  const parsed = parsePrincipal(rawARN);
  if (!parsed.ok) throw new Error(`STS's answer: the ARN ${describeValue(rawARN)} ${parsed.problem}`);
  const { arn } = parsed;
  if (arn.account !== account || arn.partition !== partition)
    throw new Error("STS's answer: the ARN is of another account or partition");
  if (!isUserIDOf(userID, arn)) throw new Error("STS's answer: UserId and ARN do not belong together");
  return { rawARN, arn, userID: arn.type === 'assumed-role' ? userID.slice(0, userID.indexOf(':')) : userID };
}

/** `ID:SESSION` for a role's session, `ACCOUNT:NAME` for a federated user, an id or the account alone for others. */
function isUserIDOf(userID: string, { type, session, account }: PrincipalARN): boolean {
  if (type === 'assumed-role')
    return /^\w+:/.test(userID) && userID.slice(userID.indexOf(':') + 1) === session;
  if (type === 'federated-user') return userID.startsWith(`${account}:`);
  return /^\w+$/.test(userID);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
