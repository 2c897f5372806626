// The table as kube-apiserver can read it: files of at most 64 entries, each entry with an issuer of its own.

import type { Entry, Row, Scenario, Topic } from './case.ts';
import type { Issuers } from './issuers.ts';

/** Most entries of one file, as in Kubernetes. */
const MAX_ENTRIES = 64;

/** A row with all that is needed to ask about it. */
export interface Case {
  /** topic: about: fact */
  readonly name: string;
  readonly topic: string;
  readonly scenario: Scenario;
  readonly row: Row;
  /** The path of its issuer. */
  readonly path: string;
}

/** One file and the cases that it answers. */
export interface Batch {
  readonly document: object;
  readonly cases: readonly Case[];
}

/** An AuthenticationConfiguration of these entries. */
export function toDocument(jwt: readonly object[]): object {
  return { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt };
}

/** Splits the table into files. */
export function makeBatches(topics: readonly Topic[], issuers: Issuers): readonly Batch[] {
  const scenarios = topics.flatMap(({ name, scenarios }) =>
    scenarios.map((scenario) => ({ name, scenario })),
  );
  const batches: Batch[] = [];
  for (let begin = 0; begin < scenarios.length; begin += MAX_ENTRIES) {
    const part = scenarios.slice(begin, begin + MAX_ENTRIES).map((one, index) => ({
      ...one,
      path: `/issuer-${begin + index}`,
    }));
    batches.push({
      document: toDocument(part.map(({ scenario, path }) => completeEntry(scenario.entry, path, issuers))),
      cases: part.flatMap(({ name, scenario, path }) =>
        scenario.rows.map((row) => ({
          name: `${name}: ${scenario.about}: ${row[0]}`,
          topic: name,
          ...{ scenario, row, path },
        })),
      ),
    });
  }
  return batches;
}

/** The entry with what most leave to us: an audience, and `sub` as the user name. */
export function completeEntry(entry: Entry, path: string, issuers: Issuers): object {
  const url = issuers.url(path);
  const { issuer = () => ({}), ...rest } = entry;
  return {
    issuer: { url, certificateAuthority: issuers.caPem, audiences: ['postern'], ...issuer(url) },
    claimMappings: { username: { claim: 'sub', prefix: '' } },
    ...rest,
  };
}

/** The token of a case. */
export function makeToken({ row: [, given], scenario, path }: Case, issuers: Issuers): Promise<string> {
  const { url = issuers.url(path) } = scenario.entry.issuer?.(issuers.url(path)) ?? {};
  const make = issuers.maker(path, url as string);
  return Promise.resolve(typeof given === 'function' ? given(make) : make.sign(given));
}
