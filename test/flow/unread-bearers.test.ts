// Where no door reads bearer tokens, one in the WebSocket subprotocol is nobody's credential, and ends at the gate all the same: the API server would
// read it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { exchangeRaw, valuesOf } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';

const TOKEN = 'a-token-of-another-door';
const carried = `base64url.bearer.authorization.k8s.io.${Buffer.from(TOKEN).toString('base64url')}`;
const clients = await makeCA('clients');
const { certPem: cert, keyPem: key } = await clients.issue({ commonName: 'jane', client: true });
const upstream = await startUpstream({
  onUpgrade: (_request, socket) =>
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'),
});
t.teardown(() => upstream.close());

for (const identity of ['Impersonate', 'Passthrough'])
  t.test(`identity: ${identity}`, async (t) => {
    const gate = await startTestGate({
      upstreams: [{ name: 'c', upstream, cluster: { identity } }],
      listen: { clientCAFile: 'clients.crt' },
      before: (dir) => writeFileSync(join(dir, 'clients.crt'), clients.certPem),
      authentication: {
        jwt: [],
        clientCertificates: { enabled: true },
        anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
      },
    });
    t.teardown(() => gate.stop());
    const open = async (path: string, client: { cert?: string; key?: string }) => {
      const before = upstream.received.length;
      const head = [
        `GET ${path} HTTP/1.1`,
        'Host: x',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Protocol: v5.channel.k8s.io, ${carried}`,
        '\r\n',
      ];
      const answer = await exchangeRaw(await gate.connect(client), head.join('\r\n'));
      return { answer: answer.toString(), forwarded: upstream.received.slice(before) };
    };

    await t.test('a caller without any credential', async (t) => {
      const { forwarded } = await open('/livez', {});
      t.same(
        forwarded.map(({ rawHeaders }) => valuesOf(rawHeaders, 'sec-websocket-protocol')),
        [['v5.channel.k8s.io']],
      );
      const refused = await open('/version', {});
      t.match(refused.answer, /^HTTP\/1.1 401 /);
      t.same(refused.forwarded, []);
    });

    await t.test('a client certificate', async (t) => {
      const { answer, forwarded } = await open('/api/v1/namespaces/n/pods/p/exec?command=id', { cert, key });
      if (identity === 'Passthrough') {
        t.match(answer, /^HTTP\/1.1 403 [\s\S]*PASSTHROUGH_NEEDS_BEARER/);
        t.same(forwarded, []);
        return;
      }
      t.same(valuesOf(forwarded[0]?.rawHeaders ?? [], 'impersonate-user'), ['jane']);
      t.same(valuesOf(forwarded[0]?.rawHeaders ?? [], 'sec-websocket-protocol'), ['v5.channel.k8s.io']);
    });
  });
