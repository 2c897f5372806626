// The rules of `authorization` once they were read and checked: absent conditions are empty lists or '', which fit everything.

/** What a rule says of resources; empty lists fit everything. */
export interface ResourceCondition {
  readonly group: string;
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** A command of exec: its first words, or all of it. */
export interface CommandCondition {
  readonly words: readonly string[];
  readonly isWhole: boolean;
}

/** What a Require asks for. */
export interface RequirementConfig {
  readonly claims: readonly { readonly claim: string; readonly anyOf: readonly string[] }[];
  /** ms; 0 for any. */
  readonly maxAuthAgeMs: number;
  readonly reason: boolean;
  readonly expressions: readonly { readonly expression: string; readonly message: string }[];
}

/** One rule. */
export interface RuleConfig {
  readonly name: string;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly issuers: readonly string[];
  readonly clusters: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly ResourceCondition[];
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly classes: readonly 'interactive'[];
  readonly commands: readonly CommandCondition[];
  /** A CEL expression; '' for none. */
  readonly when: string;
  readonly decision: 'Allow' | 'Deny' | 'Require';
  /** '' for none. */
  readonly message: string;
  readonly require: RequirementConfig;
}

/** The whole of `authorization`. */
export interface AuthorizationConfig {
  readonly default: 'Allow' | 'Deny';
  readonly rules: readonly RuleConfig[];
}
