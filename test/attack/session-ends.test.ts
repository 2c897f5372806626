// S31: sessions that are open when what opened them ends: the token's time, its key at the issuer, its issuer in the configuration, a rule against its user. Each is
// closed within seconds with a reason in the log, the other sessions go on, and new requests are refused. Reloads are SIGHUP, as an operator makes them.

import { once } from 'node:events';
import t, { type Test } from 'tap';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { requestUpgrade, upgradeRequest } from '../fakes/peers.ts';
import { recordFacts } from '../reliability/facts.ts';
import { requestText } from './caller.ts';
import { startGround } from './gate.ts';
import { startIssuers } from './issuers.ts';
import { askRaw } from './ways.ts';

const facts = recordFacts('attack-session-ends');
/** Documented: at once on a reload, at the token's own second otherwise. Wide, for a machine under load. ms */
const SOON_MS = 10_000;
const { staying, leaving } = await startIssuers(t, 'staying', 'leaving');
const ground = await startGround(t, {
  issuer: staying,
  config: { authentication: { jwt: [jwtEntry(staying), jwtEntry(leaving)] } },
});
const { gate } = ground;

/** Opens an exec; `ended` resolves when the gate has closed it. */
async function open(token: string, name: string) {
  const socket = await gate.connect();
  const { status } = await requestUpgrade(
    socket,
    upgradeRequest(token, { path: `/api/v1/namespaces/d/pods/${name}/exec?command=cat` }),
  );
  if (status !== 101) throw new Error(`${name}: ${status}`);
  const ended = Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => {});
  socket.resume();
  return { socket, name, ended };
}
const endOf = (name: string) =>
  gate.logged(({ msg, target }) => msg === 'session ended' && String(target).includes(`/pods/${name}/`));
const request = (token: string) =>
  askRaw(gate, requestText('GET /api/v1/pods HTTP/1.1', ['Host: gate', `Authorization: Bearer ${token}`]));

async function reload(config: unknown): Promise<void> {
  const before = gate.log.filter((line) => line.includes('configuration taken up')).length;
  gate.files.writeConfig(config);
  gate.child.kill('SIGHUP');
  while (gate.log.filter((line) => line.includes('configuration taken up')).length === before)
    await new Promise((resolve) => gate.child.stderr?.once('data', resolve));
}

/** The session ends soon, with this end in the log; the other one is still there. */
async function endsAlone(
  t: Test,
  session: Awaited<ReturnType<typeof open>>,
  end: string,
  act: () => Promise<unknown>,
): Promise<void> {
  const other = await open(ground.token, `beside-${session.name}`);
  const begin = performance.now();
  await act();
  await session.ended;
  t.match(await endOf(session.name), { end, ...(end === 'killed' ? { detail: /./ } : {}) });
  t.ok(performance.now() - begin < SOON_MS, `${Math.round(performance.now() - begin)} ms`);
  const echoed = once(other.socket, 'data');
  other.socket.write('still here');
  t.equal(String((await echoed)[0]), 'still here', 'the other session goes on');
  session.socket.destroy();
  other.socket.destroy();
}

await facts.attack('S31', 'the token expires', async (t) => {
  const token = await staying.sign({}, { expiresIn: 3 });
  await endsAlone(t, await open(token, 'expiring'), 'expired', () => Promise.resolve());
  t.equal((await request(token)).status, 401);
});

await facts.attack('S31', 'a rule of a reloaded configuration denies what is open', async (t) => {
  const token = await staying.sign({ email: 'mallory@example.com' });
  const rules = [{ name: 'not-mallory', users: ['mallory@example.com'], decision: 'Deny', message: 'gone' }];
  await endsAlone(t, await open(token, 'denied'), 'killed', () =>
    reload({ ...gate.files.config, authorization: { rules } }),
  );
  t.equal((await request(token)).status, 403);
});

await facts.attack('S31', 'the issuer is taken out of the configuration', async (t) => {
  const token = await leaving.sign();
  await endsAlone(t, await open(token, 'orphaned'), 'killed', () =>
    reload({ ...gate.files.config, authentication: { jwt: [jwtEntry(staying)] } }),
  );
  t.equal((await request(token)).status, 401);
});
