// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the shell's own.
import t from 'tap';
import { Console, rig, START_MS } from './rig.ts';
import { SIZE, talk } from './talk.ts';

// What a terminal shows, byte for byte: termios(3) as Linux sets it up for a new terminal (ICANON, ECHO, ECHOE, ONLCR, ICRNL).

t.test('a program that reads the terminal', async (t) => {
  const cat = await talk(
    ['cat'],
    [
      ['', 'abx\x7fc\r'],
      ['abc\r\n', 'par'],
      ['par', '\x04'],
      ['parpar', '\x04'],
    ],
  );
  t.equal(
    cat.screen,
    'abx\b \bc\r\nabc\r\nparpar',
    'a line at a time; Ctrl-D passes what is there, then ends',
  );
  t.same(cat.outcome, { exitCode: 0 });
  const arrow = await talk(
    ['cat'],
    [
      ['', '\x1b[A\t\x01\r'],
      ['\r\n', '\x04'],
    ],
  );
  t.equal(arrow.screen, '^[[A\t^A\r\n\x1b[A\t\x01\r\n', 'control characters are shown as ^X');
  const inShell = await talk(
    ['sh'],
    [
      ['$ ', 'cat\r'],
      ['cat\r\n', 'x\r'],
      ['x\r\nx\r\n', '\x04'],
      ['$ ', 'exit\r'],
    ],
  );
  t.equal(inShell.screen, '/ $ cat\r\nx\r\nx\r\n/ $ exit\r\n', 'Ctrl-D ends cat, not the shell');
  const read = await talk(['sh', '-c', 'read x; echo "[$x]"'], [['', 'a b\r']]);
  t.equal(read.screen, 'a b\r\n[a b]\r\n');
});

t.test('Ctrl-C ends what runs', async (t) => {
  const { machine, clock } = rig();
  clock.held = true;
  const sleep = new Console(machine, ['sleep', '1000'], SIZE);
  await sleep.type('\x03');
  t.same(await sleep.outcome, { exitCode: 130 }, 'a command without a shell');
  t.equal(sleep.screen.text, '^C');
  t.equal(clock.waiting, 0, 'no timer is left');
  const script = new Console(machine, ['sh', '-c', 'sleep 1000; echo no'], SIZE);
  await script.type('\x03');
  t.same(await script.outcome, { exitCode: 130 }, 'a script with its command');
  const shell = new Console(machine, ['sh'], SIZE);
  await shell.type('sleep 1000 | cat\r', '$ ');
  await shell.type('\x03', 'cat\r\n');
  await shell.type('while :; do :; done\r', '^C\r\n/ $ ');
  await shell.type('\x1c', 'done\r\n');
  await shell.type('echo $?; exit 0\r', '^\\\r\n/ $ ');
  t.same(await shell.outcome, { exitCode: 0 });
  t.equal(
    shell.screen.text,
    '/ $ sleep 1000 | cat\r\n^C\r\n/ $ while :; do :; done\r\n^\\\r\n/ $ echo $?; exit 0\r\n131\r\n',
  );
});

t.test('Ctrl-C at any moment gives a new prompt', async (t) => {
  const commands = [
    'sleep 1000',
    'sleep 1000 | cat',
    'while :; do :; done',
    'until false; do sleep 0.1; done',
    'x=$(sleep 1000)',
    '(sleep 1000)',
    'echo hi; sleep 1000',
    'f() { while :; do :; done; }; f',
    'sh -c "sleep 1000"',
    'timeout 100 sleep 1000',
    'read x',
    'cat',
    'kill -INT $$; wait; sleep 1000',
  ];
  // Turns of the microtask queue, then of the event loop, between Enter and Ctrl-C.
  const gaps: readonly (readonly [microtasks: number, turns: number])[] = [
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 0],
    [5, 0],
    [8, 0],
    [0, 1],
    [0, 2],
    [0, 3],
    [0, 6],
    [0, 12],
    [0, 40],
  ];
  for (const command of commands) {
    for (const [microtasks, turns] of gaps) {
      const { machine, clock } = rig();
      clock.held = !command.startsWith('until');
      const shell = new Console(machine, ['sh'], SIZE);
      const title = `${command} (${microtasks}, ${turns})`;
      if (microtasks + turns === 0) await shell.type(`${command}\r\x03`, '$ ');
      else {
        await shell.type(`${command}\r`, '$ ');
        for (let at = 0; at < microtasks; at += 1) await Promise.resolve();
        for (let at = 0; at < turns; at += 1) await new Promise((resolve) => setImmediate(resolve));
        shell.keys.write('\x03');
      }
      await shell.type('echo "<$?>"\r', '^C\r\n/ $ ');
      await shell.type('exit 5\r', '<130>\r\n/ $ ');
      t.same(await shell.outcome, { exitCode: 5 }, title);
      await machine.stop(0);
    }
  }
  for (const keys of ['\x03', '\x1c', '\x03\x03', 'sleep 1000\r\x03']) {
    const { machine, clock } = rig();
    clock.held = true;
    const shell = new Console(machine, ['sh'], SIZE);
    await shell.type(keys);
    await shell.type('exit 5\r', '\r\n/ $ ');
    t.same(await shell.outcome, { exitCode: 5 }, `typed before any prompt: ${JSON.stringify(keys)}`);
    await machine.stop(0);
  }
});

t.test('the end of stdin right behind a line does not take the line away', async (t) => {
  const { machine } = rig();
  const shell = new Console(machine, ['sh'], SIZE);
  shell.keys.end('echo hi\r');
  await shell.outcome;
  t.match(shell.screen.text, /echo hi\r\nhi\r\n/);
  await machine.stop(0);
});

t.test('the size may change while a program runs', async (t) => {
  const { machine } = rig();
  const caller = new Console(machine, ['sh', '-c', 'stty size; read x; stty size; echo $LINES'], SIZE);
  await caller.screen.until((text) => text.endsWith('24 80\r\n'));
  caller.resize({ width: 132, height: 50 });
  await caller.type('\r');
  await caller.outcome;
  t.equal(caller.screen.text, '24 80\r\n\r\n50 132\r\n50\r\n');
  const prompt = new Console(machine, ['sh'], SIZE);
  await prompt.type('ech', '$ ');
  await prompt.screen.until((text) => text.endsWith('ech'));
  prompt.resize({ width: 100, height: 30 });
  await prompt.type('o $COLUMNS\r', '\r\x1b[K/ $ ech');
  await prompt.type('exit\r', '100\r\n/ $ ');
  t.same(await prompt.outcome, { exitCode: 0 });
});

t.test('half-close and a caller that goes', async (t) => {
  const { machine, clock } = rig();
  const closed = new Console(machine, ['sh'], SIZE);
  await closed.type('echo x\r', '$ ');
  await closed.screen.until((text) => text.endsWith('x\r\n/ $ '));
  closed.keys.end();
  t.same(await closed.outcome, { exitCode: 0 }, 'the end of stdin is the end of the shell');
  clock.held = true;
  const left = new Console(machine, ['sh'], SIZE);
  await left.type('sleep 1000 & sleep 1000\r', '$ ');
  await left.screen.until((text) => /\[1\] \d+\r\n$/.test(text));
  left.leave();
  t.same(await left.outcome, { exitCode: 137 });
  t.equal(clock.waiting, 0, 'no timer is left');
  t.equal(clock.nowMs, START_MS);
});

t.test('a line has an end: 4,096 characters', async (t) => {
  const { machine } = rig();
  const caller = new Console(machine, ['sh', '-c', 'read x; echo ${#x}'], SIZE);
  await caller.type(`${'y'.repeat(5000)}\r`);
  await caller.outcome;
  t.ok(caller.screen.text.includes('\x07'), 'the bell');
  t.match(caller.screen.text, /\r\n4096\r\n$/);
});
