// The rows of the error table about identities of AWS IAM. errortable.ts has the meaning of the fields and takes these rows in.

/** Rows of the table. */
export const AWS_ERRORS = {
  AWS_TOKEN_MALFORMED: {
    status: 401,
    text: 'the AWS token cannot be used here: make it with "aws eks get-token" or aws-iam-authenticator, for this cluster and in its region',
    when: 'A token that begins with `k8s-aws-v1.` is not a presigned GetCallerIdentity request to the STS of a configured region, exactly as those tools make it.',
    solve:
      'The log says what is wrong with it. Often the caller’s region is none of `awsIAM.stsRegions`: set `AWS_REGION`, or add the region.',
  },
  AWS_TOKEN_REFUSED: {
    status: 401,
    text: 'AWS does not accept the token: check the name of the cluster that it is made for and that your AWS credentials still hold ("aws sts get-caller-identity"), and log in again',
    when: 'STS refused the presigned request: it was signed for another cluster than `awsIAM.clusterID`, or with credentials that have ended.',
    solve:
      'The log has the code of STS. `SignatureDoesNotMatch`: compare `--cluster-name` with `awsIAM.clusterID`.',
  },
  AWS_IDENTITY_UNMAPPED: {
    status: 403,
    text: 'Your AWS identity is good, but it is not mapped to a user of this cluster. Use the role that is meant for it ("aws sts get-caller-identity" shows yours), or ask the administrator of this gate.',
    when: 'The ARN is not in `awsIAM.mapFile`, or its entry is one for nodes.',
    solve: 'The log has the ARN, in the form to be mapped. Add it to `mapRoles` or `mapUsers`.',
  },
} as const;
