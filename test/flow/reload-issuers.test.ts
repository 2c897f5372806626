// A change of the authentication configuration forgets no keys that it does not touch, least of all those of an issuer that is down.

import t from 'tap';
import { jwtEntry, startTestGate } from '../fakes/gate.ts';
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
