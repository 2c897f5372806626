import t from 'tap';
import { openExec, startReplicas } from '../fakes/replicas.ts';
import { eventually, openWatch } from '../fakes/sessions.ts';

// Callers choose how long the words of a request are. Those who are told about in the list of who is in must not push others out of it.

const replicas = await startReplicas(1);
t.teardown(() => replicas.stop());
const [gate] = replicas.gates;
if (gate === undefined) throw new Error('one replica');

async function list(): Promise<Readonly<Record<string, unknown>>[]> {
  return JSON.parse((await replicas.run(['list', '--all', '--output', 'json'])).out).sessions;
}

t.test('who watches names of a MiB hides nobody', async (t) => {
  const long = 'n'.repeat(900_000);
  const watches = await Promise.all(
    Array.from({ length: 20 }, () =>
      openWatch(gate, `/api/v1/pods?watch=1&fieldSelector=metadata.name%3D${long}`),
    ),
  );
  t.teardown(() => {
    for (const watch of watches) watch.close();
  });
  t.match(watches[0]?.reader.text(), /^HTTP\/1\.1 200 /);
  const bob = await openExec(gate, 'bob@example.com');
  await eventually(async () => (await list()).some(({ user }) => user === 'bob@example.com'));
  const seen = (await list()).filter(({ kind }) => kind === 'watch');
  t.equal(seen.length, 20);
  t.match(seen[0]?.['name'], /^n{253}…$/);
  const ran = await replicas.run(['end', '--user', 'bob@example.com']);
  t.match(ran, { code: 0, err: /^ended 1 session of bob@example\.com; 1 of 1 replicas answered/ });
  t.equal(await bob.closed, 1000);
});
