// Open sessions of AWS identities, and what takes them away: the map, the door. STS is a local one.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { ended, endsBy, reconfigure } from '../fakes/ends.ts';
import { type Credential, openWebSocket } from '../fakes/execs.ts';
import type { TestGate } from '../fakes/gate.ts';
import { startPracticeGate } from '../fakes/practicegate.ts';
import { ACCOUNT, makeSession } from '../fakes/principals.ts';
import { presign, tokenOf } from '../fakes/sigv4.ts';
import { startSts } from '../fakes/sts.ts';

const dev = makeSession('Dev', 'jo');

function mapOf(role: string, username = 'dev:{{SessionName}}', groups = '[engineers]'): string {
  return `mapRoles: |
  - rolearn: arn:aws:iam::${ACCOUNT}:role/${role}
    username: ${username}
    groups: ${groups}
`;
}

async function startForAws(t: Test): Promise<{ gate: TestGate; credential: Credential }> {
  const sts = await startSts({ principals: [dev] });
  const { gate } = ended(
    t,
    await startPracticeGate({
      stsRoute: sts.route,
      before: (dir) => writeFileSync(join(dir, 'aws-auth.yaml'), mapOf('Dev')),
      authentication: { awsIAM: { clusterID: 'prod', mapFile: 'aws-auth.yaml', stsRegions: ['eu-west-1'] } },
    }),
  );
  t.teardown(() => sts.close());
  const signed = presign({ credentials: dev, clusterID: 'prod', region: 'eu-west-1', now: Date.now() });
  return { gate, credential: { token: tokenOf(signed) } };
}

const MAPPED = /because its AWS identity is mapped to somebody else now, or to nobody/;
for (const [what, map, detail] of [
  ['to nobody', mapOf('Other'), /is neither mapped nor of a mapped account/],
  ['to another user', mapOf('Dev', 'other'), /the map gives another user/],
  ['to other groups', mapOf('Dev', undefined, '[engineers, more]'), /the map gives another user/],
  ['to a name of the system', mapOf('Dev', 'system:dev'), /begins with system:/],
] as const)
  t.test(`the map of AWS changes ${what}: seen when the file changes`, async (t) => {
    const { gate, credential } = await startForAws(t);
    const change = () => writeFileSync(join(gate.dir, 'aws-auth.yaml'), map);
    await endsBy(t, gate, credential, change, { told: MAPPED, detail });
  });

t.test('a change of the map that is about somebody else takes nobody away', async (t) => {
  const { gate, credential } = await startForAws(t);
  const session = await openWebSocket(gate, credential);
  writeFileSync(join(gate.dir, 'aws-auth.yaml'), `${mapOf('Dev')}mapAccounts: ["444455556666"]\n`);
  t.ok(gate.gate.reload());
  t.equal(session.websocket.readyState, WebSocket.OPEN);
  t.equal(session.heard[3], undefined);
  session.websocket.close();
});

for (const [what, awsIAM, expected] of [
  [
    'is removed',
    undefined,
    { told: /because identities of AWS are not accepted any more/, detail: /identities of AWS/ },
  ],
  [
    'has another clusterID',
    { clusterID: 'other', mapFile: 'aws-auth.yaml', stsRegions: ['eu-west-1'] },
    { told: /no longer accepts who opened it/, detail: /awsIAM\.clusterID is another one now/ },
  ],
] as const)
  t.test(`awsIAM ${what}`, async (t) => {
    const { gate, credential } = await startForAws(t);
    await endsBy(t, gate, credential, () => reconfigure(gate, { awsIAM }), expected);
  });
