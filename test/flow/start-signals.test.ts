import t from 'tap';
import { configured, postern, says, type Test } from '../fakes/serve.ts';

// Signals that come before the gate serves. Without somebody who listens, SIGHUP ends a process, and the first process of a container, which the
// gate is in its image, does not even hear SIGTERM: it would serve on until the kubelet kills it. Between the first worker and the last is such a time.

async function starting(t: Test) {
  const { gate } = await configured(t);
  const run = postern(t, ['serve', '--config', gate.file, '--workers', '2']);
  await run.logged(says('worker serves'));
  return run;
}

t.test('SIGHUP is no end: the configuration is read again once it serves', async (t) => {
  const run = await starting(t);
  run.child.kill('SIGHUP');
  await run.logged(says('serving'));
  await run.logged(says('configuration taken up'), 2);
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 0);
});

t.test('SIGTERM is the end, at once, and nobody stays', async (t) => {
  const run = await starting(t);
  run.child.kill('SIGTERM');
  t.equal(await run.exit, 1);
  t.equal(run.lines().filter(says('serving')).length, 0);
});
