// A change of the authentication configuration forgets no keys that it does not touch, least of all those of an issuer that is down.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startTestGate } from '../fakes/gate.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { readAll } from '../fakes/peers.ts';
import { startUpstream } from '../fakes/upstream.ts';

t.test('an issuer is added while another one is down: the users of both come in', async (t) => {
  const upstream = await startUpstream();
  const other = await startIssuer();
  const gate = await startTestGate({ upstreams: [{ name: 'one', upstream }] });
  const ask = async (token: string) => {
    const socket = await gate.connect();
    socket.write(
      `GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    );
    return Number((await readAll(socket)).split(' ')[1]);
  };
  const mine = await gate.token();
  const theirs = await other.sign({ sub: 'bob', email: 'bob@example.com', groups: [] });
  t.equal(await ask(mine), 200);
  t.equal(await ask(theirs), 401);
  gate.issuer.setDown(true);
  gate.writeConfig({ ...gate.config, authentication: { jwt: [jwtEntry(gate.issuer), jwtEntry(other)] } });
  t.equal(gate.gate.reload(), true);
  t.equal(await ask(theirs), 200, 'the new issuer counts at once');
  t.equal(await ask(mine), 200, 'the keys of the one that is down are still known');
  await gate.stop();
  await other.close();
  await upstream.close();
});

t.test(
  "kube-apiserver's file is read again when it changes, and a broken one leaves the running one in place",
  async (t) => {
    const upstream = await startUpstream();
    const [first, second] = [await startIssuer(), await startIssuer()];
    const document = (...issuers: readonly { url: string; caPem: string }[]) =>
      JSON.stringify({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AuthenticationConfiguration',
        jwt: issuers.map(({ url, caPem }) => ({
          issuer: { url, audiences: ['postern'], certificateAuthority: caPem },
          claimMappings: { username: { claim: 'email', prefix: 'file:' } },
        })),
      });
    const gate = await startTestGate({ upstreams: [{ name: 'one', upstream }] });
    const file = join(gate.dir, 'authn.yaml');
    const ask = async (token: string) => {
      const socket = await gate.connect();
      socket.write(
        `GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      );
      return Number((await readAll(socket)).split(' ')[1]);
    };
    const [one, two] = [await first.sign(), await second.sign()];
    writeFileSync(file, document(first));
    gate.writeConfig({ ...gate.config, authentication: { configFile: 'authn.yaml' } });
    t.equal(gate.gate.reload(), true);
    t.same([await ask(one), await ask(two)], [200, 401]);
    t.match(upstream.received.at(-1)?.rawHeaders.join('\n'), /^file:jane@example\.com$/m);

    let taken = 0;
    writeFileSync(file, document(first, second));
    await gate.logged(({ msg }) => msg === 'configuration taken up' && ++taken === 2);
    t.same([await ask(one), await ask(two)], [200, 200], 'the change was seen without a signal');

    writeFileSync(file, document(first, first));
    const { problems } = await gate.logged(({ problems }) => /authn\.yaml/.test(String(problems)));
    t.match(problems, [/authn\.yaml:1:\d+ jwt\[1\]\.issuer\.url: is the same as jwt\[0\]\.issuer\.url/]);
    t.same([await ask(one), await ask(two)], [200, 200]);
    t.equal(await gate.metric('postern_config_last_reload_success'), 0);
    await gate.stop();
    await first.close();
    await second.close();
    await upstream.close();
  },
);
