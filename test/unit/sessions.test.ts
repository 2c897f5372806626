import t from 'tap';
import { createSessionRegistry, type Session } from '../../src/sessions.ts';

function session(id: string, startedAt = 1000): Session {
  return {
    id,
    cluster: 'prod',
    kind: 'exec',
    protocol: 'spdy',
    username: 'alice',
    target: '/x',
    startedAt,
    received: { up: 0, down: 0 },
    delivered: { up: 0, down: 0 },
    ownBytes: 0,
    end: undefined,
    endDetail: '',
    close: () => {},
  };
}

t.test(
  'a session is told of once when it opens and once when it ends, the first reason counts',
  async (t) => {
    const seen: string[] = [];
    const registry = createSessionRegistry(
      {
        onOpen: ({ id }) => seen.push(`open ${id}`),
        onEnd: ({ id, end }, durationMs) => seen.push(`end ${id} ${end} ${durationMs}`),
      },
      () => 3500,
    );
    const one = session('1');
    registry.add(one);
    t.same([...registry.open.keys()], ['1']);
    registry.remove(one, 'drained', 'why');
    registry.remove(one, 'client', 'late');
    t.same(seen, ['open 1', 'end 1 drained 2500']);
    t.match(one, { end: 'drained', endDetail: 'why' });
    t.equal(registry.open.size, 0);
  },
);

t.test('whenEmpty waits for the last one, and can be asked again', async (t) => {
  const registry = createSessionRegistry({ onOpen: () => {}, onEnd: () => {} }, () => 0);
  await registry.whenEmpty();
  const all = [session('1'), session('2')];
  for (const one of all) registry.add(one);
  let empty = 0;
  const waiting = [registry.whenEmpty(), registry.whenEmpty()].map((one) => one.then(() => empty++));
  registry.remove(all[0] as Session, 'client', '');
  await Promise.resolve();
  t.equal(empty, 0);
  registry.remove(all[1] as Session, 'client', '');
  await Promise.all(waiting);
  t.equal(empty, 2);
});
