import t from 'tap';
import { rig, START_MS, sh, table } from './rig.ts';

// What the commands that tell of the machine, its clock, its processes and its ports do and say.
// Where a row has no words of busybox or of our own, it was compared with the coreutils, grep and sed of the machine that this was written on.
// [text, stdout, stderr, code]

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
  t.match(stdout, /\d+ root +\? +0:00 ps\n143\n5\n$/, 'five lines: the title, main, sh, ps and wc');
  await machine.stop(0);
});

t.test('tail -f follows until its caller is gone, and leaves no timer', async (t) => {
  const { machine, clock } = rig();
  const result = await sh(
    machine,
    'echo 1 >/tmp/f; tail -f /tmp/f & sleep 1; echo 2 >>/tmp/f; sleep 1; kill $!; wait; cat /tmp/f | wc -l',
  );
  t.equal(result.stdout, '1\n2\n2\n');
  clock.held = true;
  const killed = await sh(machine, 'tail -f /tmp/f & ps >/dev/null; kill $!; wait $!; echo $?');
  t.equal(killed.stdout, '1\n2\n143\n');
  t.equal(clock.waiting, 0, 'though time stands');
});

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
