// Sessions that were opened with an access proxy's assertion: they end with it, after minutes, unless the configuration says how long one may go on.

import t from 'tap';
import { WebSocket } from 'ws';
import { openSpdy, openWebSocket } from '../fakes/execs.ts';
import { startPracticeGate } from '../fakes/practicegate.ts';
import { clockBefore } from '../fakes/time.ts';
import { ENTRIES, makeVendors } from '../fakes/vendors.ts';
import { readAll } from '../unit/practice/stream/callers.ts';

const isSessionEnd = (line: Record<string, unknown>) => line['msg'] === 'session ended';

/** How long each vendor's assertion is good for (test/fakes/vendors.ts). ms */
const LIVES = { 'google-iap': 600_000, 'aws-alb': 120_000, pomerium: 300_000 } as const;
const NAMES = ['google-iap', 'aws-alb', 'pomerium'] as const;

for (const name of NAMES)
  t.test(`${name}: a session ends with its assertion; with sessionLifetime it goes on`, async (t) => {
    const signedAt = Math.floor(Date.now() / 1000) * 1000;
    const vendors = makeVendors(() => signedAt);
    const vendor = { 'google-iap': vendors.google, 'aws-alb': vendors.amazon, pomerium: vendors.pomerium }[
      name
    ];
    const clock = clockBefore(signedAt + LIVES[name]);
    const startWith = (more: object) =>
      startPracticeGate({
        now: clock.now,
        listen: { trustedProxies: ['127.0.0.1'] },
        config: { authentication: { jwt: [{ ...ENTRIES[name], ...more }] } },
        fetcher: vendors.fetcher,
      });
    const [strict, lasting] = [await startWith({}), await startWith({ sessionLifetime: '1h' })];
    t.teardown(() => Promise.all([strict.stop(), lasting.stop()]));
    const credential = { headers: { [vendor.header]: vendor.sign() } };
    const goesOn = await openWebSocket(lasting.gate, credential);
    await goesOn.until(1, 'waiting\n');
    const socket = await openWebSocket(strict.gate, credential);
    const spdy = await openSpdy(strict.gate, credential);
    const word = readAll(spdy.error);
    clock.reach();
    t.equal(await socket.closed, 1000);
    for (const text of [socket.heard[3] ?? '', String(await word)])
      t.match(JSON.parse(text), {
        code: 401,
        message: /^the session has ended because the credential that opened it has ended/,
        details: { causes: [{ reason: 'SESSION_EXPIRED' }] },
      });
    t.match(await strict.gate.logged(isSessionEnd), { end: 'expired', user: 'alice@example.com' });
    t.equal(goesOn.websocket.readyState, WebSocket.OPEN, 'opened before, with the same assertion');
    t.equal(goesOn.heard[3], undefined);
    goesOn.websocket.close();
    const said = (log: readonly string[]) => log.some((line) => line.includes('sessionLifetime: is not set'));
    t.ok(said(strict.gate.log), 'the start says so');
    t.notOk(said(lasting.gate.log));
  });
