// Values of the chart that shape the Deployment: image, replicas, resources, where pods run, how they are replaced.

import {
  flag,
  group,
  kubeList,
  kubeObject,
  share,
  strings,
  text,
  texts,
  type Values,
  whole,
  word,
} from './node.ts';

/** Image, naming, replicas. */
export const workloadValues: Values = {
  nameOverride: text("Replaces the chart's name in names and labels."),
  fullnameOverride: text('Replaces the whole name of the objects. Empty: made of the release and the chart.'),
  commonLabels: strings("Labels on every object, beside the chart's own."),
  image: group("The image: build it from the repository's Dockerfile and push it to a registry of yours.", {
    repository: text('Registry and name.', 'postern', { schema: { minLength: 1 } }),
    tag: text("The tag. Empty: the chart's appVersion."),
    digest: text('The digest, which wins over the tag.', '', {
      schema: { pattern: '^(sha256:[0-9a-f]{64})?$' },
    }),
    pullPolicy: word('When the kubelet pulls it.', 'IfNotPresent', ['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: kubeList('Secrets for the registry, each `{name: …}`.'),
  replicaCount: whole('Replicas, where autoscaling is off. They share nothing: each serves any caller.', 2, {
    minimum: 0,
  }),
  workers: whole(
    'Processes in a replica that share its port. More replicas are better than more workers: docs/how-to/workers.md.',
    1,
    { minimum: 1, maximum: 64 },
  ),
  resources: kubeObject(
    'Requests and limits of the container. An idle session takes 136 kB (docs/benchmarks.md), so the limit leaves room for some two thousand. No CPU limit: a throttled gate is a slow kubectl for everybody.',
    { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '512Mi' } },
  ),
  rollout: group('How a changed Deployment replaces its pods.', {
    maxSurge: share('Pods that may be there beside the wanted ones.', 1),
    maxUnavailable: share('Wanted pods that may be missing meanwhile.', 0),
    onConfigChange: flag(
      'Replace the pods for every change of the configuration. Off: running gates take a change up by themselves, with no connection cut, and pods are replaced only for what counts after a restart.',
      false,
    ),
  }),
  drain: group('How a pod ends. `config.sessions.drainTimeout` says how long open sessions may go on.', {
    preStopSeconds: whole(
      'Time between "no longer an endpoint" and SIGTERM, so that nothing new is sent to a gate that refuses it. Needs Kubernetes 1.30 (the `sleep` lifecycle handler); left out on older ones. 0: none.',
      5,
      { minimum: 0 },
    ),
    marginSeconds: whole('Time beyond preStop, drainDelay and drainTimeout before the kubelet kills.', 15, {
      minimum: 10,
    }),
    terminationGracePeriodSeconds: whole('Replaces the sum. null: the sum.', null, {
      minimum: 1,
    }),
  }),
};

/** Where pods run and as what. */
export const placementValues: Values = {
  podAnnotations: strings('Annotations of the pods.'),
  podLabels: strings("Labels of the pods, beside the chart's own."),
  priorityClassName: text(
    "The pods' priority class. Whoever is locked out of a full cluster comes through these pods.",
    '',
    {
      examples: ['system-cluster-critical'],
    },
  ),
  nodeSelector: strings('Labels that a node must have.'),
  tolerations: kubeList('Taints that the pods put up with.'),
  podAntiAffinity: word(
    "Whether replicas keep off each other's nodes: Soft prefers it, Hard insists.",
    'Soft',
    ['Soft', 'Hard', 'None'],
  ),
  affinity: kubeObject('Replaces what podAntiAffinity makes.'),
  topologySpread: word('Spreads the replicas over zones: Soft prefers it, Hard insists.', 'Soft', [
    'Soft',
    'Hard',
    'None',
  ]),
  topologySpreadConstraints: kubeList('Replaces what topologySpread makes.'),
  podSecurityContext: kubeObject("The pod's security context.", {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  }),
  securityContext: kubeObject("The container's security context.", {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  }),
  probes: group('Timing of the probes on the ops port.', {
    startup: kubeObject('/livez, until the gate listens for the first time.', {
      periodSeconds: 1,
      failureThreshold: 60,
    }),
    liveness: kubeObject('/livez.', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    readiness: kubeObject('/readyz.', { periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 }),
  }),
  env: kubeList('Environment variables, as in a container.'),
  overrides: texts('`--set` for postern itself, each `path=value`: wins over the file.', {
    examples: ['log.level=debug'],
  }),
  extraVolumes: kubeList(
    'More volumes of the pod: Secrets with kubeconfigs of other clusters, for instance.',
  ),
  extraVolumeMounts: kubeList(
    'Where the container sees them. Without subPath: Kubernetes does not renew those.',
  ),
  podDisruptionBudget: group('Keeps a drained node from taking all replicas at once.', {
    enabled: flag('Make one.', true),
    maxUnavailable: share('Pods that may be away.', 1),
  }),
  autoscaling: group(
    'A HorizontalPodAutoscaler. It removes one pod at a time and only after a while: each removal ends sessions after drainTimeout.',
    {
      enabled: flag('Make one; replicaCount is not used then.', false),
      minReplicas: whole('Replicas at least.', 2, { minimum: 1 }),
      maxReplicas: whole('Replicas at most.', 10, { minimum: 1 }),
      cpuPercent: whole('Mean CPU in percent of the request. null: CPU does not count.', 70, { minimum: 1 }),
      sessionsPerPod: whole(
        'Mean of postern_sessions_open per pod, which needs a metrics adapter that serves it as a pods metric. null: sessions do not count.',
        null,
        { minimum: 1 },
      ),
      metrics: kubeList('More metrics, as in autoscaling/v2.'),
      behavior: kubeObject('Replaces how fast it scales.', {
        scaleDown: {
          stabilizationWindowSeconds: 1800,
          policies: [{ type: 'Pods', value: 1, periodSeconds: 600 }],
        },
      }),
    },
  ),
};
