// Rows of the matrix: ways in, and who watches.

import { NAME, people, type Row, service } from './rows.ts';

/** The controllers' own words for letting TLS through. */
const PASSTHROUGH = {
  'ingress-nginx': { 'nginx.ingress.kubernetes.io/ssl-passthrough': 'true' },
  'haproxy-ingress': { 'haproxy-ingress.github.io/ssl-passthrough': 'true' },
  haproxytech: { 'haproxy.org/ssl-passthrough': 'true' },
} as const;

/** Ways in, and watching. */
export const NETWORK: readonly Row[] = [
  {
    for: 'AWS: a network load balancer that passes TCP and lets silent watches live',
    values: { config: people, service: { type: 'LoadBalancer', preset: 'aws-nlb', internal: false } },
    shows: service({
      metadata: {
        annotations: {
          'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internet-facing',
          'service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TCP-443':
            'tcp.idle_timeout.seconds=6000',
        },
      },
      spec: { type: 'LoadBalancer', loadBalancerClass: 'service.k8s.aws/nlb' },
    }),
  },
  {
    for: 'Google: a passthrough load balancer inside the network',
    values: {
      config: people,
      service: { type: 'LoadBalancer', preset: 'gcp', externalTrafficPolicy: 'Local' },
    },
    shows: service({
      metadata: { annotations: { 'networking.gke.io/load-balancer-type': 'Internal' } },
      spec: { externalTrafficPolicy: 'Local' },
    }),
  },
  {
    for: 'Azure: idle for a quarter of an hour',
    values: { config: people, service: { type: 'LoadBalancer', preset: 'azure', idleTimeoutSeconds: 900 } },
    shows: service({
      metadata: {
        annotations: {
          'service.beta.kubernetes.io/azure-load-balancer-internal': 'true',
          'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout': '15',
        },
      },
    }),
  },
  {
    for: "annotations of one's own over those of a preset",
    values: {
      config: people,
      service: {
        type: 'LoadBalancer',
        preset: 'azure',
        annotations: { 'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout': '4' },
        loadBalancerSourceRanges: ['203.0.113.0/24'],
      },
    },
    shows: service({
      metadata: { annotations: { 'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout': '4' } },
      spec: { loadBalancerSourceRanges: ['203.0.113.0/24'] },
    }),
  },
  {
    for: "a node port of one's own, both address families",
    values: {
      config: people,
      service: { type: 'NodePort', nodePort: 30443, ipFamilyPolicy: 'PreferDualStack' },
    },
    shows: service({
      spec: { type: 'NodePort', ports: [{ nodePort: 30443 }], ipFamilyPolicy: 'PreferDualStack' },
    }),
  },
  {
    for: 'a Gateway that lets TLS through',
    apis: ['gateway.networking.k8s.io/v1/TLSRoute'],
    values: {
      config: people,
      gateway: {
        enabled: true,
        parentRefs: [{ name: 'edge', sectionName: 'tls' }],
        hostnames: ['k8s.example.com'],
      },
    },
    shows: {
      [`TLSRoute/${NAME}`]: {
        apiVersion: 'gateway.networking.k8s.io/v1',
        spec: { hostnames: ['k8s.example.com'], rules: [{ backendRefs: [{ name: NAME, port: 443 }] }] },
      },
    },
  },
  ...(['ingress-nginx', 'haproxy-ingress', 'haproxytech', 'None'] as const).map(
    (passthrough): Row => ({
      for: `an Ingress, TLS passthrough of ${passthrough}`,
      values: {
        config: people,
        ingress: { enabled: true, className: 'edge', hosts: ['k8s.example.com'], passthrough },
      },
      shows: {
        [`Ingress/${NAME}`]: {
          metadata:
            passthrough === 'None' ? { annotations: undefined } : { annotations: PASSTHROUGH[passthrough] },
          spec: { ingressClassName: 'edge', rules: [{ host: 'k8s.example.com' }] },
        },
      },
    }),
  ),
  {
    for: 'a network policy: in on its port, metrics for Prometheus; out to API servers, issuers and DNS',
    values: {
      config: people,
      networkPolicy: { enabled: true, apiServer: { cidrs: ['10.96.0.1/32', '10.0.0.0/28'] } },
    },
    shows: {
      [`NetworkPolicy/${NAME}`]: {
        spec: {
          policyTypes: ['Ingress', 'Egress'],
          ingress: [{ ports: [{ port: 'https' }] }, { ports: [{ port: 'ops' }] }],
          egress: [
            { ports: [{ port: 53 }, { port: 53 }] },
            { ports: [{ port: 443 }, { port: 6443 }], to: [{ ipBlock: { cidr: '10.96.0.1/32' } }, {}] },
            { ports: [{ port: 443 }] },
          ],
        },
      },
    },
  },
  {
    for: 'all that the Prometheus operator and Grafana take',
    apis: ['monitoring.coreos.com/v1/ServiceMonitor'],
    values: {
      config: people,
      metrics: {
        serviceMonitor: { enabled: true, interval: '15s', labels: { release: 'prometheus' } },
        podMonitor: { enabled: true },
        rules: { enabled: true },
        dashboards: { enabled: true, annotations: { grafana_folder: 'Postern' } },
      },
    },
    shows: {
      [`ServiceMonitor/${NAME}`]: {
        metadata: { labels: { release: 'prometheus' } },
        spec: { endpoints: [{ port: 'ops', interval: '15s' }] },
      },
      [`PodMonitor/${NAME}`]: { spec: { podMetricsEndpoints: [{ port: 'ops' }] } },
      [`PrometheusRule/${NAME}`]: { spec: {} },
      [`Service/${NAME}-ops`]: { spec: { clusterIP: 'None', ports: [{ port: 9090 }] } },
    },
  },
];
