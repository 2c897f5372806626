import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { configured, dialTls, type Line, postern, type Run, ready, says } from '../fakes/serve.ts';
import { openSession } from '../fakes/sessions.ts';

// The program itself, as an operator runs it: signals, exit codes (../shared/contract/interface.md, Program), and where it writes.

/** What the gate says once it serves, as a line of the log. */
const serving = (run: Run) => run.logged(says('serving'));
const portOf = (line: Line) => Number(new URL(String(line['address'])).port);

t.test(
  'SIGTERM: sessions end by themselves, then the process exits 0; SIGHUP reloads before and does nothing after',
  async (t) => {
    const { gate } = await configured(t);
    const run = postern(t, ['serve', '--config', gate.file, '--set', 'log.level=debug']);
    const line = await serving(run);
    const port = portOf(line);
    const ops = line['ops'];
    t.equal((await fetch(`${ops}/livez`)).status, 200);
    const session = await openSession(gate, { socket: await dialTls(port, gate) });

    run.child.kill('SIGHUP');
    await run.err.until('"msg":"configuration taken up"');
    writeFileSync(gate.file, 'kind: [');
    run.child.kill('SIGHUP');
    await run.err.until('"msg":"configuration refused, the running one stays"');
    await session.say('after both');

    run.child.kill('SIGTERM');
    await run.err.until('"msg":"draining"');
    run.child.kill('SIGHUP');
    t.equal((await fetch(`${ops}/readyz`)).status, 503);
    const refused = connectTcp(port, '127.0.0.1');
    t.match((await once(refused, 'error'))[0], { code: 'ECONNREFUSED' });
    await session.say('the drain waits for this');
    session.socket.end();
    await session.reader.ended;
    t.equal(await run.exit, 0);
    t.match(run.err.text(), '"end":"client"');
    t.match(run.err.text(), '"msg":"stopped"');
    for (const line of run.err.text().trim().split('\n')) t.type(JSON.parse(line), 'object');
    t.equal(run.out.text(), '');
  },
);

t.test('after drainTimeout the session is closed as drained, and the process exits 0', async (t) => {
  const { gate } = await configured(t, { sessions: { drainTimeout: '500ms' } });
  const run = postern(t, ['serve'], { POSTERN_CONFIG: gate.file });
  const port = portOf(await serving(run));
  const session = await openSession(gate, { socket: await dialTls(port, gate) });
  run.child.kill('SIGINT');
  await session.reader.ended;
  session.socket.end();
  t.equal(await run.exit, 0);
  t.match(run.err.text(), '"end":"drained"');
});

t.test('a second signal ends at once', async (t) => {
  const { gate } = await configured(t);
  const run = postern(t, ['serve', '-c', gate.file]);
  const port = portOf(await serving(run));
  const session = await openSession(gate, { socket: await dialTls(port, gate) });
  run.child.kill('SIGTERM');
  await run.err.until('"msg":"draining"');
  run.child.kill('SIGINT');
  t.equal(await run.exit, 1);
  await session.reader.ended;
  session.socket.destroy();
});

t.test('an issuer that is down is no reason to end', async (t) => {
  const { gate } = await configured(t);
  gate.issuer.setDown(true);
  const run = postern(t, ['serve', '-c', gate.file]);
  await run.err.until('"msg":"keys of an issuer could not be fetched"');
  const { ops } = await serving(run);
  t.match(await (await fetch(`${ops}/readyz`)).text(), `issuer-keys: no keys yet from ${gate.issuer.url}\n`);
  gate.issuer.setDown(false);
  await ready(String(ops));
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0);
});

t.test('a configuration that cannot be used is exit code 1, with every problem printed', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'broken.yaml');
  writeFileSync(file, 'apiVersion: postern.dev/v1\nkind: GateConfiguration\nlistn: {}\nlog: {level: loud}\n');
  const run = postern(t, ['serve', '--config', file]);
  t.equal(await run.exit, 1);
  t.match(run.err.text(), `${file}:3:1 listn: `);
  t.match(run.err.text(), `${file}:4:`);
  t.notMatch(run.err.text(), /at .*\.ts:\d+/, 'no stack');
  const missing = postern(t, ['serve', '--config', join(dir, 'no.yaml')]);
  t.equal(await missing.exit, 1);
  t.match(missing.err.text(), 'cannot be read: ENOENT');
});

t.test('an address that is taken is exit code 1, and nothing keeps the process', async (t) => {
  const { gate } = await configured(t);
  for (const key of ['listen.address', 'ops.address']) {
    const run = postern(t, ['serve', '-c', gate.file, '--set', `${key}=127.0.0.1:${gate.port}`]);
    t.equal(await run.exit, 1, key);
    t.match(run.err.text(), 'EADDRINUSE');
  }
});

t.test('usage', async (t) => {
  // [arguments, exit code, standard output, standard error]
  const cases: [string[], number, RegExp, RegExp][] = [
    [['--version'], 0, /^postern \d+\.\d+\.\d+ \(node v\d+/, /^$/],
    [['--help'], 0, /postern serve .*\n.*postern check/, /^$/],
    [[], 2, /^$/, /postern serve/],
    [['sevre'], 2, /^$/, /unknown command "sevre"/],
    [['serve'], 2, /^$/, /give --config FILE or set POSTERN_CONFIG/],
  ];
  await Promise.all(
    cases.map(async ([args, code, out, err]) => {
      const run = postern(t, args);
      t.equal(await run.exit, code, args.join(' '));
      t.match(run.out.text(), out, args.join(' '));
      t.match(run.err.text(), err, args.join(' '));
    }),
  );
});
