// The schema of authentication.awsIAM.

import { Type } from 'typebox';
import { oneOf, record, textOf } from '../keywords.ts';

/** authentication.awsIAM. */
export const awsIAMSchema = Type.Optional(
  record(
    {
      clusterID: textOf('awsClusterID', {
        description:
          'The name that callers sign for: the `--cluster-name` of `aws eks get-token`, the `-i` of aws-iam-authenticator. A token for another cluster is refused by STS.',
        examples: ['prod'],
      }),
      mapFile: textOf('file', {
        minLength: 1,
        description:
          'Who the identities of AWS are in Kubernetes: the `aws-auth` ConfigMap or its data, IAMIdentityMapping objects, or both, as YAML documents. It is read again when it changes.',
        examples: ['aws-auth.yaml'],
      }),
      stsRegions: Type.Array(textOf('awsRegion', {}), {
        minItems: 1,
        uniqueItems: true,
        description:
          'The regions whose STS is asked, and no other: the ones that callers have configured (`AWS_REGION`). `aws-global` is sts.amazonaws.com.',
        examples: [['eu-west-1']],
        'x-missing': 'name at least one region, as in stsRegions: [eu-west-1]',
      }),
      systemIdentities: Type.Optional(
        oneOf(['Refuse', 'Allow'], {
          description:
            'What becomes of mapped users and groups that begin with `system:` (such as `system:masters`). Refuse: the caller is rejected. Absent: `authentication.systemIdentities`.',
        }),
      ),
    },
    {
      description:
        'AWS IAM identities: tokens of `aws eks get-token` and aws-iam-authenticator (`k8s-aws-v1.…`).',
    },
  ),
);
