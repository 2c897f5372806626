import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { makeCA } from '../../src/certificates.ts';
import { type Caller, caller } from '../fakes/caller.ts';
import { type GateProcess, startGateProcess } from '../fakes/gateprocess.ts';
import { type EchoUpstream, eventually, startEcho } from '../fakes/sessions.ts';
import { recordFacts } from '../reliability/facts.ts';
import { comesBack } from './holding.ts';
import { type Streams, startStreams } from './streams.ts';

// The operator errs, or is caught half-way, while 200 sessions stream: no byte is lost and none is cut, the running configuration stays until a good one is
// there, which is taken up by itself.

const facts = recordFacts('chaos-reload');
const SESSIONS = 200;
/** Files are looked at each second, and a change counts when it looks the same twice; after a refusal it is tried again each 5 s. ms */
const TAKEN_UP_MS = 10_000;
const REFUSED = 'configuration refused, the running one stays';
const TAKEN_UP = 'configuration taken up';

let upstream: EchoUpstream;
let gate: GateProcess;
let streams: Streams;
let who: Caller;
let before: Awaited<ReturnType<GateProcess['holdings']>>;
/** Where the files of a mounted Secret are, as the kubelet lays them: names → ..data → a directory of this moment. */
let mount: string;

const lay = (moment: string, more: Readonly<Record<string, unknown>> = {}) => {
  const directory = join(mount, moment);
  mkdirSync(directory);
  for (const name of ['tls.crt', 'tls.key', 'prod.kubeconfig'])
    cpSync(join(gate.files.dir, name), join(directory, name));
  writeFileSync(join(directory, 'postern.yaml'), JSON.stringify({ ...gate.files.config, ...more }));
};
/** As the kubelet does: another link is made, and renamed over the old one. */
const swap = (moment: string) => {
  symlinkSync(moment, join(mount, '..data_tmp'));
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
};
const count = (msg: string) => gate.log.filter((line) => JSON.parse(line).msg === msg).length;
const another = async (msg: string, since: number) => eventually(() => count(msg) > since, TAKEN_UP_MS);
const ok = async () =>
  (await who.call({ path: '/version', headers: ['Authorization', `Bearer ${await gate.token()}`] })).status;
const isUnhurt = async (t: {
  same: (a: unknown, b: unknown, m: string) => unknown;
  equal: (a: unknown, b: unknown, m: string) => unknown;
}) => {
  await streams.settle();
  t.same(streams.wrong, [], 'no byte is wrong');
  t.equal(streams.open, SESSIONS, 'no session was cut');
  t.equal(await ok(), 200, 'and requests are answered');
};

t.before(async () => {
  upstream = await startEcho();
  gate = await startGateProcess({
    upstreams: [{ name: 'prod', upstream }],
    config: { sessions: { drainTimeout: '1s' } },
  });
  who = caller({ port: gate.port, ca: gate.files.ca }, 'h2');
  mount = join(gate.files.dir, 'mount');
  mkdirSync(mount);
  lay('..1');
  swap('..1');
  await (await startStreams(gate, SESSIONS)).close();
  before = await gate.holdings();
  streams = await startStreams(gate, SESSIONS);
});
t.after(async () => {
  who.close();
  await gate.stop();
  await upstream.close();
});

await facts.fault('broken configuration, then a good one', async (t) => {
  const since = count(TAKEN_UP);
  writeFileSync(gate.files.file, 'kind: [');
  gate.child.kill('SIGHUP');
  await gate.logged(({ msg }) => msg === REFUSED);
  t.equal(await gate.metric('postern_config_last_reload_success'), 0);
  await isUnhurt(t);
  gate.files.writeConfig({ ...gate.files.config, log: { level: 'debug' } });
  const from = performance.now();
  await another(TAKEN_UP, since);
  const tookMs = performance.now() - from;
  t.equal(await gate.metric('postern_config_last_reload_success'), 1);
  await isUnhurt(t);
  return tookMs;
});

await facts.fault(
  'reloads in a row',
  async (t) => {
    const since = count(TAKEN_UP);
    const from = performance.now();
    for (let i = 1; i <= 50; i++) {
      gate.files.writeConfig({ ...gate.files.config, log: { level: i % 2 === 0 ? 'debug' : 'info' } });
      gate.child.kill('SIGHUP');
      await another(TAKEN_UP, since + i - 1);
    }
    const tookMs = performance.now() - from;
    await isUnhurt(t);
    return tookMs;
  },
  50,
);

await facts.fault('file written half', async (t) => {
  const [since, refused] = [count(TAKEN_UP), count(REFUSED)];
  const text = JSON.stringify({ ...gate.files.config, log: { level: 'debug' } }, null, 2);
  writeFileSync(gate.files.file, text.slice(0, text.length / 2));
  gate.child.kill('SIGHUP');
  await another(REFUSED, refused);
  const from = performance.now();
  writeFileSync(gate.files.file, text);
  await another(TAKEN_UP, since);
  await isUnhurt(t);
  return performance.now() - from;
});

await facts.fault('certificate and key do not match for a moment', async (t) => {
  const [since, refused] = [count(TAKEN_UP), count(REFUSED)];
  const ca = await makeCA('another gate CA');
  const next = await ca.issue({ commonName: 'postern', ipAddresses: ['127.0.0.1'] });
  const files = ['tls.crt', 'tls.key'].map((name) => join(gate.files.dir, name));
  const old = files.map((file) => readFileSync(file));
  writeFileSync(files[0] ?? '', next.certPem);
  gate.child.kill('SIGHUP');
  await another(REFUSED, refused);
  await (await gate.connect()).destroy();
  const from = performance.now();
  writeFileSync(files[1] ?? '', next.keyPem);
  await another(TAKEN_UP, since);
  const tookMs = performance.now() - from;
  await new Promise<void>((resolve, reject) => {
    const socket = connectTls({ port: gate.port, host: '127.0.0.1', ca: ca.certPem }, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
  for (const [i, file] of files.entries()) writeFileSync(file, old[i] ?? '');
  await another(TAKEN_UP, since + 1);
  await isUnhurt(t);
  return tookMs;
});

await facts.fault('files vanish and come back', async (t) => {
  const [since, refused] = [count(TAKEN_UP), count(REFUSED)];
  const file = join(gate.files.dir, 'prod.kubeconfig');
  const kept = readFileSync(file);
  unlinkSync(file);
  await another(REFUSED, refused);
  await isUnhurt(t);
  const from = performance.now();
  writeFileSync(file, kept);
  await another(TAKEN_UP, since);
  await isUnhurt(t);
  return performance.now() - from;
});

await facts.fault('mounted directory swapped', async (t) => {
  // From here on the files are those of the mount.
  const since = count(TAKEN_UP);
  for (const name of ['tls.crt', 'tls.key', 'prod.kubeconfig', 'postern.yaml']) {
    const link = join(gate.files.dir, name);
    if (name === 'postern.yaml') rmSync(link);
    else renameSync(link, `${link}.kept`);
    symlinkSync(join('mount', '..data', name), link);
  }
  gate.child.kill('SIGHUP');
  await another(TAKEN_UP, since);
  const from = performance.now();
  for (const name of ['tls.crt', 'tls.key', 'prod.kubeconfig'])
    cpSync(join(gate.files.dir, `${name}.kept`), join(mount, `${name}.kept`));
  mkdirSync(join(mount, '..2'));
  for (const name of ['tls.crt', 'tls.key', 'prod.kubeconfig'])
    cpSync(join(mount, `${name}.kept`), join(mount, '..2', name));
  writeFileSync(
    join(mount, '..2', 'postern.yaml'),
    JSON.stringify({ ...gate.files.config, log: { level: 'info' } }),
  );
  swap('..2');
  rmSync(join(mount, '..1'), { recursive: true });
  await another(TAKEN_UP, since + 1);
  const tookMs = performance.now() - from;
  await isUnhurt(t);
  await streams.close();
  facts.add('bytes', ['200 sessions, configuration reloaded', streams.compared, 0]);
  await comesBack(t, gate, { before, facts, what: 'configuration reloaded' });
  return tookMs;
});
