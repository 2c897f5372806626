import t from 'tap';
import { caller } from '../fakes/caller.ts';
import { recordFacts } from '../reliability/facts.ts';
import { attempt, openRaw, requestText } from './caller.ts';
import { marker } from './cases.ts';
import { startGround } from './gate.ts';

// S30: what a caller names (user, User-Agent, path, command) is one JSON line in the log, whatever bytes it has, and none of them steers the terminal of
// whoever reads it. What is too long is cut, and says so.

const facts = recordFacts('attack-log-lines');
const ground = await startGround(t);
const { gate, auth, place } = ground;

/** ESC, CSI, BEL, backspace, DEL, line ends of every kind, and the ones that turn text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const STEERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

const hostile: readonly (readonly [name: string, text: string])[] = [
  ['a line end and a forged line', 'x\n{"level":"info","msg":"forged"}'],
  ['CR LF', 'x\r\n{"msg":"forged"}'],
  ['an escape sequence', 'x\u001b[2J\u001b[1;31m'],
  ['an OSC that sets the title', 'x\u001b]0;evil\u0007'],
  ['CSI of one byte', 'x\u009b2J'],
  ['a quote and a brace', 'x","msg":"forged","y":"'],
  ['U+2028 and U+2029', 'x\u2028y\u2029z'],
  ['what turns text around', 'x\u202eevil\u202c'],
  ['isolates', 'x\u2066evil\u2069'],
  ['NUL', 'x\u0000y'],
  ['backspaces', 'alice\b\b\b\b\bbob'],
  ['DEL', 'x\u007fy'],
  ['half a surrogate', 'x\ud800y'],
  ['a BOM', '\ufeffx'],
];

/** Looks at the raw lines that hold `mark`. */
function look(
  t: {
    ok: (value: unknown, name: string) => unknown;
    equal: (a: unknown, b: unknown, name: string) => unknown;
  },
  mark: string,
): void {
  const lines = gate.log.filter((line) => line.includes(mark));
  t.ok(lines.length > 0, 'it is in the log');
  for (const line of lines) {
    t.ok(typeof JSON.parse(line) === 'object', 'one JSON object');
    t.equal(STEERS.exec(line)?.[0].charCodeAt(0).toString(16), undefined, 'nothing in it steers a terminal');
  }
  t.equal(
    gate.log.some((line) => JSON.parse(line)['msg'] === 'forged'),
    false,
    'no forged line',
  );
}

for (const [name, text] of hostile) {
  await facts.attack('S30', `a username with ${name}`, async (t) => {
    const mark = marker();
    const token = await gate.token({ email: `${mark}${text}` });
    const target = `/api/${mark}`;
    await attempt(
      gate,
      requestText(`GET ${target} HTTP/1.1`, [
        'Host: x',
        'Connection: close',
        `Authorization: Bearer ${token}`,
      ]),
    );
    await gate.logged((line) => line['target'] === target);
    look(t, mark);
  });
  await facts.attack('S30', `a session of a username with ${name}`, async (t) => {
    const mark = marker();
    const token = await gate.token({ email: `${mark}${text}` });
    const target = `/api/v1/namespaces/n/pods/${mark}/exec?command=${encodeURIComponent(text.toWellFormed())}`;
    const raw = await openRaw(gate);
    await raw.send(
      requestText(`POST ${target} HTTP/1.1`, [
        'Host: x',
        `Authorization: Bearer ${token}`,
        'Connection: Upgrade',
        'Upgrade: SPDY/3.1',
      ]),
    );
    await raw.until((bytes) => bytes.includes('\r\n\r\n'));
    raw.reset();
    await gate.logged((line) => String(line['target']).includes(mark));
    look(t, mark);
  });
  await facts.attack('S30', `a User-Agent, a query and an id with ${name}`, async (t) => {
    const mark = marker();
    const raw = Buffer.from(text.toWellFormed())
      .toString('latin1')
      .replace(/[\r\n\0]/g, '');
    const query = raw.replace(/[^\x21-\xff]/g, '');
    await attempt(
      gate,
      requestText(`GET /api/${mark}?x=${query} HTTP/1.1`, ['Host: x', 'Connection: close', auth]),
    );
    await attempt(
      gate,
      requestText(`GET /api/${mark} HTTP/1.1`, [
        'Host: x',
        'Connection: close',
        auth,
        `User-Agent: ${raw}`,
        `Audit-ID: ${raw}`,
      ]),
    );
    // Either may have been refused as no HTTP, which is logged without what it was.
    await attempt(gate, requestText(`GET /api/${mark} HTTP/1.1`, ['Host: x', 'Connection: close', auth]));
    await gate.logged((line) => line['target'] === `/api/${mark}`);
    look(t, mark);
  });
}

const LONG = 'x'.repeat(512 * 1024);

/** Half a MiB where a line of the log has a field for it. [which one, target] */
const long: readonly (readonly [field: string, target: string])[] = [
  ['target', `/api/v1/namespaces/n/pods/p/exec?command=MARK${LONG}`],
  ['name', `/api/v1/namespaces/n/pods/MARK${LONG}`],
  ['name', `/api/v1/namespaces/n/pods?fieldSelector=metadata.name%3DMARK${LONG}`],
  ['namespace', `/api/v1/namespaces/MARK${LONG}/pods`],
  ['resource', `/api/v1/MARK${LONG}`],
  ['subresource', `/api/v1/namespaces/n/pods/p/MARK${LONG}`],
];

for (const [field, target] of long)
  for (const credential of [[], [auth]])
    await facts.attack(
      'S30',
      `${target.slice(0, 70)}… ${credential.length === 0 ? 'of nobody known ' : ''}is cut in the log, and says so`,
      async (t) => {
        const mark = marker();
        const line = `GET ${target.replace('MARK', mark)} HTTP/1.1`;
        await attempt(gate, requestText(line, ['Host: x', 'Connection: close', ...credential]));
        const logged = await gate.logged((one) => String(one['target']).includes(mark));
        t.match(logged[field], /x\.\.\.TRUNCATED$/);
        t.ok(JSON.stringify(logged).length < 8192);
      },
    );

await facts.attack('S30', 'a method as long as HTTP/2 has it is cut, and says so', async (t) => {
  const mark = marker();
  const session = caller(place, 'h2');
  await session.call({ method: 'X'.repeat(60_000), path: `/${mark}` });
  session.close();
  const logged = await gate.logged((one) => String(one['target']).includes(mark));
  t.match(logged['method'], /X\.\.\.TRUNCATED$/);
  t.ok(JSON.stringify(logged).length < 8192);
});
