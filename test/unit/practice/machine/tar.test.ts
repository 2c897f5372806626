import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { packTar, unpackTar } from 'modern-tar';
import t from 'tap';
import { rig, run, sh } from './rig.ts';

// `kubectl cp` is exec of tar: up `test -d DEST`, then `tar -xmf - [-C DIR]` with the archive as stdin; down `tar cf - PATH`, or with
// --retries `sh -c 'tar cf - PATH | tail -c+N'` (k8s.io/kubectl pkg/cmd/cp, 1.20 to 1.35).

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const noise = (size: number, seed: string) => {
  const out = Buffer.alloc(size);
  for (let at = 0, block = 0; at < size; block += 1) {
    at += createHash('sha512').update(`${seed} ${block}`).digest().copy(out, at);
  }
  return out;
};

const LONG = `${'directory-with-a-long-name/'.repeat(9)}and-a-file-of-which-the-name-is-long-${'x'.repeat(120)}`;
const MTIME = new Date('2020-02-02T02:02:02Z');

const CONTENT: readonly (readonly [name: string, bytes: Buffer, mode: number])[] = [
  ['empty', Buffer.alloc(0), 0o644],
  ['one', Buffer.from('1'), 0o600],
  ['block', noise(512, 'a'), 0o755],
  ['block-and-one', noise(513, 'b'), 0o640],
  ['large', noise(3_000_001, 'c'), 0o4755],
  ['ünïcode 世界.txt', Buffer.from('names in UTF-8'), 0o644],
  [LONG, noise(70_000, 'd'), 0o644],
];

t.test('an archive up and down again is the same', async (t) => {
  const { machine } = rig();
  const archive = await packTar([
    { header: { name: 'top/', type: 'directory', size: 0, mode: 0o750, mtime: MTIME } },
    { header: { name: 'top/empty-dir/', type: 'directory', size: 0, mode: 0o700, mtime: MTIME } },
    ...CONTENT.map(([name, body, mode]) => ({
      header: { name: `top/${name}`, size: body.length, mode, mtime: MTIME },
      body,
    })),
    { header: { name: 'top/link', type: 'symlink', linkname: 'one', size: 0, mtime: MTIME } },
    { header: { name: 'top/hard', type: 'link', linkname: 'top/one', size: 0, mtime: MTIME } },
  ]);
  const up = await run(machine, ['tar', '-xf', '-', '-C', '/tmp'], Buffer.from(archive));
  t.same([up.outcome, up.stdout, up.stderr], [{ exitCode: 0 }, '', '']);
  t.equal(
    (await sh(machine, 'cat /tmp/top/link; stat -c "%a %h" /tmp/top/hard /tmp/top/empty-dir')).stdout,
    '1600 2\n700 1\n',
  );
  for (const command of [
    ['tar', 'cf', '-', '-C', '/tmp', 'top'],
    ['sh', '-c', 'cd /tmp; tar cf - top | tail -c+1'],
  ]) {
    const down = await run(machine, command);
    t.same([down.outcome, down.stderr], [{ exitCode: 0 }, '']);
    const entries = new Map((await unpackTar(down.bytes)).map((entry) => [entry.header.name, entry]));
    for (const [name, bytes, mode] of CONTENT) {
      const entry = entries.get(`top/${name}`);
      t.equal(sha(entry?.data ?? Buffer.from('lost')), sha(bytes), `${name.slice(0, 30)}: content`);
      t.equal(entry?.header.mode, mode, 'mode');
      t.same(entry?.header.mtime, MTIME, 'time');
    }
    t.match(entries.get('top/link')?.header, { type: 'symlink', linkname: 'one' });
    t.match(entries.get('top/empty-dir/')?.header, { type: 'directory', mode: 0o700 });
    t.equal(entries.get('top/hard')?.data?.length, 1);
  }
});

t.test('the forms that kubectl uses', async (t) => {
  const { machine, clock } = rig();
  const archive = Buffer.from(await packTar([{ header: { name: 'f', size: 2, mtime: MTIME }, body: 'hi' }]));
  const forms: readonly (readonly [command: readonly string[], where: string])[] = [
    [['tar', '-xmf', '-'], '/f'],
    [['tar', '-xmf', '-', '-C', '/tmp'], '/tmp/f'],
    [['tar', '--no-same-permissions', '--no-same-owner', '-xmf', '-', '-C', '/tmp'], '/tmp/f'],
    [['tar', 'xmf', '-', '-C', '/tmp'], '/tmp/f'],
    [['tar', 'xf', '-', '-C', '/tmp'], '/tmp/f'],
  ];
  for (const [command, where] of forms) {
    const result = await run(machine, command, archive);
    t.same([result.outcome, result.stderr], [{ exitCode: 0 }, ''], command.join(' '));
    const kept = command.some((word) => /^-?x.?m?f$/.test(word) && !word.includes('m'));
    const time = Math.floor((kept ? MTIME.getTime() : clock.nowMs) / 1000);
    t.equal((await sh(machine, `cat ${where}; stat -c %Y ${where}; rm ${where}`)).stdout, `hi${time}\n`);
  }
  t.same((await run(machine, ['test', '-d', '/tmp'])).outcome, { exitCode: 0 });
  t.same((await run(machine, ['test', '-d', '/tmp/none'])).outcome, { exitCode: 1 });
});

t.test('listing, and what is absolute', async (t) => {
  const { machine } = rig();
  const made = await sh(
    machine,
    'mkdir /tmp/d; echo x >/tmp/d/a; tar cf /tmp/t.tar /tmp/d; tar tf /tmp/t.tar; cd /tmp; tar -tvf t.tar; tar xOf t.tar tmp/d/a',
  );
  t.equal(made.stderr, "tar: Removing leading `/' from member names\n");
  t.equal(
    made.stdout,
    'tmp/d/\ntmp/d/a\ndrwxr-xr-x root/root         0 2026-03-04 05:06 tmp/d/\n-rw-r--r-- root/root         2 2026-03-04 05:06 tmp/d/a\nx\n',
  );
});

t.test('refusals', async (t) => {
  const { machine } = rig();
  const one = async (name: string) => Buffer.from(await packTar([{ header: { name, size: 2 }, body: 'hi' }]));
  const missing = await run(machine, ['tar', 'cf', '-', 'nonexistent']);
  t.equal(
    missing.stderr,
    'tar: nonexistent: Cannot stat: No such file or directory\ntar: Exiting with failure status due to previous errors\n',
  );
  t.same(missing.outcome, { exitCode: 2 });
  t.equal(missing.bytes.length, 1024, 'an archive of nothing: two blocks of zeros');
  const outside = await run(machine, ['tar', 'xf', '-', '-C', '/tmp'], await one('../etc/passwd'));
  t.match(
    [outside.stderr, outside.outcome],
    [/^tar: \.\.\/etc\/passwd: Member name contains '\.\.'\n/, { exitCode: 2 }],
  );
  t.match((await sh(machine, 'head -n 1 /etc/passwd')).stdout, /^root:/);
  await run(machine, ['tar', 'xf', '-', '-C', '/tmp'], await one('/etc/motd'));
  t.equal((await sh(machine, 'cat /tmp/etc/motd')).stdout, 'hi', 'an absolute name lands in the directory');
  const rubbish = await run(machine, ['tar', 'xf', '-'], Buffer.alloc(2048, 'rubbish'));
  t.match([rubbish.stderr, rubbish.outcome], [/This does not look like a tar archive/, { exitCode: 2 }]);
  const whole = Buffer.from(await packTar([{ header: { name: 'cut', size: 5000 }, body: 'x'.repeat(5000) }]));
  t.same(
    (await run(machine, ['tar', 'xf', '-'], whole.subarray(0, 2000))).outcome,
    { exitCode: 2 },
    'an archive that was cut off',
  );
  t.same(
    (await run(machine, ['tar', 'xf', '-'], Buffer.alloc(0))).outcome,
    { exitCode: 0 },
    'nothing at all',
  );
  t.match(
    (await run(machine, ['tar', 'xf', '-', '-C', '/none'])).stderr,
    /\/none: Cannot open: No such file or directory/,
  );
  t.match((await run(machine, ['tar'])).stderr, /You must specify one of/);
});

t.test('an archive that does not fit says so, and what fitted stays', async (t) => {
  const { machine } = rig();
  await sh(machine, 'dd if=/dev/zero of=/tmp/most bs=1M count=255 status=none');
  const body = noise(2 * 1024 * 1024, 'big');
  const archive = Buffer.from(
    await packTar([
      { header: { name: 'small', size: 2 }, body: 'hi' },
      { header: { name: 'big', size: body.length }, body },
      { header: { name: 'after', size: 0 } },
    ]),
  );
  const result = await run(machine, ['tar', 'xf', '-', '-C', '/tmp'], archive);
  t.match(result.stderr, /^tar: big: Cannot write: No space left on device\n/);
  t.same(result.outcome, { exitCode: 2 });
  t.equal((await sh(machine, 'cat /tmp/small; ls /tmp/after')).stdout, 'hi/tmp/after\n');
});

t.test('a caller that goes in the middle ends tar', async (t) => {
  const { machine } = rig();
  const gone = new AbortController();
  let asked = 0;
  const archive = Buffer.from(
    await packTar([{ header: { name: 'f', size: 1 << 20 }, body: Buffer.alloc(1 << 20) }]),
  );
  const endless = new Readable({
    read() {
      asked += 1;
      // Never the end: the second half does not come.
      if (asked === 1) this.push(archive.subarray(0, 1 << 19));
      else setImmediate(() => gone.abort());
    },
  });
  const outcome = await machine.exec(['tar', 'xf', '-', '-C', '/tmp'], false, {
    stdin: endless,
    stdout: undefined,
    stderr: undefined,
    onSize: () => {},
    gone: gone.signal,
  });
  t.same(outcome, { exitCode: 137 });
});
