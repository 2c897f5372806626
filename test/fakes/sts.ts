// A local STS: https under the names of AWS, GetCallerIdentity only. It verifies signatures (SigV4, with the keys of its principals), dates
// and session tokens, and answers in the words of the real one: JSON for who asks for it, codes of the query API. What it is asked to can
// misbehave in every way the tests need.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { StsRoute } from '../../src/authn/aws/sts.ts';
import { makeCA } from '../../src/certificates.ts';
import { type AwsCredentials, signatureOf } from './sigv4.ts';

/** Somebody whose keys this STS knows. */
export interface Principal extends AwsCredentials {
  readonly account: string;
  readonly arn: string;
  readonly userID: string;
}

export interface StsOptions {
  readonly principals: readonly Principal[];
  /** Default: those of eu-west-1, us-east-1 with FIPS, China and GovCloud, and the global one. */
  readonly hosts?: readonly string[];
  /** Address to bind. Default 127.0.0.1, and any port. */
  readonly address?: string;
  readonly port?: number;
  /** Default is the machine's clock. ms */
  readonly now?: () => number;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface LocalSts {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly route: StsRoute;
  /** What was asked: host, target and headers. */
  readonly asked: {
    readonly host: string;
    readonly target: string;
    readonly headers: IncomingMessage['headers'];
  }[];
  /** Answers with something else; undefined ends it. */
  setAnswer(answer: Answer | undefined): void;
  close(): Promise<void>;
}

/** What STS is called in the regions that tests use. */
export const STS_HOSTS: readonly string[] = [
  'sts.eu-west-1.amazonaws.com',
  'sts.us-east-1.amazonaws.com',
  'sts-fips.us-east-1.amazonaws.com',
  'sts.cn-north-1.amazonaws.com.cn',
  'sts.us-gov-west-1.amazonaws.com',
  'sts.amazonaws.com',
];
/** A signature is good for so long after its date, and so long before. ms */
const LIFETIME_MS = 15 * 60_000;
const SKEW_MS = 5 * 60_000;

/** Starts an STS that knows these principals. */
export async function startSts(options: StsOptions): Promise<LocalSts> {
  const { principals, hosts = STS_HOSTS, address = '127.0.0.1', port = 0, now = Date.now } = options;
  const ca = await makeCA('Local Amazon CA');
  const { certPem, keyPem } = await ca.issue({ commonName: 'sts', dnsNames: hosts });
  const asked: LocalSts['asked'] = [];
  let other: Answer | undefined;
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    asked.push({ host: request.headers.host ?? '', target: request.url ?? '', headers: request.headers });
    if (other !== undefined) other(request, response);
    else answer(request, response, judge(request, principals, now()));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, address);
  await once(server, 'listening');
  const bound = server.address() as AddressInfo;
  return {
    port: bound.port,
    ca: ca.certPem,
    route: { dial: { hostname: address, port: bound.port }, certificateAuthority: ca.certPem },
    asked,
    setAnswer: (answer) => {
      other = answer;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type Verdict = Principal | { readonly code: string; readonly message: string; readonly status: number };

function judge(request: IncomingMessage, principals: readonly Principal[], now: number): Verdict {
  const refuse = (status: number, code: string, message: string): Verdict => ({ status, code, message });
  const url = new URL(request.url ?? '', 'https://sts');
  const of = (name: string): string => url.searchParams.get(name) ?? '';
  if (request.method !== 'GET' || url.pathname !== '/' || of('Action') !== 'GetCallerIdentity')
    return refuse(400, 'InvalidAction', `Could not find operation ${of('Action')}`);
  const principal = principals.find(({ accessKeyID }) =>
    of('X-Amz-Credential').startsWith(`${accessKeyID}/`),
  );
  if (principal === undefined || of('X-Amz-Security-Token') !== principal.sessionToken)
    return refuse(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
  const query = url.search
    .slice(1)
    .split('&')
    .map((part) => part.split('=', 2) as [string, string])
    .filter(([name]) => name !== 'X-Amz-Signature');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const signed = { host: request.headers.host ?? '', query, headers };
  if (signatureOf(signed, principal.secretKey) !== of('X-Amz-Signature'))
    return refuse(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match.');
  const date = of('X-Amz-Date').replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  const age = now - Date.parse(date);
  if (age >= LIFETIME_MS) return refuse(403, 'SignatureDoesNotMatch', `Signature expired: ${date}`);
  if (age < -SKEW_MS) return refuse(403, 'SignatureDoesNotMatch', `Signature not yet current: ${date}`);
  return principal;
}

function answer(request: IncomingMessage, response: ServerResponse, verdict: Verdict): void {
  const id = '01234567-89ab-cdef-0123-456789abcdef';
  const body =
    'code' in verdict
      ? { Error: { Code: verdict.code, Message: verdict.message, Type: 'Sender' }, RequestId: id }
      : {
          GetCallerIdentityResponse: {
            GetCallerIdentityResult: { Account: verdict.account, Arn: verdict.arn, UserId: verdict.userID },
            ResponseMetadata: { RequestId: id },
          },
        };
  const status = 'code' in verdict ? verdict.status : 200;
  if (request.headers.accept === 'application/json') {
    response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-requestid': id });
    response.end(JSON.stringify(body));
    return;
  }
  // The real one's default; nothing here reads it.
  response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': id });
  response.end('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"/>');
}
