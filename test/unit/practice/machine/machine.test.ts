import t from 'tap';
import type { LogLine } from '../../../../src/practice/machine/machine.ts';
import { expandReferences, imageName, mainCommand } from '../../../../src/practice/machine/programs.ts';
import { logUntil, rig, run, START_MS, sh, specOf } from './rig.ts';

// A container’s main command and its image, its log, its end and its volumes.

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
