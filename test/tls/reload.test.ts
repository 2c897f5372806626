// A serving certificate that changes under a running gate: a good pair is served to the next caller, anything else leaves the old one in place, says why with
// file and line, and in no case does an open session, watch or keep-alive connection end.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t from 'tap';
import { caller } from '../fakes/caller.ts';
import { startTestGate } from '../fakes/gate.ts';
import { openSession, openWatch, startEcho } from '../fakes/sessions.ts';
import { makeSelfSigned } from './selfsigned.ts';

const upstream = await startEcho();
const gate = await startTestGate({ upstreams: [{ name: 'prod', upstream }] });
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

const at = (name: string) => join(gate.dir, name);
const serial = () =>
  new Promise<string>((resolve, reject) => {
    const socket = connect({ port: gate.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });

const [one, other, rsa] = [
  await gate.ca.issue({ commonName: 'postern', ipAddresses: ['127.0.0.1'] }),
  await gate.ca.issue({ commonName: 'postern', ipAddresses: ['127.0.0.1'] }),
  await makeSelfSigned('RSA'),
];
const put = (cert: string, key: string) => {
  writeFileSync(at('tls.crt'), cert);
  writeFileSync(at('tls.key'), key);
};

// [what lies there then, how it comes to lie there]
const BROKEN: readonly (readonly [what: string, lay: () => void])[] = [
  ["another pair's key", () => put(one.certPem, other.keyPem)],
  ['a key of another kind', () => put(one.certPem, rsa.keyPem)],
  ['an empty certificate', () => put('', one.keyPem)],
  ['an empty key', () => put(one.certPem, '')],
  ['half a certificate', () => put(one.certPem.slice(0, one.certPem.length / 2), one.keyPem)],
  ['no PEM', () => put('certificate', 'key')],
  ['certificate and key swapped', () => put(one.keyPem, one.certPem)],
  ['no certificate', () => rmSync(at('tls.crt'))],
  ['no key', () => rmSync(at('tls.key'))],
];

for (const [what, lay] of BROKEN)
  t.test(`${what}: refused, the old pair serves on, nobody is cut off`, async (t) => {
    put(one.certPem, one.keyPem);
    t.equal(gate.gate.reload(), true);
    const before = await serial();
    const [session, watch] = [await openSession(gate), await openWatch(gate)];
    const lines = gate.log.length;
    lay();
    t.equal(gate.gate.reload(), false);
    t.match(
      gate.log.slice(lines).join(''),
      /postern\.yaml:\d+:\d+ listen\.tls\.(cert|key)File: .*"configuration refused, the running one stays"/,
    );
    t.equal(await gate.metric('postern_config_last_reload_success'), 0);
    t.equal(await serial(), before);
    await session.say('still here');
    session.socket.end();
    watch.close();
  });

t.test(
  'a good pair, also with a key of another kind: the next caller gets it, connections go on',
  async (t) => {
    put(one.certPem, one.keyPem);
    gate.gate.reload();
    const before = await serial();
    const session = await openSession(gate);
    const kept = caller({ port: gate.port, ca: gate.ca }, 'h2');
    const call = { path: '/version', headers: ['authorization', `Bearer ${await gate.token()}`] };
    t.equal((await kept.call(call)).status, 200);
    put(rsa.certPem, rsa.keyPem);
    t.equal(gate.gate.reload(), true);
    t.not(await serial(), before);
    t.equal((await kept.call(call)).status, 200, 'over the connection that was there');
    await session.say('still here');
    session.socket.end();
    kept.close();
  },
);
