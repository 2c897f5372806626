// Who calls STS, as an ARN. Rows marked K are aws-iam-authenticator's own (pkg/arn/arn.go's table of resources); the others are what it
// leaves to AWS and is checked here.
import t from 'tap';
import { parsePrincipal } from '../../../../src/config/aws/arn.ts';

const ID = '123456789012';

for (const [arn, type, canonical, session] of [
  [`arn:aws:iam::${ID}:root`, 'root', `arn:aws:iam::${ID}:root`, ''], // K
  [`arn:aws:iam::${ID}:user/Bob`, 'user', `arn:aws:iam::${ID}:user/Bob`, ''], // K
  [`arn:aws:iam::${ID}:user/team/Bob`, 'user', `arn:aws:iam::${ID}:user/team/Bob`, ''],
  [`arn:aws:iam::${ID}:role/S3Access`, 'role', `arn:aws:iam::${ID}:role/S3Access`, ''], // K
  [
    `arn:aws:sts::${ID}:assumed-role/Accounting-Role/Mary`,
    'assumed-role',
    `arn:aws:iam::${ID}:role/Accounting-Role`,
    'Mary',
  ], // K
  [`arn:aws:sts::${ID}:assumed-role/a/b/Mary`, 'assumed-role', `arn:aws:iam::${ID}:role/a/b`, 'Mary'], // K
  [`arn:aws-cn:sts::${ID}:assumed-role/R/i-0`, 'assumed-role', `arn:aws-cn:iam::${ID}:role/R`, 'i-0'],
  [
    `arn:aws-us-gov:sts::${ID}:assumed-role/R/a@b.c`,
    'assumed-role',
    `arn:aws-us-gov:iam::${ID}:role/R`,
    'a@b.c',
  ],
  [`arn:aws:sts::${ID}:federated-user/Bob`, 'federated-user', `arn:aws:sts::${ID}:federated-user/Bob`, ''], // K
] as const) {
  t.test(`${arn} is ${canonical}`, async (t) => {
    const parsed = parsePrincipal(arn);
    t.match(parsed, { ok: true, arn: { type, canonical, session, account: ID } });
  });
}

for (const [arn, problem] of [
  ['', /form/],
  ['NOT AN ARN', /form/], // K
  [`arn:aws:iam::${ID}`, /form/],
  [`arn:imaginary:iam::${ID}:role/x`, /partition/], // K
  [`arn:aws:iam:eu-west-1:${ID}:role/x`, /region/],
  ['arn:aws:iam::1234:role/x', /account/],
  ['arn:aws:iam::12345678901a:role/x', /account/],
  [`arn:aws:s3::${ID}:role/x`, /none of/], // K
  [`arn:aws:iam::${ID}:group/x`, /none of/], // K
  [`arn:aws:sts::${ID}:role/x`, /none of/], // K
  [`arn:aws:iam::${ID}:rooted`, /none of/],
  [`arn:aws:iam::${ID}:role/`, /empty/],
  [`arn:aws:sts::${ID}:assumed-role/x`, /without a session/], // K
  [`arn:aws:sts::${ID}:assumed-role//x`, /empty/],
  [`arn:aws:iam::${ID}:role/x y`, /character/],
  [`arn:aws:iam::${ID}:role/x\n`, /character/],
  [`arn:aws:iam::${ID}:role/${'x'.repeat(2048)}`, /long/],
] as const) {
  t.test(`${JSON.stringify(arn.slice(0, 60))} is none`, async (t) => {
    const parsed = parsePrincipal(arn);
    t.match(parsed, { ok: false, problem });
  });
}
