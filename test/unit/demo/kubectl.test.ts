import t from 'tap';
import { findKubectl, judge } from '../../../src/demo/kubectl.ts';
import { refuseAddress } from '../../../src/demo/loopback.ts';
import { hostPort } from '../../../src/hostport.ts';

t.test('the version that kubectl prints decides', async (t) => {
  const printed = (version: string) =>
    JSON.stringify({ clientVersion: { major: '1', gitVersion: version } }, null, 2);
  t.same(judge(printed('v1.35.1')), { usable: true, version: 'v1.35.1' });
  t.same(judge(printed('v1.20.15')), { usable: true, version: 'v1.20.15' });
  t.same(judge(printed('v1.32.4-dispatcher')), { usable: true, version: 'v1.32.4-dispatcher' });
  t.match(judge(printed('v1.19.7')), {
    usable: false,
    hint: /your kubectl is v1\.19\.7; .*v1\.20 and newer/,
  });
  for (const odd of ['', 'Client Version: v1.30', '{}', '{"gitVersion": 3}'])
    t.match(judge(odd), { usable: false, hint: /does not tell its version/ }, odd);
});

t.test('no kubectl at all is said', async (t) => {
  t.match(await findKubectl('/nowhere'), { usable: false, hint: /not on your PATH/ });
  t.match(await findKubectl(undefined), { usable: false });
});

t.test('loopback only', async (t) => {
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
    t.equal(refuseAddress(address), undefined, address);
  for (const address of [
    '0.0.0.0',
    '::',
    '',
    '192.168.1.2',
    '127.0.0.1.example.com',
    'example.com',
    '1270.0.0.1',
  ])
    t.match(refuseAddress(address), /loopback only/, address);
  t.equal(hostPort('::1', 80), '[::1]:80');
  t.equal(hostPort('127.0.0.1', 0), '127.0.0.1:0');
});
