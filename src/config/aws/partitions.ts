// The partitions of AWS and the hosts at which their STS answers, after aws-sdk-go's table (aws/endpoints/defaults.go), which is what
// aws-iam-authenticator asks. A host is only ever made from a region that was configured: nothing that a caller sends adds one.

/** A region's STS: the host, and the partition that its identities are of. */
export interface StsHost {
  readonly host: string;
  /** As in an ARN's second part: `aws`, `aws-cn`, `aws-us-gov` … */
  readonly partition: string;
}

interface Partition {
  readonly id: string;
  readonly dnsSuffix: string;
  readonly region: RegExp;
}

/** The name of the one STS without a region (sts.amazonaws.com), as the SDKs call it. */
export const GLOBAL_REGION = 'aws-global';

const PARTITIONS: readonly Partition[] = [
  { id: 'aws', dnsSuffix: 'amazonaws.com', region: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+$/ },
  { id: 'aws-cn', dnsSuffix: 'amazonaws.com.cn', region: /^cn-[a-z]+-\d+$/ },
  { id: 'aws-us-gov', dnsSuffix: 'amazonaws.com', region: /^us-gov-[a-z]+-\d+$/ },
  { id: 'aws-iso', dnsSuffix: 'c2s.ic.gov', region: /^us-iso-[a-z]+-\d+$/ },
  { id: 'aws-iso-b', dnsSuffix: 'sc2s.sgov.gov', region: /^us-isob-[a-z]+-\d+$/ },
  { id: 'aws-iso-e', dnsSuffix: 'cloud.adc-e.uk', region: /^eu-isoe-[a-z]+-\d+$/ },
  { id: 'aws-iso-f', dnsSuffix: 'csp.hci.ic.gov', region: /^us-isof-[a-z]+-\d+$/ },
];
/** Regions with a second host for FIPS 140; GovCloud's only host is one already. */
const FIPS_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2']);

/** Whether an ARN may name this partition. */
export function isPartition(id: string): boolean {
  return PARTITIONS.some((partition) => partition.id === id);
}

/** The STS hosts of a region or of `aws-global`; none when there is no such region. */
export function stsHostsOf(region: string): readonly StsHost[] {
  if (region === GLOBAL_REGION) return [{ host: 'sts.amazonaws.com', partition: 'aws' }];
  const partition = PARTITIONS.find((one) => one.region.test(region));
  if (partition === undefined) return [];
  const names = FIPS_REGIONS.has(region) ? ['sts', 'sts-fips'] : ['sts'];
  return names.map((name) => ({
    host: `${name}.${region}.${partition.dnsSuffix}`,
    partition: partition.id,
  }));
}
