import t from 'tap';
import { type Crew, CrewFailed, createCrew, type End, type Member } from '../../src/workers/crew.ts';
import type { FromWorker, ToWorker } from '../../src/workers/messages.ts';

// Who is started, replaced and given up, and when; no process is started here, and time is the test's.

interface FakeWorker {
  readonly number: number;
  readonly pid: number;
  readonly told: ToWorker[];
  killed: boolean;
  says(message: FromWorker): void;
  serves(): void;
  ends(how?: Partial<End>): void;
}

interface Rig {
  readonly crew: Crew;
  readonly forked: FakeWorker[];
  /** Of each end: number and when another begins. */
  readonly ends: [number, number | undefined][];
  latest(number: number): FakeWorker;
  /** Moves the clock and fires what is due. */
  pass(ms: number): void;
}

function setUp(size: number): Rig {
  const forked: FakeWorker[] = [];
  const ends: [number, number | undefined][] = [];
  const timers = new Set<{ at: number; run: () => void }>();
  let now = 1_000_000;
  const crew = createCrew({
    size,
    now: () => now,
    setTimer(run, delayMs) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    fork(number, hear, end) {
      const worker: FakeWorker = {
        number,
        pid: 100 + forked.length,
        told: [],
        killed: false,
        says: hear,
        serves: () => hear({ postern: 'serving', url: 'https://gate' }),
        ends: (how = {}) => end({ code: null, signal: null, ...how }),
      };
      forked.push(worker);
      return {
        pid: worker.pid,
        send: (message) => void worker.told.push(message),
        kill: () => {
          worker.killed = true;
        },
      };
    },
    observer: {
      onServing: () => {},
      onLast: () => {},
      onEnd: (member: Member, _how: End, replacedInMs) => void ends.push([member.number, replacedInMs]),
    },
  });
  return {
    crew,
    forked,
    ends,
    latest(number) {
      const found = forked.findLast((one) => one.number === number);
      if (found === undefined) throw new Error(`no worker ${number}`);
      return found;
    },
    pass(ms) {
      now += ms;
      for (const timer of [...timers]) if (timer.at <= now && timers.delete(timer)) timer.run();
    },
  };
}

async function running(size: number): Promise<Rig> {
  const rig = setUp(size);
  const started = rig.crew.start();
  for (const worker of rig.forked) worker.serves();
  await started;
  return rig;
}

t.test('it has started when all serve', async (t) => {
  const { crew, forked } = setUp(3);
  let url = '';
  const started = crew.start().then((one) => {
    url = one;
  });
  t.same(
    forked.map(({ number }) => number),
    [1, 2, 3],
  );
  forked[2]?.serves();
  forked[0]?.serves();
  await Promise.resolve();
  t.same([url, crew.serving()], ['', 2]);
  forked[1]?.serves();
  await started;
  t.same([url, crew.serving()], ['https://gate', 3]);
});

t.test('one that dies before all serve ends it all, with its own words or how it ended', async (t) => {
  // [what it said, how it ended, what is told]
  const cases: [readonly string[], Partial<End>, string][] = [
    [['a.yaml:1:1 x: y', 'a.yaml:2:1 z: y'], { code: 1 }, 'a.yaml:1:1 x: y\na.yaml:2:1 z: y'],
    [[], { code: 134 }, 'postern serve: worker 2 (process 101) ended with exit code 134 before it served'],
    [[], { signal: 'SIGKILL' }, 'postern serve: worker 2 (process 101) ended by SIGKILL before it served'],
  ];
  for (const [lines, how, message] of cases) {
    const { crew, forked, pass } = setUp(3);
    const started = crew.start();
    forked[0]?.serves();
    if (lines.length > 0) forked[1]?.says({ postern: 'failed', lines });
    forked[1]?.ends(how);
    await t.rejects(started, { constructor: CrewFailed, message });
    t.same(
      forked.map(({ killed }) => killed),
      [true, false, true],
      'those that live are ended',
    );
    forked[0]?.ends();
    forked[2]?.ends();
    pass(60_000);
    t.equal(forked.length, 3, 'nobody is replaced');
  }
});

t.test('one that dies later is replaced: the first at once, others a second apart', async (t) => {
  const { forked, ends, latest, pass } = await running(4);
  for (const number of [1, 2, 3]) latest(number).ends({ signal: 'SIGSEGV' });
  t.same(ends, [
    [1, 0],
    [2, 1000],
    [3, 2000],
  ]);
  const counts: number[] = [];
  for (const ms of [0, 999, 1, 999, 1]) {
    pass(ms);
    counts.push(forked.length);
  }
  t.same(counts, [5, 5, 6, 6, 7]);
  t.same(
    forked.slice(4).map(({ number }) => number),
    [1, 2, 3],
  );
  t.notOk(latest(4).killed);
});

t.test('one that cannot start is tried again less and less often while others serve', async (t) => {
  const { ends, latest, pass } = await running(2);
  latest(1).ends({ signal: 'SIGKILL' });
  pass(0);
  for (let attempt = 0; attempt < 7; attempt++) {
    latest(1).ends({ code: 1 });
    pass(ends.at(-1)?.[1] ?? 0);
  }
  t.same(
    ends.map(([, delayMs]) => delayMs),
    [0, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
  latest(1).serves();
  latest(1).ends({ code: 1 });
  t.equal(ends.at(-1)?.[1], 1000, 'once it has served that is forgotten');
});

t.test('when nobody serves and the next cannot start, it is over', async (t) => {
  const { crew, forked, latest, pass } = await running(2);
  latest(1).ends({ code: 1 });
  latest(2).ends({ code: 1 });
  pass(0);
  t.equal(forked.length, 3);
  latest(1).ends({ code: 9 });
  await t.rejects(crew.failed, { message: /worker 1 .* ended with exit code 9 before it served/ });
  pass(60_000);
  t.equal(forked.length, 3, 'the other one is not started any more');
});

t.test('stop drains all, replaces nobody, and says who ended badly', async (t) => {
  const { crew, forked, ends, latest, pass } = await running(3);
  latest(3).ends({ code: 1 });
  let over = false;
  const stopped = crew.stop().finally(() => {
    over = true;
  });
  pass(60_000);
  t.equal(forked.length, 3, 'what was to be started is not');
  for (const number of [1, 2]) t.same(latest(number).told, [{ postern: 'stop' }]);
  latest(1).ends({ code: 0 });
  await Promise.resolve();
  t.notOk(over);
  latest(2).ends({ code: 3 });
  await t.rejects(stopped, { message: /worker 2 .* ended with exit code 3 while it shut down/ });
  t.same(ends.slice(1), [
    [1, undefined],
    [2, undefined],
  ]);

  const well = await running(2);
  const done = well.crew.stop();
  for (const worker of well.forked) worker.ends({ code: 0 });
  await done;
});

t.test('a reload goes to all', async (t) => {
  const { crew, forked } = await running(2);
  crew.reload();
  for (const { told } of forked) t.same(told, [{ postern: 'reload' }]);
  crew.setTicketKeys(Buffer.from('keys'));
  for (const { told } of forked) t.same(told.at(-1), { postern: 'tickets', ticketKeys: 'a2V5cw==' });
});

t.test('questions: who answers, who is late, who has gone', async (t) => {
  const { crew, latest, pass } = await running(3);
  const asked = crew.ask('checks', 2_000);
  const id = (number: number) => {
    const question = latest(number).told.at(-1);
    return question?.postern === 'ask' ? question.id : -1;
  };
  const late = id(2);
  latest(1).says({ postern: 'answer', id: id(1), answer: [{ name: 'a', problem: 'b' }] });
  latest(3).ends({ code: 1 });
  pass(2_000);
  const answers = await asked;
  t.same(
    answers.map(({ member, answer }) => [member.number, answer]),
    [
      [1, [{ name: 'a', problem: 'b' }]],
      [2, undefined],
    ],
  );
  latest(2).says({ postern: 'answer', id: late, answer: [] });
  t.equal(crew.serving(), 2);
});
