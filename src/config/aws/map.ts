// Who the identities of AWS are in Kubernetes, as the program uses it.

/** Who one identity is; names may hold placeholders. */
export interface Mapping {
  /** Canonical, in lower case. */
  readonly arn: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** Who is who. */
export interface IdentityMap {
  /** Each ARN once. */
  readonly mappings: readonly Mapping[];
  /** Accounts whose every identity may come, named by its ARN and without groups. */
  readonly accounts: readonly string[];
}
