// The defaults of pods and pod templates (k8s.io/kubernetes pkg/apis/core/v1/defaults.go), and what admission adds to every pod.

import { eachOf, fill, isJsonObject, isUnset, type JsonObject, objectOf, within } from './json.ts';

const TERMINATION_GRACE_SECONDS = 30;
const TOKEN_SECONDS = 3600;
/** 0644. */
const FILE_MODE = 420;
/** How long a pod stays on a node that is gone (admission DefaultTolerationSeconds). */
const NODE_GONE_SECONDS = 300;

const POD_SPEC = {
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: TERMINATION_GRACE_SECONDS,
};

const PROBE = { failureThreshold: 3, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1 };

const VOLUME_NAME = 'name';

/** A pod: its specification, and what only pods themselves get. */
export function defaultPod(pod: JsonObject): JsonObject {
  return within(pod, 'spec', (spec) => ownDefaults(defaultPodSpec(spec)));
}

/** The template of a Deployment or ReplicaSet. */
export function defaultTemplate(template: JsonObject): JsonObject {
  return within(template, 'spec', defaultPodSpec);
}

/** Always for the tag `latest` and for none at all, IfNotPresent for another tag or a digest. */
export function pullPolicyOf(image: string): string {
  const [name = '', digest] = image.split('@');
  const tag = /:([^:/]+)$/.exec(name)?.[1] ?? (digest === undefined ? 'latest' : '');
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** What SetDefaults_Pod and the admission plugins do for pods, and not for templates. */
function ownDefaults(spec: JsonObject): JsonObject {
  const account = isUnset(spec['serviceAccountName']) ? 'default' : spec['serviceAccountName'];
  const filled = fill(spec, {
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    serviceAccount: account,
    serviceAccountName: account,
  });
  const inits = eachOf(filled, 'initContainers', requestLimits);
  return { ...eachOf(inits, 'containers', requestLimits), tolerations: tolerationsOf(spec['tolerations']) };
}

function tolerationsOf(given: unknown): unknown {
  if (!isUnset(given) && !Array.isArray(given)) return given;
  const list: unknown[] = Array.isArray(given) ? given : [];
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) => !list.some((one) => tolerates(objectOf(one), key)),
  );
  const added = missing.map((key) => ({
    effect: 'NoExecute',
    key,
    operator: 'Exists',
    tolerationSeconds: NODE_GONE_SECONDS,
  }));
  return [...list, ...added];
}

function tolerates({ effect, key }: JsonObject, taint: string): boolean {
  return (isUnset(key) || key === taint) && (isUnset(effect) || effect === 'NoExecute');
}

/** Requests that are not said are the limits. */
function requestLimits(container: JsonObject): JsonObject {
  return within(container, 'resources', (resources) => {
    const { limits } = resources;
    return isJsonObject(limits)
      ? { ...resources, requests: { ...limits, ...objectOf(resources['requests']) } }
      : resources;
  });
}

function defaultPodSpec(spec: JsonObject): JsonObject {
  // The two names of the service account are one in the API server's own types, so that each shows as both.
  const account = isUnset(spec['serviceAccountName']) ? spec['serviceAccount'] : spec['serviceAccountName'];
  const names = isUnset(account) ? {} : { serviceAccount: account, serviceAccountName: account };
  const filled = fill(spec, { ...POD_SPEC, ...names });
  const container = (one: JsonObject): JsonObject => defaultContainer(one, spec['hostNetwork'] === true);
  const lists = ['initContainers', 'containers', 'ephemeralContainers'];
  const contained = lists.reduce((done, name) => eachOf(done, name, container), filled);
  return eachOf(contained, 'volumes', defaultVolume);
}

function defaultContainer(container: JsonObject, hostNetwork: boolean): JsonObject {
  const { image } = container;
  const filled = fill(container, {
    imagePullPolicy: typeof image === 'string' ? pullPolicyOf(image) : undefined,
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  const sized = within(filled, 'resources', (resources) =>
    within(within(resources, 'limits', quantitiesAsText), 'requests', quantitiesAsText),
  );
  const ports = eachOf(sized, 'ports', (port) =>
    fill(port, { protocol: 'TCP', hostPort: hostNetwork ? port['containerPort'] : undefined }),
  );
  const env = eachOf(ports, 'env', (one) => within(one, 'valueFrom', defaultFieldSource));
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'];
  const probed = probes.reduce((done, name) => within(done, name, defaultProbe), env);
  return within(probed, 'lifecycle', (lifecycle) =>
    within(within(lifecycle, 'postStart', defaultHandler), 'preStop', defaultHandler),
  );
}

/** `cpu: 1` is stored as `cpu: "1"`. */
function quantitiesAsText(quantities: JsonObject): JsonObject {
  const entries = Object.entries(quantities);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
  );
}

function defaultProbe(probe: JsonObject): JsonObject {
  // Zero counts as unset here, unlike in initialDelaySeconds.
  const said = Object.fromEntries(
    Object.entries(probe).filter(([name, value]) => !(name in PROBE && value === 0)),
  );
  const counted = fill(said, PROBE);
  // An empty service is written out: it is a pointer that defaults to ''.
  return within(defaultHandler(counted), 'grpc', (grpc) => ({ service: '', ...grpc }));
}

function defaultHandler(handler: JsonObject): JsonObject {
  return within(handler, 'httpGet', (get) => fill(get, { path: '/', scheme: 'HTTP' }));
}

/** The sources of an environment variable and of a file of the downward API. */
function defaultFieldSource(source: JsonObject): JsonObject {
  const field = within(source, 'fieldRef', (ref) => fill(ref, { apiVersion: 'v1' }));
  return within(field, 'resourceFieldRef', (ref) => fill(ref, { divisor: '0' }));
}

function defaultVolume(volume: JsonObject): JsonObject {
  const sources = Object.entries(volume).filter(([name, source]) => name !== VOLUME_NAME && !isUnset(source));
  if (sources.length === 0) return { ...volume, emptyDir: {} };
  const files = ['configMap', 'secret', 'projected', 'downwardAPI'];
  const moded = files.reduce(
    (done, name) => within(done, name, (one) => fill(one, { defaultMode: FILE_MODE })),
    volume,
  );
  const projected = within(moded, 'projected', (one) => eachOf(one, 'sources', defaultProjection));
  const downward = within(projected, 'downwardAPI', (one) => eachOf(one, 'items', defaultFieldSource));
  const image = within(downward, 'image', (one) => {
    const { reference } = one;
    return typeof reference === 'string' ? fill(one, { pullPolicy: pullPolicyOf(reference) }) : one;
  });
  const claimed = within(image, 'ephemeral', (one) =>
    within(one, 'volumeClaimTemplate', (claim) =>
      within(claim, 'spec', (spec) => fill(spec, { volumeMode: 'Filesystem' })),
    ),
  );
  return within(claimed, 'hostPath', (one) => ({ type: '', ...one }));
}

function defaultProjection(source: JsonObject): JsonObject {
  const token = within(source, 'serviceAccountToken', (one) =>
    fill(one, { expirationSeconds: TOKEN_SECONDS }),
  );
  return within(token, 'downwardAPI', (one) => eachOf(one, 'items', defaultFieldSource));
}
