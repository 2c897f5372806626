// A deployment `web` under test: its changes, its replica sets in order, and whether it is rolled out.

import type { Cluster, Deep } from './cluster.ts';

export const REVISION = 'deployment.kubernetes.io/revision';

export const condition = (object: Deep, type: string) =>
  object.status.conditions.find((one: Deep) => one.type === type);

export const edit = (cluster: Cluster, spec: (spec: Deep) => object) =>
  cluster.change('deployments', 'web', (web) => ({
    ...web,
    metadata: { ...web.metadata, generation: web.metadata.generation + 1 },
    spec: spec(web.spec),
  }));

export const setImage = (cluster: Cluster, image: string) =>
  edit(cluster, (spec) => ({
    ...spec,
    template: { ...spec.template, spec: { containers: [{ name: 'app', image }] } },
  }));

export const sets = (cluster: Cluster) =>
  cluster
    .names('replicasets')
    .map((name) => cluster.read('replicasets', name))
    .sort((a, b) => Number(a.metadata.annotations[REVISION]) - Number(b.metadata.annotations[REVISION]));

export const sizes = (cluster: Cluster) => sets(cluster).map(({ spec }) => spec.replicas);

/** As kubectl's DeploymentStatusViewer. */
export function isRolledOut({ metadata, spec, status }: Deep): boolean {
  return (
    metadata.generation <= status.observedGeneration &&
    status.updatedReplicas >= spec.replicas &&
    status.replicas <= status.updatedReplicas &&
    status.availableReplicas >= status.updatedReplicas
  );
}
