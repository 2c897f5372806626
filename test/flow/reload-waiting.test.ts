import type { ServerResponse } from 'node:http';
import t from 'tap';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import { ask, EXEC, read, startEcho, upgradeHead } from '../fakes/sessions.ts';
import { startUpstream } from '../fakes/upstream.ts';

// Requests that wait in the gate while its configuration is replaced (issue 3 section 7).

const clusters = (gate: TestGate) => gate.config['clusters'] as object[];

t.test('requests that wait in the gate while a reload retires their configuration end well', async (t) => {
  const upstream = await startEcho();
  const issuer = await startIssuer();
  const held: ServerResponse[] = [];
  let came = () => {};
  const asked = new Promise<void>((resolve) => {
    came = resolve;
  });
  issuer.setKeys((_request, response) => {
    held.push(response);
    came();
  });
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }], issuer });
  t.teardown(async () => {
    await gate.stop();
    await issuer.close();
    await upstream.close();
  });
  const token = await gate.token();
  const rest = await gate.connect();
  const restReader = read(rest);
  rest.write(
    `GET /old HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
  const tunnel = await gate.connect();
  const tunnelReader = read(tunnel);
  tunnel.write(upgradeHead('websocket', EXEC, [`Authorization: Bearer ${token}`]));
  await asked;
  // Refused without any key, on a connection that came later: both wait in the gate now.
  t.equal((await ask(gate, '/version', ['Authorization: Bearer a.b.c'])).status, 401);
  t.equal(restReader.text() + tunnelReader.text(), '', 'nobody was answered');
  gate.writeConfig({
    ...gate.config,
    clusters: [{ ...clusters(gate)[0], match: { pathPrefix: '/new' } }],
    authentication: {
      jwt: [jwtEntry(issuer, { claimMappings: { username: { claim: 'sub', prefix: 'new:' } } })],
    },
  });
  t.equal(gate.gate.reload(), true);
  const after = ask(gate, '/new/version', [`Authorization: Bearer ${token}`]);
  const body = JSON.stringify({ keys: await issuer.publicKeys() });
  issuer.setKeys(undefined);
  for (const response of held) response.end(body);

  await restReader.ended;
  t.match(restReader.text(), /^HTTP\/1.1 200 /);
  t.match(
    restReader.text(),
    'alice@example.com',
    'with the identity of the configuration that it began with',
  );
  await tunnelReader.until('\r\n\r\n');
  t.match(tunnelReader.text(), /^HTTP\/1.1 101 /);
  await tunnelReader.ended;
  tunnel.destroy();
  t.match(await gate.logged(({ msg }) => msg === 'session ended'), {
    end: 'killed',
    detail: 'its claims give another user',
  });
  const fresh = await after;
  t.equal(fresh.status, 200);
  t.ok((JSON.parse(fresh.body) as { rawHeaders: string[] }).rawHeaders.includes('new:alice-id'));
});

t.test('a reload also ends what was on its way in when it came', async (t) => {
  const held: (() => void)[] = [];
  const arrivals = Promise.withResolvers<void>();
  const upstream = await startUpstream({
    onUpgrade: (_request, socket) => {
      held.push(() => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
        socket.on('data', (chunk: Buffer) => socket.write(chunk));
        socket.on('end', () => socket.end());
      });
      if (held.length === 2) arrivals.resolve();
    },
  });
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const begin = async (email: string) => {
    const socket = await gate.connect();
    const reader = read(socket);
    const authorization = `Authorization: Bearer ${await gate.token({ email })}`;
    socket.write(upgradeHead('websocket', EXEC, [authorization]));
    return { socket, reader };
  };
  const mallory = await begin('mallory@example.com');
  const alice = await begin('alice@example.com');
  await arrivals.promise;
  const rules = [{ name: 'not-mallory', users: ['mallory@example.com'], decision: 'Deny', message: 'Gone.' }];
  gate.writeConfig({ ...gate.config, authorization: { rules } });
  // By itself, and so once: a second look would find who came after the first.
  await gate.logged(({ msg }) => msg === 'configuration taken up');
  for (const answer of held) answer();
  await mallory.reader.ended;
  mallory.socket.destroy();
  t.match(await gate.logged(({ msg }) => msg === 'session ended'), {
    user: 'mallory@example.com',
    end: 'killed',
    detail: 'the rules do not allow it any more',
  });
  await alice.reader.until('\r\n\r\n');
  alice.socket.write('still here');
  await alice.reader.until('still here');
  alice.socket.destroy();
});
