// What no part of an identity may hold, wherever it comes from: the same for what an issuer wrote (authn/identity.ts) and for `--as`
// (kube/wanteduser.ts). contract/protocol.md §4.5, contract/field-lessons.md S9.

import t from 'tap';
import { admitIdentity } from '../../../src/authn/identity.ts';
import { uncarriable } from '../../../src/kube/headervalue.ts';
import { readWantedUser } from '../../../src/kube/wanteduser.ts';

/** For a test's name, which is one line. */
const plain = (value: string) =>
  JSON.stringify(value).replace(/[^ -~]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);

const REFUSED = [
  ['', 'is blank'],
  [' ', 'is blank'],
  ['\u3000', 'is blank'],
  [' jane', 'begins or ends with white space'],
  ['jane\t', 'begins or ends with white space'],
  ['\u00a0jane', 'begins or ends with white space'],
  ['jane\u2003', 'begins or ends with white space'],
  ['\ufeffjane', 'begins or ends with white space'],
  ['a\r\nImpersonate-Group: system:masters', 'holds a control character'],
  ['a\u0000b', 'holds a control character'],
  ['a\tb', 'holds a control character'],
  ['a\u007fb', 'holds a control character'],
  ['a\u0085b', 'holds a control character'],
  ['a\ud800b', 'is not well-formed Unicode'],
] as const;

for (const [value, problem] of REFUSED)
  t.test(`${plain(value)} ${problem}`, async (t) => {
    t.equal(uncarriable(value), problem);
    const mapped = { username: value, uid: '', groups: [], extra: {} };
    t.match(admitIdentity(mapped, 'Allow'), { kind: 'rejected', code: 'TOKEN_CLAIMS' });
    // Half a surrogate pair cannot be written as UTF-8 at all.
    if (!value.isWellFormed()) return;
    const lines = ['Impersonate-User', Buffer.from(value).toString('latin1')];
    t.match(readWantedUser(lines), { ok: false, detail: `Impersonate-User ${problem}` });
  });

for (const value of ['jane', 'jane doe', 'jürgen', '山田太郎', 'a😀b', 'x\u200dy', 'x\u2028y', 'a:b/c@d'])
  t.test(`${plain(value)} goes on as it is`, async (t) => {
    t.equal(uncarriable(value), undefined);
    const mapped = { username: value, uid: '', groups: [value], extra: { k: [value, ''] } };
    t.match(admitIdentity(mapped, 'Allow'), { kind: 'user', user: mapped });
    const lines = ['Impersonate-User', Buffer.from(value).toString('latin1')];
    t.match(readWantedUser(lines), { ok: true, user: { username: value } });
  });
