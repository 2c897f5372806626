// The rules of `authorization` once they were read and checked: absent conditions are empty lists or '', which fit everything.

import type { Static } from 'typebox';
import type { authorizationSchema } from './authzschema.ts';
import { parseDuration } from './units.ts';

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

type FileAuthorization = Static<typeof authorizationSchema>;
type FileRule = FileAuthorization['rules'][number];

/** From the file's data, which passed all checks. */
export function resolveAuthorization(file: FileAuthorization): AuthorizationConfig {
  return { default: file.default, rules: file.rules.map(resolveRule) };
}

function resolveRule(rule: FileRule): RuleConfig {
  return {
    name: rule.name,
    users: rule.users ?? [],
    userGroups: rule.userGroups ?? [],
    issuers: rule.issuers ?? [],
    clusters: rule.clusters ?? [],
    verbs: rule.verbs ?? [],
    resources: (rule.resources ?? []).map(({ group, resources, resourceNames }) => ({
      group,
      resources: resources ?? [],
      resourceNames: resourceNames ?? [],
    })),
    namespaces: rule.namespaces ?? [],
    nonResourceURLs: rule.nonResourceURLs ?? [],
    classes: rule.classes ?? [],
    commands: (rule.commands ?? []).map(({ prefix, argv }) => ({
      words: argv ?? prefix ?? [],
      isWhole: argv !== undefined,
    })),
    when: rule.when ?? '',
    decision: rule.decision,
    message: (rule.message ?? '').trim(),
    require: {
      claims: rule.require?.claims ?? [],
      maxAuthAgeMs: parseDuration(rule.require?.maxAuthAge ?? '0s') ?? 0,
      reason: rule.require?.reason ?? false,
      expressions: rule.require?.expressions ?? [],
    },
  };
}
