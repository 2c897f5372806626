// The hosts of STS, as aws-sdk-go v1.44.332 resolves them (aws/endpoints/defaults.go), which is what aws-iam-authenticator accepts.
import t from 'tap';
import { stsHostsOf } from '../../../../src/config/aws/partitions.ts';

for (const [region, hosts] of [
  ['eu-west-1', ['aws sts.eu-west-1.amazonaws.com']],
  ['us-east-1', ['aws sts.us-east-1.amazonaws.com', 'aws sts-fips.us-east-1.amazonaws.com']],
  ['ap-southeast-4', ['aws sts.ap-southeast-4.amazonaws.com']],
  ['aws-global', ['aws sts.amazonaws.com']],
  ['cn-north-1', ['aws-cn sts.cn-north-1.amazonaws.com.cn']],
  ['us-gov-west-1', ['aws-us-gov sts.us-gov-west-1.amazonaws.com']],
  ['us-iso-east-1', ['aws-iso sts.us-iso-east-1.c2s.ic.gov']],
  ['us-isob-east-1', ['aws-iso-b sts.us-isob-east-1.sc2s.sgov.gov']],
  ['', []],
  ['EU-WEST-1', []],
  ['eu-west', []],
  ['eu-west-1.evil.com', []],
  ['eu-west-1\n', []],
  ['mars-north-1', []],
] as const) {
  t.test(`${JSON.stringify(region)} has ${hosts.length} hosts`, async (t) => {
    t.same(
      stsHostsOf(region).map(({ host, partition }) => `${partition} ${host}`),
      hosts,
    );
  });
}
