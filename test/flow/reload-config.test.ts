import { writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { startTestGate, type TestGate } from '../fakes/gate.ts';
import { jwtEntry } from '../fakes/gatefiles.ts';
import { startIssuer } from '../fakes/issuer.ts';
import {
  ask,
  askAs,
  type EchoUpstream,
  EXEC,
  eventually,
  openSession,
  openWatch,
  openWatch2,
  startEcho,
} from '../fakes/sessions.ts';

// Issue 3 section 7: a changed configuration is taken up without dropping a connection; a broken one leaves the old one running and says so.

const clusters = (gate: TestGate) => gate.config['clusters'] as object[];
const jwt = (gate: TestGate) => (gate.config['authentication'] as { jwt: object[] }).jwt;
const isTakenUp = (line: Record<string, unknown>) => line['msg'] === 'configuration taken up';
const isRefused = (line: Record<string, unknown>) =>
  line['msg'] === 'configuration refused, the running one stays';

/** Opens one of everything that stays open; `move` shows that each still carries bytes. */
async function openAll(gate: TestGate, upstream: EchoUpstream, prefix = '') {
  const before = upstream.watches.length;
  const sessions = [
    await openSession(gate, { path: prefix + EXEC, protocol: 'websocket' }),
    await openSession(gate, { path: `${prefix}/api/v1/namespaces/d/pods/p/portforward`, protocol: 'spdy' }),
  ];
  const one = await openWatch(gate, `${prefix}/api/v1/pods?watch=1`);
  const two = await openWatch2(gate, `${prefix}/api/v1/services?watch=1`);
  await upstream.watching(before + 2);
  const watches = upstream.watches.slice(before);
  return {
    async move(text: string) {
      for (const session of sessions) await session.say(text);
      for (const watch of watches) watch.write(`${text}\n`);
      await one.reader.until(text);
      await two.reader.until(text);
    },
    close() {
      for (const { socket } of sessions) socket.end();
      for (const watch of watches) watch.end();
      one.close();
      two.close();
    },
  };
}

/** A gate of one cluster, with one of everything open. */
async function startProd(t: Test) {
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  const open = await openAll(gate, upstream);
  return { gate, open };
}

t.test('sessions and watches outlive every reload, and new requests see the new configuration', async (t) => {
  const upstream = await startEcho();
  const extra = await startEcho();
  const other = await startIssuer();
  const gate = await startTestGate({
    upstreams: [
      { name: 'prod', upstream },
      { name: 'extra', upstream: extra, match: { pathPrefix: '/extra' } },
    ],
  });
  t.teardown(async () => {
    await gate.stop();
    await other.close();
    await upstream.close();
    await extra.close();
  });
  const all = clusters(gate);
  const [prod] = all;
  gate.writeConfig({ ...gate.config, clusters: [prod] });
  t.equal(gate.gate.reload(), true);
  const open = await openAll(gate, upstream);

  await t.test('a cluster is added', async (t) => {
    t.match(
      JSON.parse((await askAs(gate, '/extra/version')).body),
      { url: '/extra/version' },
      'prod took it',
    );
    gate.writeConfig(gate.config);
    t.equal(gate.gate.reload(), true);
    t.match(
      JSON.parse((await askAs(gate, '/extra/version')).body),
      { url: '/version' },
      'now extra takes it',
    );
    await open.move('cluster added');
  });
  const removed = await openAll(gate, extra, '/extra');
  await t.test('a cluster is removed', async (t) => {
    gate.writeConfig({ ...gate.config, clusters: [{ ...prod, match: { pathPrefix: '/p' } }] });
    t.equal(gate.gate.reload(), true);
    t.equal((await askAs(gate, '/extra/version')).status, 404);
    t.equal((await askAs(gate, '/p/version')).status, 200);
    await removed.move('what goes to it is not cut');
    await open.move('cluster removed');
    removed.close();
  });
  await t.test('the log level changes', async (t) => {
    gate.writeConfig({ ...gate.config, log: { level: 'error' } });
    t.equal(gate.gate.reload(), true);
    const before = gate.log.length;
    t.equal((await askAs(gate, '/version')).status, 200);
    t.equal(gate.log.length, before, 'no line for a request');
    gate.writeConfig(gate.config);
    t.equal(gate.gate.reload(), true);
    t.equal((await askAs(gate, '/api/after')).status, 200);
    await gate.logged((line) => line['target'] === '/api/after');
    await open.move('level changed');
  });
  await t.test('an issuer is added', async (t) => {
    const auth = ['Authorization: Bearer '.concat(await other.sign())];
    t.equal((await ask(gate, '/version', auth)).status, 401, 'not known yet');
    gate.writeConfig({ ...gate.config, authentication: { jwt: [...jwt(gate), jwtEntry(other)] } });
    t.equal(gate.gate.reload(), true);
    t.equal((await ask(gate, '/version', auth)).status, 200);
    t.equal((await askAs(gate, '/version')).status, 200, 'the first one goes on');
    await open.move('issuer added');
  });
  await t.test('a key that needs a restart is named', async (t) => {
    gate.writeConfig({ ...gate.config, ops: { address: '127.0.0.1:1' } });
    t.equal(gate.gate.reload(), true);
    const line = await gate.logged(
      ({ msg }) => msg === 'configuration taken up, but these keys count only after a restart',
    );
    t.same(line['keys'], ['ops.address']);
    t.equal((await fetch(`${gate.gate.opsUrl}/livez`)).status, 200, 'the old address answers');
    await open.move('restart needed');
  });
  open.close();
});

t.test(
  'a broken configuration is refused whole, every problem with its place, until it is repaired',
  async (t) => {
    const { gate, open } = await startProd(t);
    const timestamp = await gate.metric('postern_config_last_reload_timestamp_seconds');
    t.ok(timestamp > 0);
    t.equal(await gate.metric('postern_config_last_reload_success'), 1);

    writeFileSync(
      gate.file,
      'apiVersion: postern.dev/v1\nkind: GateConfiguration\nlisten:\n  adress: x\nlog: {level: loud}\n',
    );
    t.equal(gate.gate.reload(), false);
    const { problems, level } = (await gate.logged(isRefused)) as { problems: string[]; level: string };
    t.equal(level, 'error');
    for (const problem of problems) t.match(problem, /^\/.*postern\.yaml:\d+:\d+ /);
    t.ok(problems.some((one) => one.includes('postern.yaml:4:3 listen.adress: ') && one.includes('address')));
    t.ok(problems.some((one) => one.includes('postern.yaml:5:') && one.includes('log.level')));
    t.equal(await gate.metric('postern_config_last_reload_success'), 0);
    t.equal(
      await gate.metric('postern_config_last_reload_timestamp_seconds'),
      timestamp,
      'when one was last taken up',
    );
    t.equal((await askAs(gate, '/version')).status, 200, 'the old one serves');
    t.equal((await fetch(`${gate.gate.opsUrl}/readyz`)).status, 200, 'and is ready');
    await open.move('broken');

    const breakages: [string, (dir: string) => void][] = [
      ['no YAML at all', () => writeFileSync(gate.file, 'listen: [')],
      ['an empty file', () => writeFileSync(gate.file, '')],
      ['a serving certificate that is none', (dir) => writeFileSync(`${dir}/tls.crt`, 'x')],
      ['a kubeconfig that is none', (dir) => writeFileSync(`${dir}/prod.kubeconfig`, '[]')],
    ];
    const { readFileSync } = await import('node:fs');
    const names = ['postern.yaml', 'tls.crt', 'prod.kubeconfig'];
    gate.writeConfig(gate.config);
    const good = names.map((name) => readFileSync(`${gate.dir}/${name}`));
    for (const [name, breakIt] of breakages) {
      breakIt(gate.dir);
      t.equal(gate.gate.reload(), false, name);
      t.equal((await askAs(gate, '/version')).status, 200, name);
      for (const [i, content] of good.entries()) writeFileSync(`${gate.dir}/${names[i]}`, content);
      t.equal(gate.gate.reload(), true, `${name}: repaired`);
    }
    t.equal(await gate.metric('postern_config_last_reload_success'), 1);
    t.ok((await gate.metric('postern_config_last_reload_timestamp_seconds')) > timestamp);
    await open.move('repaired');
    open.close();
  },
);

t.test(
  'a changed file is noticed without a signal, also one that a refused configuration waited for',
  async (t) => {
    const { gate, open } = await startProd(t);
    gate.writeConfig({ ...gate.config, log: { level: 'debug' } });
    await gate.logged(isTakenUp);
    t.equal(gate.gate.log.level, 'debug');
    await open.move('by itself');

    gate.writeConfig({ ...gate.config, clusters: [{ name: 'prod', kubeconfig: 'late.kubeconfig' }] });
    await gate.logged(isRefused);
    const { copyFileSync } = await import('node:fs');
    copyFileSync(`${gate.dir}/prod.kubeconfig`, `${gate.dir}/late.kubeconfig`);
    await eventually(async () => (await gate.metric('postern_config_last_reload_success')) === 1, 15_000);
    t.equal(
      gate.log.filter((line) => isRefused(JSON.parse(line))).length,
      1,
      'trying again says nothing new',
    );
    await open.move('late');
    open.close();
  },
);

t.test('equal content builds nothing anew: keys, verified tokens and pooled connections stay', async (t) => {
  const upstream = await startEcho();
  const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
  t.teardown(async () => {
    await gate.stop();
    await upstream.close();
  });
  t.equal((await askAs(gate, '/version')).status, 200);
  const before = { ...gate.issuer.hits, accepted: upstream.accepted() };
  for (let i = 0; i < 3; i++) {
    gate.writeConfig({ ...gate.config, log: { level: i % 2 === 0 ? 'debug' : 'info' } });
    t.equal(gate.gate.reload(), true);
    t.equal((await askAs(gate, '/version')).status, 200);
  }
  t.same({ ...gate.issuer.hits, accepted: upstream.accepted() }, before);
});
