// The last look before anything is sent, in each identity mode: whatever went wrong before it, a line too many or too few goes nowhere.
// field-lessons.md "Rules that follow" 1 to 4; the modes are those of docs/how-to/identity-modes.md.
import t from 'tap';
import type { IdentityMode } from '../../src/config/config.ts';
import type { Exchange } from '../../src/exchange.ts';
import { freezeUserInfo, type UserInfo } from '../../src/kube/userinfo.ts';
import { actingTarget, createOnward } from '../../src/onward/onward.ts';
import {
  assertForwardable,
  takeBearer,
  writeRequestLines,
  writeUpgradeLines,
} from '../../src/requestlines.ts';

const ALICE = freezeUserInfo({ username: 'zoë', uid: '1', groups: ['a', 'b'], extra: { 'k.io/x': ['y'] } });
const BOB = freezeUserInfo({ username: 'bob', groups: ['g'] });

const check = async () => ({ kind: 'allowed', groups: [] }) as const;

/** An exchange that passed every step before the lines. */
function passed(mode: IdentityMode, more: Partial<Exchange> = {}, user: UserInfo = ALICE): Exchange {
  const exchange = {
    rawHeaders: ['Host', 'gate', 'Authorization', 'Bearer callers', 'Accept', '*/*'],
    id: 'id-1',
    upgrade: '',
    peerAddress: '192.0.2.1',
    credentialSource: 'authorization',
    generation: { assertionHeaders: new Set(), isTrusted: () => false },
    upstream: {
      host: 'api:6443',
      credential: mode === 'Impersonate' ? ['Authorization', 'Bearer gates'] : [],
    },
    onward: createOnward({ identity: mode, impersonation: 'Check' }, { check, isRefused: async () => false }),
    target: {},
    user,
    ...more,
  } as unknown as Exchange;
  takeBearer(exchange);
  writeRequestLines(exchange);
  return exchange;
}

const MODES = ['Impersonate', 'Passthrough', 'RequestHeader'] as const;
const ASKED = { wanted: BOB, actsAs: BOB };
const ACTS = { wanted: BOB, actsAs: actingTarget(ALICE, BOB, ['g']) };

for (const mode of MODES) {
  t.test(`${mode}: what the steps have made goes`, async (t) => {
    t.doesNotThrow(() => assertForwardable(passed(mode)));
    t.doesNotThrow(() => assertForwardable(passed(mode, mode === 'Impersonate' ? ACTS : ASKED)));
    const upgrade = passed(mode, { upgrade: 'spdy' });
    writeUpgradeLines(upgrade);
    t.doesNotThrow(() => assertForwardable(upgrade));
  });
}

/** Changes lines that were good. */
type Change = (lines: string[]) => void;
const add =
  (name: string, value: string): Change =>
  (lines) =>
    void lines.push(name, value);
const drop =
  (name: string): Change =>
  (lines) =>
    void lines.splice(lines.indexOf(name), 2);
const set =
  (name: string, value: string): Change =>
  (lines) => {
    lines[lines.indexOf(name) + 1] = value;
  };

const anywhere: readonly (readonly [what: string, change: Change])[] = [
  ['another Impersonate-User', add('Impersonate-User', 'root')],
  ['a group more', add('Impersonate-Group', 'system:masters')],
  ['a group more, in lower case', add('impersonate-group', 'system:masters')],
  ['a group more, with an underscore', add('Impersonate_Group', 'system:masters')],
  ['an extra more', add('Impersonate-Extra-Scopes', 'all')],
  ['a header of that kind that nobody knows', add('Impersonate-Whatever', 'x')],
  ['a front-proxy user', add('X-Remote-User', 'root')],
  ['a front-proxy group', add('x-remote-group', 'system:masters')],
  ['a front-proxy header with an underscore', add('X_Remote-User', 'root')],
  ['a second Authorization', add('Authorization', 'Bearer other')],
  ['a second Authorization that is the same', add('authorization', 'Bearer callers')],
];
const perMode: readonly (readonly [mode: IdentityMode, what: string, change: Change])[] = [
  ['Impersonate', 'no user, which would be the gate itself', drop('Impersonate-User')],
  ['Impersonate', 'another user', set('Impersonate-User', 'root')],
  ['Impersonate', 'a group less', drop('Impersonate-Group')],
  ['Impersonate', 'another uid', set('Impersonate-Uid', '2')],
  ['Impersonate', 'the caller’s Authorization', set('Authorization', 'Bearer callers')],
  ['Impersonate', 'no Authorization', drop('Authorization')],
  ['Passthrough', 'another token', set('Authorization', 'Bearer other')],
  ['Passthrough', 'no token', drop('Authorization')],
  ['RequestHeader', 'no user', drop('X-Remote-User')],
  ['RequestHeader', 'another user', set('X-Remote-User', 'root')],
  ['RequestHeader', 'a group less', drop('X-Remote-Group')],
  ['RequestHeader', 'any Authorization', add('Authorization', 'Bearer callers')],
];
const rows = [
  ...MODES.flatMap((mode) => anywhere.map(([what, change]) => [mode, what, change] as const)),
  ...perMode,
];
for (const [mode, what, change] of rows) {
  t.test(`${mode}: ${what} goes nowhere`, async (t) => {
    const exchange = passed(mode);
    const lines = [...(exchange.upstreamHeaders ?? [])];
    change(lines);
    exchange.upstreamHeaders = lines;
    t.throws(() => assertForwardable(exchange), { name: 'TypeError' });
  });
}

t.test('lines that were remembered for another identity go nowhere', async (t) => {
  for (const mode of ['Impersonate', 'RequestHeader'] as const) {
    const exchange = passed(mode);
    const { onward } = passed(mode);
    if (onward === undefined) throw new TypeError();
    exchange.onward = { ...onward, identityOf: () => onward.identityOf(BOB) };
    writeRequestLines(exchange);
    t.throws(() => assertForwardable(exchange), /not of the verified user/, mode);
  }
});

t.test('a target that nobody has judged goes nowhere', async (t) => {
  for (const mode of MODES) {
    const exchange = passed(mode);
    exchange.wanted = BOB;
    t.throws(() => assertForwardable(exchange), /not judged/, mode);
  }
});

t.test('without a user nothing goes', async (t) => {
  for (const mode of MODES) {
    const exchange = passed(mode);
    exchange.user = freezeUserInfo({ username: ' ' });
    t.throws(() => assertForwardable(exchange), /empty username/, mode);
    exchange.user = undefined;
    t.throws(() => assertForwardable(exchange), /incomplete/, mode);
  }
});

t.test('an identity that no header can carry is refused, not sent changed', async (t) => {
  for (const user of [
    freezeUserInfo({ username: 'a', groups: [' '] }),
    freezeUserInfo({ username: 'a', extra: { Upper: ['x'] } }),
    freezeUserInfo({ username: 'a\r\nImpersonate-Group: system:masters' }),
  ])
    for (const mode of ['Impersonate', 'RequestHeader'] as const)
      t.throws(() => passed(mode, {}, user), { code: 'IDENTITY_UNCARRIABLE' });
});

// Passthrough: the credential that was verified has to be the bearer token itself. [source, lines, token or undefined]
const basic = ['Authorization', 'Basic eDp5'];
const credentials: readonly (readonly [
  source: string,
  lines: readonly string[],
  token: string | undefined,
])[] = [
  ['authorization', ['Authorization', 'Bearer a.b.c'], 'a.b.c'],
  ['authorization', ['authorization', 'bearer  a.b.c'], undefined],
  ['header', ['X-Assertion', 'a.b.c'], undefined],
  ['header', ['X-Assertion', 'a.b.c', 'Authorization', 'Bearer a.b.c'], undefined],
  ['header', ['X-Assertion', 'a.b.c', ...basic], undefined],
  ['authorization', basic, undefined],
  ['authorization', ['Authorization', 'Bearer a', 'Authorization', 'Bearer b'], undefined],
  ['clientcertificate', ['Authorization', 'Bearer a.b.c'], undefined],
  ['', ['Authorization', 'Bearer a.b.c'], undefined],
];
for (const [credentialSource, rawHeaders, token] of credentials) {
  t.test(`Passthrough by ${credentialSource || 'nothing'} with ${rawHeaders.join(' ')}`, async (t) => {
    const act = () => passed('Passthrough', { credentialSource, rawHeaders });
    if (token === undefined) t.throws(act, { code: 'PASSTHROUGH_NEEDS_BEARER' });
    else t.equal(act().bearer, token);
  });
}

t.test('Passthrough: an anonymous caller is anonymous there too, whatever the gate holds', async (t) => {
  const nobody = freezeUserInfo({ username: 'system:anonymous', groups: ['system:unauthenticated'] });
  const upstream = { host: 'api:6443', credential: ['Authorization', 'Bearer gates'] };
  const more = {
    credentialSource: 'none',
    rawHeaders: ['Host', 'gate'],
    upstream,
  } as unknown as Partial<Exchange>;
  const exchange = passed('Passthrough', more, nobody);
  t.notOk(exchange.upstreamHeaders?.some((line) => /^(authorization|impersonate|x-remote)/i.test(line)));
  t.doesNotThrow(() => assertForwardable(exchange));
});
