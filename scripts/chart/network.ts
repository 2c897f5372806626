// Values of the chart that say how callers reach Postern, whom it may reach, and what watches it.

import {
  flag,
  group,
  kubeList,
  strings,
  text,
  texts,
  type ValueNode,
  type Values,
  when,
  whole,
  word,
} from './node.ts';

const service = group(
  'The Service for callers.',
  {
    type: word('How it is reached.', 'ClusterIP', ['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: whole('Its port.', 443, { minimum: 1, maximum: 65535 }),
    nodePort: whole('The port on each node. null: the cluster chooses.', null, {
      minimum: 1,
      maximum: 65535,
    }),
    preset: word(
      "With LoadBalancer: annotations that make the cloud's load balancer pass TCP, with the longest idle timeout. aws-nlb: AWS Load Balancer Controller; gcp: GKE; azure: AKS.",
      '',
      ['', 'aws-nlb', 'gcp', 'azure'],
    ),
    internal: flag('With a preset: an address of the private network only.', true),
    idleTimeoutSeconds: whole(
      'With aws-nlb (60 to 6000) and azure (240 to 6000, in whole minutes): how long a silent connection lives. null: 6000 and 1800.',
      null,
      { minimum: 60, maximum: 6000 },
    ),
    annotations: strings('Annotations; they win over those of the preset.'),
    externalTrafficPolicy: word(
      "Local keeps callers' addresses and sends nothing over other nodes. Empty: the cluster's default.",
      '',
      ['', 'Cluster', 'Local'],
    ),
    loadBalancerClass: text('The class of the load balancer. Empty: the default, or what the preset needs.'),
    loadBalancerSourceRanges: texts('With LoadBalancer: ranges that may connect. Empty: all.', {
      examples: ['[203.0.113.0/24]'],
    }),
    clusterIP: text('A cluster IP of your choice.'),
    ipFamilyPolicy: word('One address family, or both.', '', [
      '',
      'SingleStack',
      'PreferDualStack',
      'RequireDualStack',
    ]),
  },
  [
    when(
      { properties: { type: { enum: ['ClusterIP', 'NodePort'] } }, required: ['type'] },
      { properties: { loadBalancerSourceRanges: { maxItems: 0 } } },
    ),
  ],
);

const gateway = group(
  'A TLSRoute of the Gateway API: TLS passes through and ends at Postern, so nothing is dropped.',
  {
    enabled: flag('Make it.', false),
    apiVersion: text('Empty: v1 where the cluster has it, else v1alpha2.', '', {
      schema: { pattern: '^(gateway\\.networking\\.k8s\\.io/v[0-9a-z]+)?$' },
    }),
    parentRefs: kubeList('The Gateways, and their listeners with protocol TLS and mode Passthrough.'),
    hostnames: texts('Names that callers use (SNI).'),
  },
  [
    when(
      { properties: { enabled: { const: true } }, required: ['enabled'] },
      { properties: { parentRefs: { minItems: 1 }, hostnames: { minItems: 1 } } },
    ),
  ],
);

const ingress = group(
  'An Ingress. With a passthrough controller TLS ends at Postern; any other is a layer-7 hop, which has to pass upgrades: docs/how-to/load-balancers.md.',
  {
    enabled: flag('Make it.', false),
    className: text('The ingress class.'),
    hosts: texts('Names that callers use.'),
    passthrough: word(
      'Whose annotation for TLS passthrough is set. None: TLS ends at the controller, which has to be told HTTPS backends, upgrades and timeouts by `annotations`.',
      'ingress-nginx',
      ['ingress-nginx', 'haproxy-ingress', 'haproxytech', 'None'],
    ),
    tlsSecret: text("With None: the Secret with the controller's certificate."),
    annotations: strings('More annotations.'),
  },
  [
    when(
      { properties: { enabled: { const: true } }, required: ['enabled'] },
      { properties: { hosts: { minItems: 1 } } },
    ),
  ],
);

const networkPolicy = group(
  "A NetworkPolicy. Probes come from the node, which network plugins let in; enforcing it is the network plugin's part.",
  {
    enabled: flag('Make it.', false),
    from: kubeList('Who may call, as `from` of a NetworkPolicy. Empty: everybody.'),
    opsFrom: kubeList('Who may read metrics, as `from`.', [
      { namespaceSelector: {}, podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } } },
    ]),
    apiServer: group('API servers.', {
      cidrs: texts('Their addresses. Empty: any address.'),
      ports: { description: 'Their ports.', default: [443, 6443], schema: portList() },
    }),
    issuers: group("Issuers' discovery documents and keys.", {
      cidrs: texts('Their addresses. Empty: any address.'),
      ports: { description: 'Their ports.', default: [443], schema: portList() },
    }),
    dns: kubeList('Where DNS is, as `to`. Empty: port 53 anywhere.', [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      },
    ]),
    extraEgress: kubeList('More rules of egress.'),
  },
);

function portList() {
  return { type: 'array', minItems: 1, items: { type: 'integer', minimum: 1, maximum: 65535 } };
}

function monitor(kind: string): ValueNode {
  return group(`A ${kind} of the Prometheus operator.`, {
    enabled: flag('Make it.', false),
    interval: text("How often it scrapes. Empty: Prometheus' default.", '', {
      schema: { pattern: '^([0-9]+(ms|s|m|h))*$' },
    }),
    labels: strings(
      'Labels, by which the operator finds it.',
      {},
      { examples: ['{release: kube-prometheus-stack}'] },
    ),
  });
}

/** Service, routes, policies, monitoring. */
export const networkValues: Values = {
  service,
  gateway,
  ingress,
  networkPolicy,
  metrics: group('What Prometheus and Grafana are told.', {
    serviceMonitor: monitor('ServiceMonitor'),
    podMonitor: monitor('PodMonitor'),
    rules: group('A PrometheusRule with the alerts of deploy/prometheus.', {
      enabled: flag('Make it.', false),
      labels: strings('Labels, by which the operator finds it.'),
    }),
    dashboards: group("The dashboards of deploy/grafana as ConfigMaps, for Grafana's sidecar.", {
      enabled: flag('Make them.', false),
      labels: strings('Labels, by which the sidecar finds them.', { grafana_dashboard: '1' }),
      annotations: strings(
        'Annotations, for the folder for instance.',
        {},
        { examples: ['{grafana_folder: Postern}'] },
      ),
    }),
  }),
};
