// The gate of the test of secrets (canaries.test.ts), and everybody around it: issuers, STS, a Redis, API servers good and bad, its token webhook.

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { caller } from '../fakes/caller.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { ACCOUNT, makeSession } from '../fakes/principals.ts';
import { startSts } from '../fakes/sts.ts';
import type { Aviary } from './canaries.ts';
import { collectOutput } from './canaryground.ts';
import { startGround } from './gate.ts';
import { startReviewing } from './reviews.ts';
import { startAttackUpstream } from './upstream.ts';

const ELSEWHERE = new URL('./elsewhere.ts', import.meta.url).href;
export const STS_HOST = 'sts.eu-west-1.amazonaws.com';

/** A gate with every door open, at log level trace, whose own files hold canaries of the aviary; all of it ends with `t`. */
export async function startCanaryGround(t: Pick<Test, 'teardown' | 'testdir'>, aviary: Aviary) {
  const issuer = await startIssuer();
  const stranger = await startIssuer();
  const principal = makeSession('Dev', 'jo');
  aviary.take('AWS secret key', principal.secretKey);
  aviary.take('AWS session token', principal.sessionToken.slice(0, 60));
  const sts = await startSts({ principals: [principal] });
  const upstream = await startReviewing();
  const second = await startAttackUpstream();
  const dead = createServer();
  const deadPort = await listen(dead);
  dead.close();
  await once(dead, 'close');
  /** A Redis that lets nobody in and repeats what it was sent. */
  const redis = createServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) =>
      socket.write(`-WRONGPASS ${bytes.toString('latin1').replace(/[\r\n]+/g, ' ')}\r\n`),
    );
  });
  const redisPort = await listen(redis);
  const dir = t.testdir({});
  const lay = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const webhookCA = await makeCA('webhook');
  const serving = await webhookCA.issue({ commonName: 'webhook', ipAddresses: ['127.0.0.1'] });
  const apiServer = await webhookCA.issue({ commonName: 'kube-apiserver', client: true });

  const tokens = { main: aviary.lay('kubeconfig main'), second: aviary.lay('kubeconfig second') };
  const hidden = { tls: aviary.lay('kubeconfig tls'), dead: aviary.lay('kubeconfig dead') };
  const ground = await startGround(t, {
    upstream,
    issuer,
    upstreams: [
      { name: 'main', upstream, user: { token: tokens.main } },
      {
        name: 'refusing',
        upstream,
        user: { token: tokens.main },
        match: { pathPrefix: '/refuse' },
        cluster: { impersonation: 'Refuse' },
      },
      { name: 'second', upstream: second, user: { token: tokens.second }, match: { pathPrefix: '/second' } },
      {
        name: 'tls',
        upstream: { port: second.port, ca: await makeCA('another') },
        user: { token: hidden.tls },
        match: { pathPrefix: '/tls' },
      },
      {
        name: 'dead',
        upstream: { port: deadPort, ca: upstream.ca },
        user: { token: hidden.dead },
        match: { pathPrefix: '/dead' },
      },
    ],
    listen: { trustedProxies: ['127.0.0.2'] },
    nodeOptions: [`--import=${ELSEWHERE}`],
    env: {
      NODE_EXTRA_CA_CERTS: lay('sts.crt', sts.ca),
      POSTERN_ELSEWHERE: JSON.stringify({ [STS_HOST]: sts.port }),
    },
    config: {
      authentication: {
        serviceAccounts: {},
        awsIAM: {
          clusterID: 'prod',
          mapFile: lay(
            'aws-auth.yaml',
            `mapRoles: |\n  - {rolearn: "arn:aws:iam::${ACCOUNT}:role/Dev", username: dev}\n`,
          ),
          stsRegions: ['eu-west-1'],
        },
        jwt: [jwtEntry(issuer), jwtEntry(issuer, { source: { header: 'X-Assertion' } })],
      },
      sessions: {
        registry: {
          redis: {
            url: `redis://127.0.0.1:${redisPort}`,
            passwordFile: lay('redis-password', aviary.lay('redis password')),
          },
        },
      },
      tokenWebhook: {
        address: '127.0.0.1:0',
        tls: { certFile: lay('webhook.crt', serving.certPem), keyFile: lay('webhook.key', serving.keyPem) },
        clientCAFile: lay('webhook-ca.crt', webhookCA.certPem),
        audiences: ['https://kubernetes.default.svc'],
      },
    },
  });
  const output = collectOutput(ground.gate.child);
  const h2 = caller(ground.place, 'h2');
  t.teardown(async () => {
    h2.close();
    redis.close();
    await Promise.all([issuer.close(), stranger.close(), second.close(), sts.close()]);
  });
  return {
    ground,
    issuer,
    stranger,
    principal,
    sts,
    upstream,
    second,
    webhookCA,
    apiServer,
    tokens,
    hidden,
    output,
    h2,
  };
}

/** @returns its port */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
