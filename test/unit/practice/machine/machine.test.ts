import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import t from 'tap';
import type { LogLine, Machine } from '../../../../src/practice/machine/machine.ts';
import { expandReferences, imageName, mainCommand } from '../../../../src/practice/machine/programs.ts';
import { Console, Recorder, rig, run, START_MS, sh, specOf } from './rig.ts';

/** Resolves with the log's text once it satisfies `test`. */
function logUntil(machine: Machine, test: (text: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const text = () =>
      machine
        .logLines()
        .map((line) => line.text)
        .join('\n');
    if (test(text())) return resolve(text());
    const stop = machine.onLogLine(() => {
      if (!test(text())) return;
      stop();
      resolve(text());
    });
  });
}

t.test('what an image runs', async (t) => {
  const rows: readonly (readonly [Parameters<typeof specOf>[0], readonly string[]])[] = [
    [{ image: 'postern.dev/practice/web' }, ['web']],
    [{ image: 'registry:5000/x/web:v1@sha256:00' }, ['web']],
    [{ image: 'talk:1' }, ['talk']],
    [{ image: 'busybox:1.36' }, ['sh']],
    [{ image: 'docker.io/library/alpine' }, ['sh']],
    [{ image: 'nginx' }, ['practice-image']],
    [{ image: 'busybox', args: ['echo', 'hi'] }, ['echo', 'hi']],
    [
      {
        image: 'web',
        command: ['sh', '-c'],
        args: ['echo $0 $(A) $$(A) $(NO)'],
        env: [{ name: 'A', value: '1' }],
      },
      ['sh', '-c', 'echo $0 1 $(A) $(NO)'],
    ],
  ];
  for (const [spec, argv] of rows) t.same(mainCommand(specOf(spec)), argv, JSON.stringify(spec));
  t.equal(imageName('a/b/c:d'), 'c');
  t.equal(expandReferences('$(A)$(B', new Map([['A', 'x']])), 'x$(B');
});

t.test('main commands end, or not, as their images do', async (t) => {
  const rows: readonly (readonly [Parameters<typeof specOf>[0], unknown, readonly string[]])[] = [
    [{ image: 'busybox' }, { exitCode: 0 }, []],
    [
      { image: 'busybox', args: ['sh', '-c', 'echo out; echo err >&2; printf end; exit 5'] },
      { exitCode: 5 },
      ['out', 'err', 'end'],
    ],
    [{ image: 'busybox', command: ['/bin/echo', 'hi'] }, { exitCode: 0 }, ['hi']],
    [{ image: 'busybox', command: ['pwd'], workingDir: '/srv/app' }, { exitCode: 0 }, ['/srv/app']],
    [
      {
        image: 'busybox',
        command: ['printenv', 'HOSTNAME', 'HOME', 'A'],
        env: [{ name: 'A', value: 'b c' }],
      },
      { exitCode: 0 },
      ['web-0', '/root', 'b c'],
    ],
  ];
  for (const [spec, outcome, lines] of rows) {
    const { machine } = rig(spec);
    t.same(await machine.exited, outcome, JSON.stringify(spec));
    t.same(
      machine.logLines().map((line) => line.text),
      lines,
    );
  }
  const { machine } = rig({ command: ['nginx', '-g'] });
  t.match(await machine.exited, { failure: /exec: "nginx": executable file not found in \$PATH: unknown$/ });
  t.match(await rig({ command: ['/app/server'] }).machine.exited, {
    failure: /exec: "\/app\/server": stat \/app\/server: no such file or directory: unknown$/,
  });
  t.match(await rig({ command: ['/etc/passwd'] }).machine.exited, { failure: /permission denied/ });
  const unknown = rig({ image: 'ghcr.io/acme/shop:9' });
  t.match(
    await logUntil(unknown.machine, (log) => log !== ''),
    /practice container.*"ghcr.io\/acme\/shop:9" does not exist here/,
  );
  await unknown.machine.stop(0);
  t.same(await unknown.machine.exited, { exitCode: 0 });
});

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

t.test('the log', async (t) => {
  const { machine, clock } = rig({ image: 'talk' });
  const heard: LogLine[] = [];
  const stop = machine.onLogLine((line) => heard.push(line));
  await logUntil(machine, (log) => log.includes('line 3 '));
  stop();
  t.same(machine.logLines().slice(0, 2), [
    { timeMs: START_MS, text: '05:06:07 line 1 of web-0' },
    { timeMs: START_MS + 1000, text: '05:06:08 line 2 of web-0' },
  ]);
  t.equal(heard.length, 3);
  await logUntil(machine, (log) => log.includes('line 5 '));
  t.equal(heard.length, 3, 'a listener that has stopped hears no more');
  await machine.stop(30_000);
  t.same(await machine.exited, { exitCode: 0 });
  t.equal(clock.waiting, 0, 'no timer is left');

  const long = rig({
    command: ['sh', '-c', 'seq 10500; head -c 40000 /dev/zero | tr "\\0" x; echo; printf "tail"'],
  });
  await long.machine.exited;
  const lines = long.machine.logLines().map((line) => line.text);
  t.equal(lines.length, 10_000, 'the last 10,000');
  t.same(
    lines.slice(-4).map((line) => line.length),
    [16_384, 16_384, 7232, 4],
    'a long line comes in pieces of 16 KiB',
  );
  t.equal(lines.at(-1), 'tail', 'an unfinished line is one at the end');
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

t.test('stop: SIGTERM, then SIGKILL for all', async (t) => {
  const polite = rig({ command: ['sleep', 'infinity'] });
  polite.clock.held = true;
  const exec = run(polite.machine, ['sh', '-c', 'sleep 1000']);
  await run(polite.machine, ['true']);
  await polite.machine.stop(30_000);
  t.same(await polite.machine.exited, { exitCode: 143 });
  t.same((await exec).outcome, { exitCode: 137 });
  t.equal(polite.clock.waiting, 0, 'no timer is left');
  t.match((await run(polite.machine, ['true'])).outcome, { failure: /container is not running/ });
  await polite.machine.stop(0);

  const deaf = rig({ command: ['sh', '-c', "trap '' TERM; while :; do sleep 1; done"] });
  await sh(deaf.machine, 'sleep 3');
  await deaf.machine.stop(5000);
  t.same(await deaf.machine.exited, { exitCode: 137 });
  t.ok(deaf.clock.nowMs >= START_MS + 5000, 'after the grace period');

  const early = rig({ image: 'web' });
  await early.machine.stop(0);
  t.ok(await early.machine.exited, 'also before the command has begun');
  const killed = rig({ command: ['sleep', '1000'] });
  killed.clock.held = true;
  await sh(killed.machine, 'kill -9 1');
  t.same(await killed.machine.exited, { exitCode: 137 }, 'its end is the end of the container');
});

interface Page {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

function fetchPage(
  machine: Machine,
  path: string,
  method = 'GET',
  connection = machine.connect(8080),
): Promise<Page> {
  return new Promise((resolve, reject) => {
    if (connection === undefined) return reject(new Error('refused'));
    const asked = request({
      createConnection: () => connection,
      path,
      method,
      headers: { host: 'x', connection: 'close', 'user-agent': 'test' },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      readText(response).then(
        (body) => resolve({ status: response.statusCode, headers: response.headers, body }),
        reject,
      );
    });
    asked.end();
  });
}

t.test('the web page inside', async (t) => {
  const { machine } = rig({ image: 'postern.dev/practice/web:1' });
  t.equal(await logUntil(machine, (log) => log !== ''), 'practice web server of web-0 answers on port 8080');
  t.equal(machine.connect(80), undefined, 'only there');
  const page = await fetchPage(machine, '/?q=1');
  t.equal(page.status, 200);
  t.match(page.headers, { server: 'postern-practice', 'content-type': 'text/html; charset=utf-8' });
  t.match(page.body, /Hello from web-0[\s\S]*10\.244\.0\.7[\s\S]*visitor number 1\b/);
  t.match((await fetchPage(machine, '/index.html')).body, /visitor number 2\b/);
  t.match(await fetchPage(machine, '/healthz'), { status: 200, body: 'ok\n' });
  t.match(await fetchPage(machine, '/nope'), { status: 404, body: '404: there is no nope here\n' });
  t.match(await fetchPage(machine, '/../../etc/passwd'), { status: 404 }, 'not above its directory');
  t.match(await fetchPage(machine, '/%2e%2e/%2e%2e/etc/hostname'), { status: 404 });
  t.match(await fetchPage(machine, '/%ff'), { status: 400 });
  t.match(await fetchPage(machine, '/', 'POST'), { status: 405, headers: { allow: 'GET, HEAD' } });
  const head = await fetchPage(machine, '/healthz', 'HEAD');
  t.match(head, { status: 200, body: '', headers: { 'content-length': '3' } });
  const log = machine.logLines().map((line) => line.text);
  t.match(log[1], /^2026-03-04T05:06:07\.089Z "GET \/\?q=1" 200 \d+ "test"$/);
  t.match(log[3], /"GET \/healthz" 200 3 "test"$/);

  await sh(machine, 'echo "mine: {{hostname}}" >/srv/www/a.html; echo "{{hostname}}" >/srv/www/a.txt');
  t.equal((await fetchPage(machine, '/a.html')).body, 'mine: web-0\n', 'files are what the shell sees');
  t.equal((await fetchPage(machine, '/a.txt')).body, '{{hostname}}\n');
  t.equal(
    (
      await sh(
        machine,
        'wget -qO- localhost:8080/healthz; curl -s http://10.244.0.7:8080/a.txt; curl -sI localhost:8080/healthz | head -n 1',
      )
    ).stdout,
    'ok\n{{hostname}}\nHTTP/1.1 200 OK\r\n',
  );
  t.match(await sh(machine, 'curl -sf localhost:8080/x; echo $?; wget localhost:9; web'), {
    stdout: '22\n',
    stderr: /Connection refused\nweb: bind: Address already in use/,
  });
  await machine.stop(0);
  t.equal(machine.connect(8080), undefined);
});

t.test('connections: keep-alive, rubbish, and the end of the machine', async (t) => {
  const { machine } = rig({ image: 'web' });
  await logUntil(machine, (log) => log !== '');
  const connection = machine.connect(8080);
  if (connection === undefined) throw new Error('refused');
  let seen = '';
  connection.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  const answers = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (seen.split('HTTP/1.1 200 OK').length <= count || !seen.endsWith('ok\n')) return;
        connection.off('data', look);
        resolve();
      };
      connection.on('data', look);
      look();
    });
  connection.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await answers(1);
  connection.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await answers(2);
  const rubbish = machine.connect(8080);
  if (rubbish === undefined) throw new Error('refused');
  rubbish.write('\x16\x03\x01 this is TLS\r\n\r\n');
  t.match(await readText(rubbish), /^HTTP\/1\.1 400 Bad Request/);
  const closed = once(connection, 'close');
  await machine.stop(0);
  await closed;
  t.pass('an open connection is closed with the machine');
});

t.test('files of volumes', async (t) => {
  const token = '/var/run/secrets/kubernetes.io/serviceaccount/token';
  const { machine } = rig({
    files: new Map([
      [token, Buffer.from('secret')],
      ['/etc/app/a.conf', Buffer.from('a')],
      ['/etc/app/b.conf', Buffer.from('b')],
      ['/tmp/sub', Buffer.from('c')],
      ['/etc/passwd/x', Buffer.from('cannot be')],
    ]),
  });
  t.equal(
    (await sh(machine, `cat ${token} /etc/app/*.conf /tmp/sub; ls /run/secrets/kubernetes.io/serviceaccount`))
      .stdout,
    'secretabctoken\n',
  );
  const refused = await sh(
    machine,
    'echo x >/etc/app/a.conf; rm /etc/app/b.conf; touch /etc/app/c; mv /etc/app/b.conf /tmp; echo ok >/tmp/other; cat /tmp/other',
  );
  t.equal(refused.stdout, 'ok\n', 'a directory that was there before stays writable');
  t.equal(
    refused.stderr,
    "sh: cannot create /etc/app/a.conf: Read-only file system\nrm: cannot remove '/etc/app/b.conf': Read-only file system\ntouch: cannot touch '/etc/app/c': Read-only file system\nmv: can't rename '/etc/app/b.conf': Read-only file system\n",
  );
});
