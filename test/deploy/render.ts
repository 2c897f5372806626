// helm template as a function: values in, objects out.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type RunResult, run } from '../cluster/run.ts';
import { CHART, NAMESPACE } from './context.ts';

/** A Kubernetes object. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [key: string]: unknown;
}

/** What to render, and for which cluster. */
export interface Rendering {
  readonly values: object;
  /** Default 1.36.0. */
  readonly kubeVersion?: string;
  /** Kinds of other projects that the cluster has, as GROUP/VERSION/KIND. */
  readonly apis?: readonly string[];
}

let count = 0;

/** Runs helm template for the release `gate`; `dir` is for the file of values. */
export function template(
  helm: string,
  dir: string,
  { values, kubeVersion = '1.36.0', apis = [] }: Rendering,
): Promise<RunResult> {
  const file = join(dir, `values-${process.pid}-${count++}.json`);
  writeFileSync(file, JSON.stringify(values));
  const more = apis.flatMap((api) => ['--api-versions', api]);
  const args = [
    'template',
    'gate',
    CHART,
    '--namespace',
    NAMESPACE,
    '--values',
    file,
    '--kube-version',
    kubeVersion,
  ];
  return run(helm, [...args, ...more], { timeoutMs: 60_000, env: { HOME: dir } });
}

/** The objects of a stream of YAML; empty documents are none. */
export function parseObjects(text: string): readonly KubeObject[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
      return document.toJS() as KubeObject | null;
    })
    .filter((object) => object !== null);
}
