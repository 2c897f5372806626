import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { rig, START_MS, sh, table } from './rig.ts';

// What the commands that work on files do and say: their places, their bytes and their sums.
// Where a row has no words of busybox or of our own, it was compared with the coreutils, grep and sed of the machine that this was written on.
// [text, stdout, stderr, code]

table('files', [
  [
    'mkdir -p /tmp/q/a/b; cd /tmp/q; echo x >a/f; cp -r a c; ls -R; mv c/f g; cat g; rm -r a; ls; ln -s g l; cat l; ls -l l | cut -c1',
    '.:\na\nc\n\n./a:\nb\nf\n\n./a/b:\n\n./c:\nb\nf\n\n./c/b:\nx\nc\ng\nx\nl\n',
  ],
  ['cd /tmp; mkdir d; mkdir d', '', "mkdir: cannot create directory 'd': File exists\n", 1],
  ['mkdir /tmp/x/y', '', "mkdir: cannot create directory '/tmp/x/y': No such file or directory\n", 1],
  [
    'mkdir /tmp/dir; rm /tmp/dir; rm nope; rm -f nope; rmdir /tmp/dir',
    '',
    "rm: cannot remove '/tmp/dir': Is a directory\nrm: cannot remove 'nope': No such file or directory\n",
  ],
  [
    "cd /tmp; touch m; chmod 640 m; stat -c '%a %s %F %n' m; chmod u+x,g-r m; stat -c %a m; chmod a=r m; stat -c %A m",
    '640 0 regular empty file m\n700\n-r--r--r--\n',
  ],
  ['cd /tmp; echo a >h1; ln h1 h2; echo b >>h2; cat h1; stat -c %h h1', 'a\nb\n2\n'],
  [
    'cd /tmp; mkdir -p fd/sub; touch fd/a.txt fd/sub/b.txt; find fd -name "*.txt"; find fd -type d; find fd -maxdepth 1 -type f',
    'fd/a.txt\nfd/sub/b.txt\nfd\nfd/sub\nfd/a.txt\n',
  ],
  [
    'cd /tmp; mkdir -p one/two; mv one one/two/three; cp -r one one/two',
    '',
    "mv: can't rename 'one': Invalid argument\ncp: can't copy 'one': Invalid argument\n",
    1,
  ],
  ['ln -s loop /tmp/loop; cat /tmp/loop', '', 'cat: /tmp/loop: Too many levels of symbolic links\n', 1],
  ['ls /nonexistent', '', 'ls: /nonexistent: No such file or directory\n', 2],
  ['ls -l /tmp/h1', '-rw-r--r-- 2 root root 4 Mar  4 05:06 /tmp/h1\n'],
  ['rm -rf /', '', "rm: cannot remove '/': Device or resource busy\n", 1],
  [
    'cat /dev/null; head -c 3 /dev/zero | wc -c; echo x >/dev/full',
    '3\n',
    'echo: No space left on device\n',
    1,
  ],
  ['ls -z', '', 'ls: unrecognized option: z\nUsage: ls [-1aAdFhlprRSt] [FILE]...\n', 2],
]);

table('dd', [
  [
    'dd if=/dev/zero bs=1k count=3 status=none | wc -c; dd if=/dev/zero bs=2M count=1 status=none | wc -c',
    '3072\n2097152\n',
  ],
  ['printf abcdefgh | dd bs=2 skip=1 count=2 status=none', 'cdef'],
  [
    'printf abc | dd of=/tmp/o bs=2; cat /tmp/o',
    'abc',
    '1+1 records in\n1+1 records out\n3 bytes copied, 0.001 s, 3.0 kB/s\n',
  ],
  [
    'dd bs=0',
    '',
    "dd: invalid number '0'\nUsage: dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [status=none]\n",
    1,
  ],
  ['dd if=/nope', '', 'dd: No such file or directory\n', 1],
]);

table('dd tells as the coreutils do', [
  [
    'dd if=/dev/zero bs=1M count=3 of=/dev/null',
    '',
    '3+0 records in\n3+0 records out\n3145728 bytes (3.1 MB, 3.0 MiB) copied, 0.001 s, 3.1 GB/s\n',
  ],
  ['printf x | dd of=/dev/null', '', '0+1 records in\n0+1 records out\n1 byte copied, 0.001 s, 1.0 kB/s\n'],
  [
    'dd if=/dev/zero bs=1000 count=1 of=/dev/null',
    '',
    '1+0 records in\n1+0 records out\n1000 bytes (1.0 kB) copied, 0.001 s, 1.0 MB/s\n',
  ],
]);

t.test('dd: six digits of its time count', async (t) => {
  for (const [ms, text] of [
    [11.92138671875, '0.0119214'],
    [0.0123456789, '1.23457e-05'],
    [1500, '1.5'],
    [123_456_789, '123457'],
  ] as const) {
    const { machine, clock } = rig();
    const input = new PassThrough();
    const result = sh(machine, 'dd >/dev/null', input);
    input.write('x');
    await new Promise((resolve) => setImmediate(resolve));
    clock.nowMs = START_MS + ms;
    input.end();
    // Of the time since 1970 a double keeps parts of a millisecond, but not all of them.
    const shown = / copied, (\S+) s, /.exec((await result).stderr)?.[1] ?? '';
    t.ok(Math.abs(Number(shown) - Number(text)) < 2e-7 && shown.length <= 11, `${ms} ms: ${shown}`);
    await machine.stop(0);
  }
});

t.test('files are bounded', async (t) => {
  const { machine } = rig();
  const full = await sh(
    machine,
    'dd if=/dev/zero of=/tmp/big bs=1M status=none; echo $?; echo more >/tmp/x; df -h | tail -n 1',
  );
  t.match(full.stderr, /^dd: error writing '\/tmp\/big': No space left on device\n/);
  t.match(full.stdout, /^1\n/);
  t.match(
    (await sh(machine, 'rm /tmp/big; echo more >/tmp/x; cat /tmp/x')).stdout,
    /^more\n$/,
    'removing makes room',
  );
});

table('checksums and base64', [
  [
    'echo hello | sha256sum; echo hello | md5sum',
    `${createHash('sha256').update('hello\n').digest('hex')}  -\n${createHash('md5').update('hello\n').digest('hex')}  -\n`,
  ],
  [
    'echo hi >/tmp/f; sha256sum /tmp/f >/tmp/s; sha256sum -c /tmp/s; echo x >/tmp/f; sha256sum -c /tmp/s',
    '/tmp/f: OK\n/tmp/f: FAILED\n',
    'sha256sum: WARNING: 1 computed checksum did NOT match\n',
    1,
  ],
  [
    'echo hello | base64; echo aGVsbG8K | base64 -d; printf ab | base64 -w 0; echo "!" | base64 -d',
    'aGVsbG8K\nhello\nYWI=',
    'base64: invalid input\n',
    1,
  ],
  ['head -c 60 /dev/zero | base64', `${'A'.repeat(76)}\nAAAA\n`],
]);
