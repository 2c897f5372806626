// Which kind of traffic a request is: short, watch, log or an interactive session, and the bounded words that metrics may say about it.
// The long-running test is kube-apiserver's (verbs watch and proxy; subresources attach, exec, proxy, log, portforward). Labels are taken
// from the API's own vocabulary (api/discovery of kubernetes/kubernetes at 1.36); everything else is `other`, so that no caller can grow it.

import type { RequestInfo } from './requestinfo.ts';

/** The kinds of an upgraded session; '' is none. */
export type SessionKind = 'exec' | 'attach' | 'portforward' | 'proxy' | '';

/** True when the request may stay open for long: no deadline, and no place among the short requests in flight. */
export function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResourceRequest) return info.path.startsWith('/debug/pprof/');
  return info.verb === 'watch' || info.verb === 'proxy' || LONG_RUNNING_SUBRESOURCES.has(info.subresource);
}

/** The session that an upgrade of this request opens; '' for requests that are not upgraded (a watch or log over WebSocket included). */
export function sessionKind(info: RequestInfo): SessionKind {
  if (!info.isResourceRequest) return '';
  if (info.verb === 'proxy') return 'proxy';
  return SESSION_SUBRESOURCES.get(info.subresource) ?? '';
}

/** The gauge that a plain request counts in: `watch`, `log` (following or not), otherwise `short`. */
export function requestKind(info: RequestInfo): 'short' | 'watch' | 'log' {
  if (!info.isResourceRequest) return 'short';
  if (info.verb === 'watch') return 'watch';
  return info.subresource === 'log' ? 'log' : 'short';
}

/** How much a request is about, as the API server's metrics have it (CleanScope): a create counts as one resource. */
export function requestScope(info: RequestInfo): 'resource' | 'namespace' | 'cluster' | 'nonresource' {
  if (!info.isResourceRequest) return 'nonresource';
  if (info.name !== '' || info.verb === 'create') return 'resource';
  return info.namespace === '' ? 'cluster' : 'namespace';
}

/**
 * True for everything that can run code in, or open a channel to, something in the cluster, whatever the method (a WebSocket exec is a
 * GET): exec, attach, portforward, ephemeralcontainers and every proxy, thereby also nodes/N/proxy/{exec,run,attach,portForward}.
 */
export function isInteractive(info: RequestInfo): boolean {
  if (!info.isResourceRequest) return false;
  return sessionKind(info) !== '' || info.subresource === 'ephemeralcontainers';
}

/** The resource as a metric label: a built-in resource in its own group, `other`, or '' for a non-resource request. */
export function knownResource(info: RequestInfo): string {
  if (!info.isResourceRequest) return '';
  return RESOURCES.get(info.apiGroup)?.has(info.resource) === true ? info.resource : 'other';
}

/** The API groups that have a built-in resource of that name; none for names that no built-in resource has. */
export function knownGroups(resource: string): readonly string[] {
  return [...RESOURCES].filter(([, names]) => names.has(resource)).map(([group]) => group);
}

/** The verb as a metric label: an API verb, a lower-case HTTP method for a non-resource request, `other`, or ''. */
export function knownVerb(info: RequestInfo): string {
  return info.verb === '' || VERBS.has(info.verb) ? info.verb : 'other';
}

/** The subresource as a metric label: one of the built-in ones, `other`, or '' when there is none. */
export function knownSubresource(info: RequestInfo): string {
  return info.subresource === '' || SUBRESOURCES.has(info.subresource) ? info.subresource : 'other';
}

const LONG_RUNNING_SUBRESOURCES: ReadonlySet<string> = new Set([
  'attach',
  'exec',
  'proxy',
  'log',
  'portforward',
]);

const SESSION_SUBRESOURCES: ReadonlyMap<string, SessionKind> = new Map([
  ['exec', 'exec'],
  ['attach', 'attach'],
  ['portforward', 'portforward'],
  ['proxy', 'proxy'],
]);

const VERBS: ReadonlySet<string> = new Set(
  words(`get list watch create update patch delete deletecollection proxy
    head post put options connect trace`),
);

const SUBRESOURCES: ReadonlySet<string> = new Set(
  words(`status scale log exec attach portforward proxy eviction binding checkpoint ephemeralcontainers resize
    token approval finalize`),
);

const RESOURCES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    '': `bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims persistentvolumes pods
      podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services`,
    'admissionregistration.k8s.io': `mutatingadmissionpolicies mutatingadmissionpolicybindings mutatingwebhookconfigurations
      validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations`,
    'apiextensions.k8s.io': 'customresourcedefinitions',
    'apiregistration.k8s.io': 'apiservices',
    apps: 'controllerrevisions daemonsets deployments replicasets statefulsets',
    'authentication.k8s.io': 'selfsubjectreviews tokenreviews',
    'authorization.k8s.io':
      'localsubjectaccessreviews selfsubjectaccessreviews selfsubjectrulesreviews subjectaccessreviews',
    autoscaling: 'horizontalpodautoscalers',
    batch: 'cronjobs jobs',
    'certificates.k8s.io': 'certificatesigningrequests clustertrustbundles podcertificaterequests',
    'coordination.k8s.io': 'leases leasecandidates',
    'discovery.k8s.io': 'endpointslices',
    'events.k8s.io': 'events',
    'flowcontrol.apiserver.k8s.io': 'flowschemas prioritylevelconfigurations',
    'internal.apiserver.k8s.io': 'storageversions',
    'networking.k8s.io': 'ingressclasses ingresses ipaddresses networkpolicies servicecidrs',
    'node.k8s.io': 'runtimeclasses',
    policy: 'poddisruptionbudgets',
    'rbac.authorization.k8s.io': 'clusterrolebindings clusterroles rolebindings roles',
    'resource.k8s.io': `deviceclasses devicetaintrules resourceclaims resourceclaimtemplates resourcepoolstatusrequests
      resourceslices`,
    'scheduling.k8s.io': 'podgroups priorityclasses workloads',
    'storage.k8s.io': `csidrivers csinodes csistoragecapacities storageclasses volumeattachments volumeattributesclasses`,
    'storagemigration.k8s.io': 'storageversionmigrations',
  }).map(([group, names]) => [group, new Set(words(names))]),
);

function words(text: string): string[] {
  return text.split(/\s+/);
}
