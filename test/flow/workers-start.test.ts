import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { configured, MAIN, node, postern, type Test } from '../fakes/serve.ts';
import { parentOf } from './workers.ts';

// How `postern serve --workers` begins, or does not: the same messages and exit codes as with one process.

const SRC = new URL('../../src/', import.meta.url).pathname;

const serve = (t: Test, ...args: string[]) => postern(t, ['serve', ...args]);

/** Process ids of the children that a process has now. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => parentOf(one) === pid);
}

t.test('what keeps one process from starting keeps several from it, in the same words', async (t) => {
  const { gate } = await configured(t);
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const written = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const garbage = written('garbage.pem', 'not a certificate');
  const broken = written('broken.yaml', 'apiVersion: postern.dev/v1\nkind: GateConfiguration\nlistn: {}\n');
  const other = await gate.ca.issue({ commonName: 'other', ipAddresses: ['127.0.0.1'] });
  const otherKey = written('other.key', other.keyPem);
  const forked = join(dir, 'forked');
  const watching = written(
    'watching.mjs',
    `import { writeFileSync } from 'node:fs';
    if (process.env.POSTERN_WORKER !== undefined) writeFileSync(${JSON.stringify(forked)}, '');`,
  );
  const good = ['--config', gate.file];
  const taken = `127.0.0.1:${gate.port}`;
  // [what, arguments, what is said]
  const cases: [string, string[], RegExp][] = [
    ['an unknown key', ['--config', broken], /broken\.yaml:3:1 listn: /],
    ['no such file', ['--config', join(dir, 'no.yaml')], /cannot be read: ENOENT/],
    [
      'no kubeconfig',
      [...good, '--set', `clusters[0].kubeconfig=${garbage}`],
      /garbage\.pem is not a kubeconfig/,
    ],
    ['no such certificate', [...good, '--set', `listen.tls.certFile=${join(dir, 'no.crt')}`], /ENOENT/],
    [
      'the key of another certificate',
      [...good, '--set', `listen.tls.keyFile=${otherKey}`],
      /is not the key of the first certificate/,
    ],
    ['the ops address is taken', [...good, '--set', `ops.address=${taken}`], /EADDRINUSE/],
  ];
  for (const [what, args, said] of cases) {
    const one = serve(t, ...args);
    const several = node(t, ['--import', watching, MAIN, 'serve', ...args, '--workers', '2']);
    t.equal(await several.exit, 1, what);
    t.equal(await one.exit, 1, what);
    t.match(several.err.text(), said, what);
    t.equal(several.err.text(), one.err.text(), what);
  }
  // The file is in order, what it names is not: only building it tells, and a warning is logged before.
  const clusters = [{ name: 'prod', inCluster: true }];
  writeFileSync(join(gate.dir, 'inside.yaml'), JSON.stringify({ ...gate.config, clusters }));
  const inside = ['serve', '-c', join(gate.dir, 'inside.yaml')];
  const outside = node(t, ['--import', watching, MAIN, ...inside, '--workers', '2']);
  t.equal(await outside.exit, 1);
  t.match(outside.err.text(), /^cluster prod: /m);
  t.notOk(existsSync(forked), 'no worker was started for any of it');
  const well = node(t, ['--import', watching, MAIN, 'serve', ...good, '--workers', '2']);
  await well.err.until('"msg":"serving"');
  t.ok(existsSync(forked), 'which would have been seen');
});

t.test('an address that is taken is found by a worker, and told as ever', async (t) => {
  const { gate } = await configured(t);
  const run = serve(t, '-c', gate.file, '--workers', '2', '--set', `listen.address=127.0.0.1:${gate.port}`);
  t.equal(await run.exit, 1);
  t.match(run.err.text(), /^postern serve: .*EADDRINUSE/m);
  t.notMatch(run.err.text(), '"serving"');
});

t.test('a worker that dies before it serves ends it all', async (t) => {
  const { gate } = await configured(t);
  const dying = join(gate.dir, 'dying.mjs');
  writeFileSync(dying, "if (process.env.POSTERN_WORKER === '2') process.exit(7);\n");
  const run = node(t, ['--import', dying, MAIN, 'serve', '-c', gate.file, '--workers', '3']);
  t.equal(await run.exit, 1);
  t.match(
    run.err.text(),
    /^postern serve: worker 2 \(process \d+\) ended with exit code 7 before it served$/m,
  );
  t.notMatch(run.err.text(), '"serving"');
});

t.test(
  'one worker is one process, as without the option, and nothing of the cluster is loaded',
  async (t) => {
    const { gate } = await configured(t);
    const runs = [serve(t, '-c', gate.file), serve(t, '-c', gate.file, '--workers', '1')];
    for (const run of runs) {
      await run.err.until('"msg":"serving"');
      t.same(childrenOf(run.child.pid ?? 0), []);
      run.child.kill('SIGTERM');
      t.equal(await run.exit, 0);
      t.notMatch(run.err.text(), '"worker"');
    }
    const probe = `await import(${JSON.stringify(join(SRC, 'cli/serve.ts'))});
    console.log(JSON.stringify(process.moduleLoadList.filter((name) => / cluster$/.test(name))));
    await import('node:cluster');
    console.log(JSON.stringify(process.moduleLoadList.filter((name) => / cluster$/.test(name))));`;
    const loaded = node(t, ['--input-type=module', '--eval', probe]);
    await loaded.exit;
    t.same(loaded.out.text().trim().split('\n'), ['[]', '["NativeModule cluster"]']);
  },
);
