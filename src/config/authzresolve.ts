// Turns what the file says of `authorization` into what the program uses: absent conditions are empty lists, which fit everything. It is given
// valid data only.

import type { Static } from 'typebox';
import type { AuthorizationConfig, RuleConfig } from './authzconfig.ts';
import type { authorizationSchema } from './authzschema.ts';
import { parseDuration } from './units.ts';

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
