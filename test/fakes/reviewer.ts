// A cluster that knows its service accounts, in front of one that does not: TokenReviews are answered as the test says, everything else goes on to the
// practice API server and comes back as it is.

import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { CertificateAuthority } from '../../src/certificates.ts';
import { type FakeUpstream, type Handler, startUpstream, type UpgradeHandler } from './upstream.ts';

export const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';

/** A TokenReview's spec, as it was asked. */
export interface AskedTokenReview {
  readonly token: string;
  readonly audiences?: readonly string[];
}

export interface ReviewingCluster extends FakeUpstream {
  readonly asked: readonly AskedTokenReview[];
  /** Judges from now on: a review's status, or undefined for no answer at all. */
  judge(judge: (asked: AskedTokenReview) => object | undefined): void;
}

/** Starts it. It accepts no token before `judge` was called. */
export async function startReviewingCluster(behind: {
  readonly port: number;
  readonly ca: CertificateAuthority;
}): Promise<ReviewingCluster> {
  const asked: AskedTokenReview[] = [];
  let judge: (asked: AskedTokenReview) => object | undefined = () => ({ authenticated: false });
  const far = { host: '127.0.0.1', port: behind.port, ca: behind.ca.certPem };
  const handler: Handler = async (request, response) => {
    if (request.url !== TOKEN_REVIEWS) {
      const { method, url, headers } = request;
      const onward = httpsRequest({ ...far, method, path: url, headers, agent: false });
      response.on('close', () => onward.destroy());
      onward.on('error', () => response.destroy());
      request.pipe(onward);
      const [answer] = await once(onward, 'response');
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { spec } = JSON.parse(Buffer.concat(chunks).toString()) as { spec: AskedTokenReview };
    asked.push(spec);
    const status = judge(spec);
    if (status === undefined) return void response.destroy();
    response.writeHead(201, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ kind: 'TokenReview', status }));
  };
  const onUpgrade: UpgradeHandler = ({ method, url, rawHeaders }, socket, head) => {
    const onward: Socket = tlsConnect(far);
    onward.on('error', () => socket.destroy());
    onward.write(`${method} ${url} HTTP/1.1\r\n${linesOf(rawHeaders)}\r\n`, 'latin1');
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  };
  const upstream = await startUpstream({ handler, onUpgrade });
  return {
    ...upstream,
    asked,
    judge(next) {
      judge = next;
    },
  };
}

function linesOf(rawHeaders: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return lines;
}
