// What is no session and comes by the thousand, too: watches, followed logs, requests that break off, connections that are kept for a while. A table,
// as ways.ts is, gone with HTTP/1.1 and HTTP/2.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import { type Caller, caller, type OpenCall, type Speech } from '../fakes/caller.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');
const EVENT = '{"type":"ADDED","object":{}}\n';
const WATCH = '/api/v1/namespaces/default/pods?watch=true';
const LOG = '/api/v1/namespaces/default/pods/p/log?follow=true';
const POD = '/api/v1/namespaces/default/pods/p';

/** The API server of these. */
export interface RequestUpstream {
  readonly port: number;
  readonly ca: CertificateAuthority;
  /** Closes what is kept for the next request. */
  letGo(): void;
  close(): Promise<void>;
}

/** Starts it: what it does is in the query: `end`, `cut` or `stay` after the first event; `big` is a body without an end. */
export async function startRequestUpstream(): Promise<RequestUpstream> {
  const ca = await makeCA('upstream CA');
  const { certPem, keyPem } = await ca.issue({
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const server: Server = createServer({ cert: certPem, key: keyPem, keepAliveTimeout: 600_000 }, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ca,
    letGo: () => server.closeIdleConnections(),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {});
  response.on('error', () => {});
  const does = /[?&]does=(\w+)/.exec(request.url ?? '')?.[1];
  if (does === undefined) {
    request.resume();
    request.on('end', () => response.end('{"kind":"Pod"}'));
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/json' });
  if (does === 'big') pour(response);
  if (does === 'stay') response.write(EVENT);
  if (does === 'end') response.end(EVENT);
  if (does === 'cut') response.write(EVENT, () => response.socket?.destroy());
}

/** Without an end, as fast as it is taken. */
function pour(response: ServerResponse): void {
  while (!response.destroyed && response.write(PIECE));
  if (!response.destroyed) response.once('drain', () => pour(response));
}

/** Something that is done to a gate on a connection of its own. */
export interface RequestWay {
  readonly name: string;
  readonly act: (connection: Caller, headers: readonly string[]) => Promise<void>;
}

/** Everything, with each speech. */
export const REQUEST_WAYS: readonly RequestWay[] = [
  { name: 'a watch that its caller leaves', act: leaving(`${WATCH}&does=stay`) },
  { name: 'a watch that the API server ends', act: toTheEnd(`${WATCH}&does=end`, true) },
  { name: 'a watch that breaks off', act: toTheEnd(`${WATCH}&does=cut`, false) },
  { name: 'a followed log that its caller leaves', act: leaving(`${LOG}&does=stay`) },
  { name: 'a followed log that ends', act: toTheEnd(`${LOG}&does=end`, true) },
  { name: 'a request left in the middle of its answer', act: leaving(`${POD}?does=big`) },
  { name: 'a request left in the middle of its body', act: leaveBody },
  { name: 'requests one after the other', act: several },
];

/** All ways as they are gone: with HTTP/1.1, with and without ALPN, and HTTP/2. */
export const SPEECHES: readonly Speech[] = ['h1', 'h1-alpn', 'h2'];

/** Goes one way on a connection of its own, and closes it. */
export async function goRequestWay(
  place: { readonly port: number; readonly ca: { readonly certPem: string } },
  way: RequestWay,
  { speech, token }: { readonly speech: Speech; readonly token: string },
): Promise<void> {
  const connection = caller(place, speech);
  try {
    await way.act(connection, ['Authorization', `Bearer ${token}`]);
  } finally {
    connection.close();
  }
}

function leaving(path: string): RequestWay['act'] {
  return async (connection, headers) => {
    const { call, stream } = await begin(connection, path, headers);
    await once(stream, 'data');
    call.abort();
    await gone(stream);
  };
}

function toTheEnd(path: string, isWhole: boolean): RequestWay['act'] {
  return async (connection, headers) => {
    const { status, body, complete } = await connection.call({ path, headers });
    if (status !== 200) throw new Error(`answered ${status}`);
    if (body.toString() !== EVENT) throw new Error(`not the whole: ${body}`);
    if (complete !== isWhole) throw new Error(complete ? 'whole, but it broke off' : 'it broke off');
  };
}

async function leaveBody(connection: Caller, headers: readonly string[]): Promise<void> {
  const call = connection.open({
    method: 'POST',
    path: POD,
    headers: [...headers, 'Content-Length', '100000'],
  });
  call.request.on('error', () => {});
  await new Promise((resolve) => call.request.write(PIECE, resolve));
  call.abort();
}

async function several(connection: Caller, headers: readonly string[]): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const { status } = await connection.call({ path: POD, headers });
    if (status !== 200) throw new Error(`answered ${status}`);
  }
}

async function begin(connection: Caller, path: string, headers: readonly string[]) {
  const call: OpenCall = connection.open({ path, headers, end: true });
  call.request.on('error', () => {});
  const { status, stream } = await call.head;
  stream.on('error', () => {});
  if (status !== 200) throw new Error(`answered ${status}`);
  return { call, stream };
}

async function gone(stream: NodeJS.ReadableStream & { readonly closed: boolean }): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
}
