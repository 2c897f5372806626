import { PassThrough, Readable, Writable } from 'node:stream';
import t from 'tap';
import type { Machine } from '../../../../src/practice/machine/machine.ts';
import { Console, Recorder, rig, run, sh } from './rig.ts';

// What goes into commands and comes out of them: exec and attach, half-close, callers that are slow and callers that go.

t.test('exec: what cannot run fails in the kubelet’s words, what runs and fails has a code', async (t) => {
  const { machine } = rig();
  const bash = await run(machine, ['bash']);
  t.match(bash.outcome, {
    failure:
      /^failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: exec failed: unable to start container process: exec: "bash": executable file not found in \$PATH: unknown$/,
  });
  t.match((await run(machine, ['/nope/x'])).outcome, {
    failure: /exec: "\/nope\/x": stat \/nope\/x: no such file or directory: unknown$/,
  });
  t.match((await run(machine, [''])).outcome, { failure: /executable file not found/ });
  t.match((await run(machine, [])).outcome, { failure: /executable file not found/ });
  t.same((await sh(machine, 'nosuch')).outcome, { exitCode: 127 });
  t.same((await run(machine, ['false'])).outcome, { exitCode: 1 });
});

t.test('stdin half-close, binary streams, and a caller without streams', async (t) => {
  const { machine } = rig();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_none, code) => code));
  t.same((await run(machine, ['cat'], bytes)).bytes, bytes);
  t.equal((await run(machine, ['wc', '-c'], '')).stdout, '0\n');
  t.equal((await run(machine, ['cat'])).stdout, '', 'no stdin is an empty one');
  const none = {
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
    onSize: () => {},
    gone: new AbortController().signal,
  };
  t.same(await machine.exec(['sh', '-c', 'echo x; echo y >&2; exit 6'], false, none), { exitCode: 6 });
  const open = new PassThrough();
  const out = new Recorder();
  const done = machine.exec(['sh', '-c', 'read x; echo "$x"; cat'], false, {
    ...none,
    stdin: open,
    stdout: out,
  });
  open.write('first\n');
  await out.until((text) => text === 'first\n');
  open.write('second');
  await out.until((text) => text === 'first\nsecond');
  open.end();
  t.same(await done, { exitCode: 0 });
});

t.test('a slow caller holds its command up; one that goes ends it', async (t) => {
  const { machine } = rig();
  const gone = new AbortController();
  let taken = 0;
  let more = () => {};
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      taken += chunk.length;
      more = done;
    },
  });
  const yes = machine.exec(['yes'], false, {
    stdin: undefined,
    stdout: slow,
    stderr: undefined,
    onSize: () => {},
    gone: gone.signal,
  });
  await sh(machine, 'for i in 1 2 3 4 5 6 7 8 9; do seq 100 >/dev/null; done');
  const before = taken;
  await sh(machine, 'for i in 1 2 3 4 5 6 7 8 9; do seq 100 >/dev/null; done');
  t.ok(before > 0 && taken === before, 'nothing is written that nobody takes');
  more();
  await sh(machine, 'seq 1000 >/dev/null');
  t.ok(taken > before);
  gone.abort();
  t.same(await yes, { exitCode: 137 });

  const broken = new PassThrough();
  const pipe = machine.exec(['yes'], false, {
    stdin: undefined,
    stdout: broken,
    stderr: undefined,
    onSize: () => {},
    gone: new AbortController().signal,
  });
  broken.destroy();
  t.same(await pipe, { exitCode: 141 }, 'SIGPIPE');

  let asked = 0;
  const eager = new Readable({
    highWaterMark: 65_536,
    read() {
      asked += 1;
      this.push(Buffer.alloc(65_536));
    },
  });
  const deaf = new AbortController();
  const sleeping = machine.exec(['sh', '-c', 'read x; tail -f /dev/null'], false, {
    stdin: eager,
    stdout: undefined,
    stderr: undefined,
    onSize: () => {},
    gone: deaf.signal,
  });
  await sh(machine, 'for i in 1 2 3 4 5 6 7 8 9; do seq 100 >/dev/null; done');
  t.ok(asked < 200, 'a command that does not read takes no more than fits');
  deaf.abort();
  t.same(await sleeping, { exitCode: 137 });
  eager.destroy();
});

t.test('a gigabyte passes with little memory', async (t) => {
  const { machine } = rig();
  const chunk = Buffer.alloc(65_536, 'x');
  function* chunks() {
    for (let count = 0; count < 16_384; count += 1) yield chunk;
  }
  const before = process.memoryUsage().rss;
  t.same((await run(machine, ['sh', '-c', 'cat >/dev/null'], Readable.from(chunks()))).outcome, {
    exitCode: 0,
  });
  t.equal(
    (await sh(machine, 'dd if=/dev/zero bs=1M count=1024 status=none | cat | wc -c')).stdout,
    '1073741824\n',
  );
  t.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024);
});

t.test('attach: output to all who are there, input with and without stdinOnce', async (t) => {
  const shell = 'while read x; do echo "got $x"; done; echo closed';
  const once = rig({ command: ['sh', '-c', shell], stdin: true, stdinOnce: true });
  const first = attach(once.machine);
  const second = attach(once.machine);
  first.stdin.write('a\n');
  await first.stdout.until((text) => text === 'got a\n');
  await second.stdout.until((text) => text === 'got a\n');
  first.stdin.end();
  t.same(await first.outcome, { exitCode: 0 });
  t.equal(second.stdout.text, 'got a\nclosed\n');
  t.same(await once.machine.exited, { exitCode: 0 });
  t.same(
    once.machine.logLines().map((line) => line.text),
    ['got a', 'closed'],
  );
  t.match(await attach(once.machine).outcome, { failure: 'container is not running' });

  const kept = rig({ command: ['sh', '-c', shell], stdin: true });
  const one = attach(kept.machine);
  one.stdin.end('a\n');
  await one.stdout.until((text) => text === 'got a\n');
  one.gone.abort();
  t.same(await one.outcome, { exitCode: 0 });
  const two = attach(kept.machine);
  two.stdin.write('b\n');
  await two.stdout.until((text) => text === 'got b\n');
  await kept.machine.stop(0);
  t.same(await two.outcome, { exitCode: 0 });

  const deaf = rig({ image: 'busybox', command: ['cat'] });
  t.same(await deaf.machine.exited, { exitCode: 0 }, 'without stdin in the spec there is none');
});

function attach(machine: Machine) {
  const stdin = new PassThrough();
  const stdout = new Recorder();
  const gone = new AbortController();
  const outcome = machine.attach({
    stdin,
    stdout,
    stderr: new Recorder(),
    onSize: () => {},
    gone: gone.signal,
  });
  return { stdin, stdout, gone, outcome };
}

t.test('kubectl run -it: the shell is the main command', async (t) => {
  const { machine } = rig({ image: 'busybox', stdin: true, stdinOnce: true, tty: true });
  const caller = new Console(machine, 'attach', { width: 81, height: 25 });
  caller.resize({ width: 80, height: 24 });
  await caller.screen.until((text) => text.endsWith('/ $ '));
  await caller.type('stty size; tty\r');
  await caller.screen.until((text) => text.endsWith('/dev/pts/0\r\n/ $ '));
  await caller.type('exit 4\r');
  t.same(await caller.outcome, { exitCode: 0 }, 'attach itself has no code, as with the kubelet');
  t.same(await machine.exited, { exitCode: 4 });
  t.match(caller.screen.text, /24 80\r\n/);
  t.ok(
    machine.logLines().some((line) => line.text === '24 80'),
    'the log has no carriage returns',
  );
});
