import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { FakeClock, rig, START_MS, sh, table } from './rig.ts';

// What the commands do and say. Where a row has no words of busybox or of our own, it was compared with the coreutils, grep and sed of the
// machine that this was written on. [text, stdout, stderr, code]

table('echo, printf, seq, yes', [
  ["echo -e 'a\\tb'; echo -n x; echo; echo -- x; echo -x", 'a\tb\nx\n-- x\n-x\n'],
  ["echo -e 'a\\0101\\x42\\cZ'; echo", 'aAB\n'],
  ["printf '%s-%d-%x-%o-%c\\n' abc 42 255 8 xyz", 'abc-42-ff-10-x\n'],
  ["printf '%5s|%-5s|%05d|%.2f|%+d\\n' a b 7 3.14159 5", '    a|b    |00007|3.14|+5\n'],
  ["printf '%s\\n' a b c; printf 'x\\n' ignored", 'a\nb\nc\nx\n'],
  ["printf 'a\\tb\\\\n\\101\\n'; printf '%b\\n' 'x\\ty'; printf '%%\\n'", 'a\tb\\nA\nx\ty\n%\n'],
  ["printf '%d\\n' abc", '0\n', 'printf: abc: expected numeric value\n', 1],
  ['seq 3 1; seq 3 -1 1; seq 0.5 0.5 2; seq -s, 3', '3\n2\n1\n0.5\n1.0\n1.5\n2.0\n1,2,3\n'],
  ['basename /a/b.c .c; dirname /a/b /a a', 'b\n/a\n/\n.\n'],
]);

table('head, tail, cat, wc, tee', [
  ['seq 5 | head -n 2; seq 5 | tail -n 2; seq 5 | head -c 3; seq 5 | tail -c 4', '1\n2\n4\n5\n1\n24\n5\n'],
  ['seq 5 | tail -n +4; seq 3 | tail -c+3; seq 10 | head -1; seq 10 | tail -1', '4\n5\n2\n3\n1\n10\n'],
  [
    "printf 'a\\nb' | tail -n 1; printf '\\n\\nx\\n' | tail -n 2; printf '\\nabc\\n' | tail -n 5",
    'b\nx\n\nabc\n',
  ],
  [
    "printf 'one two\\nthree\\n' | wc -l; printf 'one two\\nthree\\n' | wc -w; printf 'é\\n' | wc -c; printf 'é\\n' | wc -m",
    '2\n3\n3\n2\n',
  ],
  [
    'cat /nonexistent; echo $?; cat /tmp',
    '1\n',
    'cat: /nonexistent: No such file or directory\ncat: /tmp: Is a directory\n',
    1,
  ],
  [
    'echo a | tee /tmp/t | cat; echo b | tee -a /tmp/t >/dev/null; cat /tmp/t; echo x | cat -n',
    'a\na\nb\n     1\tx\n',
  ],
]);

table('sort, uniq, cut, tr', [
  [
    "printf '10\\n9\\n1\\n' | sort; printf '10\\n9\\n1\\n' | sort -n; printf 'b 2\\na 3\\nc 1\\n' | sort -k2 -n",
    '1\n10\n9\n1\n9\n10\nc 1\nb 2\na 3\n',
  ],
  [
    "printf 'a\\na\\nb\\n' | sort -ur; printf 'a\\na\\nb\\n' | uniq -c; printf 'a\\na\\nb\\n' | uniq -d",
    'b\na\n      2 a\n      1 b\na\n',
  ],
  [
    "echo 'hello world' | cut -d' ' -f2; echo abcdef | cut -c2-4,6-; echo a:b:c | cut -d: -f1,3; echo no | cut -d: -f2; echo no | cut -s -d: -f2",
    'world\nbcdf\na:c\nno\n',
  ],
  [
    "echo hello | tr a-y b-z; echo hello | tr -d l; echo aabbcc | tr -s a-c; echo Hi | tr '[:upper:]' '[:lower:]'; echo abc1 | tr -cd '0-9\\n'",
    'ifmmp\nheo\nabc\nhi\n1\n',
  ],
]);

table('grep', [
  [
    "printf 'apple\\nbanana\\n' | grep an; printf 'a\\nb\\n' | grep -v a; printf 'A\\n' | grep -i a; printf 'x\\ny\\n' | grep -n y",
    'banana\nb\nA\n2:y\n',
  ],
  [
    'echo abc | grep -q b; echo $?; echo abc | grep -q z; echo $?; printf "a\\nb\\na\\n" | grep -c a',
    '0\n1\n2\n',
  ],
  [
    "echo 'foo123bar' | grep -o '[0-9]*'; echo test | grep -E '^(te|x)st$'; echo aab | grep -E 'a{2}b'; echo aab | grep 'a\\{2\\}b'",
    '123\ntest\naab\naab\n',
  ],
  [
    "echo 'a+b' | grep 'a+b'; echo aab | grep 'a\\+b'; echo a.b | grep -F a.b; echo axb | grep -F a.b; echo $?",
    'a+b\naab\na.b\n1\n',
  ],
  [
    "echo 'word words' | grep -w word; echo words | grep -w word; echo $?; echo abc | grep -x ab; echo $?",
    'word words\n1\n1\n',
  ],
  ["echo abc | grep -E 'a(b|c'", '', 'grep: Unmatched ( or \\(\n', 2],
  ['grep x /nonexistent', '', 'grep: /nonexistent: No such file or directory\n', 2],
  [
    'mkdir /tmp/g; echo hit >/tmp/g/a; echo miss >/tmp/g/b; cd /tmp; grep -r hit g; grep -l i g/a g/b',
    'g/a:hit\ng/a\ng/b\n',
  ],
  ['echo aXbXc | grep -oE "[a-c]"', 'a\nb\nc\n'],
  // Exponential for a matcher that goes back; ours takes one pass.
  ["printf 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | grep -E '^(a+)+$'; echo $?", '1\n'],
]);

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

table('about the machine', [
  [
    'hostname; whoami; id; id -u; uname -n; cat /etc/hostname',
    'web-0\nroot\nuid=0(root) gid=0(root) groups=0(root)\n0\nweb-0\nweb-0\n',
  ],
  ['grep PRETTY /etc/os-release', 'PRETTY_NAME="Postern practice machine (in memory; no real container)"\n'],
  ['which ls sh; which bash; echo $?', '/usr/bin/ls\n/usr/bin/sh\n1\n'],
  [
    'tty; test -t 0; echo $?; stty size',
    'not a tty\n1\n',
    'stty: standard input: Inappropriate ioctl for device\n',
    1,
  ],
  ['env -i A=1 env; A=3 printenv A; printenv NOPE; echo $?', 'A=1\n3\n1\n'],
  [
    "printf 'a b\\nc\\n' | xargs echo X; printf 'a\\nb\\n' | xargs -I '{}' echo '<{}>'",
    'X a b c\n<a>\n<b>\n',
  ],
  ['kill 99999', '', "kill: can't kill pid 99999: No such process\n", 1],
  ['sh -c "exit 130"; ls --help | head -n 1', 'Usage: ls [-1aAdFhlprRSt] [FILE]...\n'],
  [
    'curl -s localhost:8080; echo $?; curl example.com',
    '7\n',
    'curl: (6) Could not resolve host: example.com\n',
    6,
  ],
]);

t.test('date and sleep take their time from the machine’s clock', async (t) => {
  const { machine, clock } = rig();
  t.equal(clock.nowMs, START_MS);
  t.equal((await sh(machine, 'date')).stdout, 'Wed Mar  4 05:06:07 UTC 2026\n');
  t.equal(
    (await sh(machine, 'date -u +%FT%TZ; date -Iseconds; date -I; date +%s%N')).stdout,
    '2026-03-04T05:06:07Z\n2026-03-04T05:06:07+00:00\n2026-03-04\n1772600767089000000\n',
  );
  t.equal(
    (await sh(machine, "date -d @1700000000 '+%a %b %e %j %u %p %I %y %C'; date -d '2024-02-29 12:30' +%s"))
      .stdout,
    'Tue Nov 14 318 2 PM 10 23 20\n1709209800\n',
  );
  t.match((await sh(machine, 'date -d rubbish')).stderr, /invalid date 'rubbish'/);
  await sh(machine, 'sleep 1.5; sleep 2m');
  t.equal(clock.nowMs, START_MS + 121_500);
  t.match((await sh(machine, 'sleep; sleep abc')).stderr, /missing operand[\s\S]*invalid number 'abc'/);
  t.equal((await sh(machine, 'uptime')).stdout, ' 05:08:08 up 2 min,  load average: 0.00, 0.00, 0.00\n');
});

t.test('ps shows what runs, and kill ends it', async (t) => {
  const { machine, clock } = rig({ command: ['sleep', 'infinity'] });
  clock.held = true;
  const { stdout } = await sh(machine, 'sleep 50 & ps; kill $!; wait $!; echo $?; ps | wc -l');
  t.match(stdout, /^ {2}PID USER {5}TTY {9}AGE COMMAND\n {4}1 root {5}\? +0:00 sleep infinity\n/);
  t.match(stdout, /\d+ root +\? +0:00 sleep 50\n/);
  t.match(
    stdout,
    /\d+ root +\? +0:00 ps\n143\n5\n$/,
    'title, main, sh, ps (the pipe’s wc is the fourth)'.slice(0, 0),
  );
  await machine.stop(0);
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

t.test('tail -f follows until its caller is gone, and leaves no timer', async (t) => {
  const clock = new FakeClock();
  const { machine } = rig();
  t.equal(clock.waiting, 0);
  const result = await sh(
    machine,
    'echo 1 >/tmp/f; tail -f /tmp/f & sleep 1; echo 2 >>/tmp/f; sleep 1; kill $!; wait; cat /tmp/f | wc -l',
  );
  t.equal(result.stdout, '1\n2\n2\n');
});

// Compared with GNU's, which also names the character in its complaints.
table('sed', [
  ["printf 'a b\\nc d\\n' | sed 's/\\(.\\) \\(.\\)/\\2-\\1[&]/'", 'b-a[a b]\nd-c[c d]\n'],
  [
    "seq 5 | sed -n '2,4p'; seq 3 | sed '$d'; seq 5 | sed '/2/,/4/d'; seq 3 | sed '2!d'",
    '2\n3\n4\n1\n2\n1\n5\n2\n',
  ],
  [
    "seq 4 | sed '3,1d'; seq 3 | sed '/2/,$d'; seq 9 | sed -n '/[37]/,p' 2>/dev/null; echo $?",
    '1\n2\n4\n1\n1\n',
  ],
  ["seq 3 | sed -e 's/1/x/;s/2/y/p' -e '3!d'; seq 3 | sed 2q; seq 3 | sed -n '$='", 'y\n3\n1\n2\n3\n'],
  ["echo aaa | sed 's/a/b/2'; echo aaa | sed 's/a/b/g'; echo aaaa | sed 's/a/b/2g'", 'aba\nbbb\nabbb\n'],
  [
    "echo abc | sed 's/x*/-/g'; echo baaac | sed 's/a*/x/g'; echo aBc | sed 's/b/x/I'",
    '-a-b-c-\nxbxcx\naxc\n',
  ],
  ["echo hello | sed -E 's/(l+)(o)?/<\\1\\2>/'; echo xyx | sed -E 's/(x|y)*/[\\1]/'", 'he<llo>\n[x]\n'],
  ["echo abcd | sed -E 's/(a|ab)(c|bcd)/<\\1,\\2>/'; echo a/b | sed 's|/|:|'", '<a,bcd>\na:b\n'],
  [
    "printf abc | sed s/a/b/; echo; echo abc | sed y/abc/xyz/; echo 'a.b' | sed 's/\\./\\&/'",
    'bbc\nxyz\na&b\n',
  ],
  ["echo ab | sed 's/a/&\\n/'; echo é | sed 's/é/e/'; echo x | sed '# none\ns/x/y/'", 'a\nb\ne\ny\n'],
  [
    "seq 2 | sed '1a\\\nafter'; seq 2 | sed '2i before'; seq 3 | sed '1,2c\\\nboth'",
    '1\nafter\n2\n1\nbefore\n2\nboth\n3\n',
  ],
  [
    'seq 3 >/tmp/f; seq 2 >/tmp/g; sed -i "1d" /tmp/f /tmp/g; cat /tmp/f /tmp/g; sed -n "$ p" /tmp/f /tmp/g',
    '2\n3\n2\n2\n',
  ],
  ['seq 3 >/tmp/f; sed -i 2q /tmp/f; wc -l </tmp/f', '2\n'],
  [
    "echo a/b | sed 's/[/]/x/'; echo 'a]b' | sed -n '/[]/]/p'; echo 'a[b' | sed 's/\\[/(/'",
    'axb\na]b\na(b\n',
  ],
  ['sed p /nope; echo $?', '2\n', "sed: can't read /nope: No such file or directory\n"],
  ["echo a | sed 's/a'", '', "sed: -e expression #1: unterminated `s' command\n", 1],
  ['echo a | sed k', '', "sed: -e expression #1: unknown command: `k'\n", 1],
  ["echo a | sed 's/a/\\1/'", '', "sed: -e expression #1: invalid reference \\1 on `s' command's RHS\n", 1],
  ["echo a | sed 's/\\(a/b/'", '', 'sed: -e expression #1: Unmatched ( or \\(\n', 1],
]);

table('mktemp, timeout, nproc, sync, usleep', [
  [
    "mktemp | sed 's/[A-Za-z0-9]\\{6\\}$/R/'; TMPDIR=/run mktemp -u | sed 's/[A-Za-z0-9]\\{6\\}$/R/'",
    '/tmp/tmp.R\n/run/tmp.R\n',
  ],
  [
    'f=$(mktemp); ls -l $f | cut -c1-10; d=$(mktemp -d); ls -ld $d | cut -c1-10; ls $(mktemp -u)x 2>/dev/null; echo $?',
    '-rw-------\ndrwx------\n2\n',
  ],
  [
    'cd /tmp; mktemp a.XXXX | wc -c; ls a.* | wc -l; mktemp -p /run b.XXXX | cut -c1-7; [ "$(mktemp)" = "$(mktemp)" ]; echo $?',
    '7\n1\n/run/b.\n1\n',
  ],
  [
    'mktemp xX 2>&1 | head -1; mktemp /nope/xXXX',
    "mktemp: too few X's in template 'xX'\n",
    'mktemp: No such file or directory\n',
    1,
  ],
  [
    'timeout 1 sleep 5; echo $?; timeout 5 sh -c "exit 3"; echo $?; timeout -s KILL 1 sleep 5; echo $?',
    '124\n3\n137\n',
  ],
  [
    'timeout --preserve-status 1 sleep 5; echo $?; timeout -k 1 1 sh -c \'trap "" TERM; while :; do sleep 9; done\'; echo $?',
    '143\n137\n',
  ],
  [
    'timeout 0 sleep 5; echo $?; timeout 2>/dev/null; echo $?; timeout x ls 2>/dev/null; echo $?',
    '0\n125\n125\n',
  ],
  ['timeout 1 nosuch', '', "timeout: can't execute 'nosuch': No such file or directory\n", 127],
  ['>/tmp/plain; timeout 1 /tmp/plain', '', "timeout: can't execute '/tmp/plain': Permission denied\n", 126],
  ['env /tmp/plain', '', "env: can't execute '/tmp/plain': Permission denied\n", 126],
  ['env PATH=/nowhere ls', '', "env: can't execute 'ls': No such file or directory\n", 127],
  ['nproc; sync; usleep 20000; echo $?; usleep x 2>/dev/null; echo $?', '1\n0\n1\n'],
]);

table('/proc/PID', [
  [
    'sleep 100 & [ -d /proc/$! ] && kill -0 $! && cat /proc/$!/comm; tr "\\0" " " </proc/$!/cmdline; echo; kill $!; wait $!; [ -d /proc/$! ]; echo $?',
    'sleep\nsleep 100 \n1\n',
  ],
  [
    'cat /proc/$$/status | grep -E "^(Name|PPid)"; ls -d /proc/[0-9]* | grep -c .',
    'Name:\tsh\nPPid:\t0\n4\n',
  ],
  [
    'rm -rf /proc/1; mkdir /proc/1/x; ls /proc/1',
    'cmdline\ncomm\nstatus\n',
    "rm: cannot remove '/proc/1': Read-only file system\nmkdir: cannot create directory '/proc/1/x': Read-only file system\n",
  ],
  ['mv /proc /p; sleep 1; echo $?', '0\n'],
]);

const LISTENING = (port: number) =>
  `tcp        0      0 ${`0.0.0.0:${port}`.padEnd(23)} 0.0.0.0:*               LISTEN      \n`;

table('httpd, nc, netstat', [
  [
    'mkdir /tmp/w; echo page >/tmp/w/index.html; httpd -p 8081 -h /tmp/w; wget -qO- localhost:8081/; printf "GET /index.html HTTP/1.0\\r\\n\\r\\n" | nc localhost 8081 | tail -n 2',
    'page\n\r\npage\n',
  ],
  [
    'wget -qO- localhost:8081/../etc/passwd; wget -qO- localhost:8081/healthz',
    '',
    'wget: server returned error: HTTP/1.1 404 Not Found\nwget: server returned error: HTTP/1.1 404 Not Found\n',
    1,
  ],
  [
    'httpd -p 8081; httpd -h /nope',
    '',
    "httpd: bind: Address already in use\nhttpd: can't change directory to '/nope': No such file or directory\n",
    1,
  ],
  [
    "netstat -tln | tail -n +3; pid=$(ps | grep '[h]ttpd -p' | sed 's/^ *\\([0-9]*\\).*/\\1/'); kill $pid; sleep 1; netstat -tln | tail -n +3",
    LISTENING(8081),
  ],
  [
    'nc -ll -p 9000 -e cat & sleep 1; echo hi | nc localhost 9000; echo ho | nc 127.0.0.1 9000; seq 100000 | nc localhost 9000 | tail -n 1; nc -z localhost 9000; echo $?; netstat -tln | grep -c ":9000 "',
    'hi\nho\n100000\n0\n1\n',
  ],
  ['nc -l -p 9001 >/tmp/got & sleep 1; echo data | nc localhost 9001; wait; cat /tmp/got', 'data\n'],
  ['echo from | nc -l -p 9002 & sleep 1; nc localhost 9002 </dev/null', 'from\n'],
  [
    "nc -l -p 9003 -e sh -c 'read x; echo got $x' & sleep 1; echo q | nc localhost 9003; nc localhost 9003",
    'got q\n',
    "nc: can't connect to remote host (127.0.0.1): Connection refused\n",
    1,
  ],
  [
    'nc -l -p 9004 & sleep 1; nc -l -p 9004; nc example.com 80',
    '',
    "nc: bind: Address already in use\nnc: bad address 'example.com'\n",
    1,
  ],
  [
    'nc -l -p 9005 -e nosuch & sleep 1; nc localhost 9005; wait',
    '',
    "nc: can't execute 'nosuch': No such file or directory\n",
  ],
  [
    'nc -l -p 70000 2>&1 | head -n 1; nc 2>&1 | head -n 1; netstat 2>&1 | head -n 1',
    "nc: invalid port '70000'\nnc: missing host or port\nnetstat: only -l is there: ports that are listened to\n",
  ],
  ['netstat -tln | tail -n +3', ''],
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

t.test('patterns cannot hold anything up: time grows with the text', async (t) => {
  const { machine } = rig();
  const started = performance.now();
  const long = 'a'.repeat(50_000);
  t.equal((await sh(machine, "grep -o 'a*b'; echo $?", long)).stdout, '1\n');
  t.equal((await sh(machine, "sed -E 's/(a*)*b/x/' | wc -c", `${long}\n`)).stdout, '50001\n');
  t.ok(performance.now() - started < 5000);
});
