// What the test of secrets (canaries.test.ts) needs beside the usual ground: everything that a gate prints, and a question to its token webhook.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { CertificatePair } from '../../src/certificates.ts';
import { readAll } from '../fakes/caller.ts';

/** All that the process prints from now on, on both of its streams. */
export function collectOutput({ stdout, stderr }: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  for (const stream of [stdout, stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('latin1');
}

/** Asks the webhook as the API server does. @returns the answer's lines and body */
export async function reviewByWebhook(
  url: string,
  { ca, client }: { readonly ca: string; readonly client: CertificatePair },
  body: string,
): Promise<string> {
  const asked = request(`${url}/apis/authentication.k8s.io/v1/tokenreviews`, {
    ...{ method: 'POST', ca, cert: client.certPem, key: client.keyPem, agent: false },
    headers: { 'Content-Type': 'application/json' },
  });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const { body: text } = await readAll(response);
  return `${response.rawHeaders.join('\n')}\n${text.toString('latin1')}`;
}
