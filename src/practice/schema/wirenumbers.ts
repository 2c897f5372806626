// The field numbers of the API's types in Protocol Buffers: facts of k8s.io/api and k8s.io/apimachinery v0.36 (the protobuf and json tags of
// types.go, as in generated.proto), one line a struct. `name=3` is field 3; `name=2.10` is field 10 of a struct that Go embeds as field 2 and
// JSON does not show. What follows the number says when JSON has the field: `?` whenever it was sent (a pointer in Go), `!` always, even zero,
// empty or false (no omitempty); with neither, a zero is left out. `~` is a message whose fields the schema does not know.

import { fullName } from './builders.ts';
import { CORE_NUMBERS } from './wirenumberscore.ts';

/** Where a field is in a message, and what its zero means. */
export interface WireField {
  readonly name: string;
  /** The embedded struct that holds the field; undefined for the message itself. */
  readonly embeddedIn: number | undefined;
  readonly number: number;
  /** Whether a zero value that was sent is there in JSON. */
  readonly keepsZero: boolean;
  /** Whether the schema knows what is in it. */
  readonly readable: boolean;
}

const LIST = 'metadata=1 items=2';
const FIELD = /^(?<name>\w+)=(?:(?<embeddedIn>\d+)\.)?(?<number>\d+)(?<mark>[?!~]?)$/;

const NUMBERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...CORE_NUMBERS,
    'apps.v1.Deployment': 'metadata=1 spec=2 status=3',
    'apps.v1.DeploymentCondition':
      'type=1! status=2! reason=4 message=5 lastUpdateTime=6 lastTransitionTime=7',
    'apps.v1.DeploymentSpec': `
      replicas=1? selector=2 template=3 strategy=4 minReadySeconds=5 revisionHistoryLimit=6? paused=7
      progressDeadlineSeconds=9?`,
    'apps.v1.DeploymentStatus': `
      observedGeneration=1 replicas=2 updatedReplicas=3 availableReplicas=4 unavailableReplicas=5 conditions=6
      readyReplicas=7 collisionCount=8? terminatingReplicas=9?`,
    'apps.v1.DeploymentStrategy': 'type=1 rollingUpdate=2',
    'apps.v1.ReplicaSet': 'metadata=1 spec=2 status=3',
    'apps.v1.ReplicaSetCondition': 'type=1! status=2! lastTransitionTime=3 reason=4 message=5',
    'apps.v1.ReplicaSetSpec': 'replicas=1? selector=2 template=3 minReadySeconds=4',
    'apps.v1.ReplicaSetStatus': `
      replicas=1! fullyLabeledReplicas=2 observedGeneration=3 readyReplicas=4 availableReplicas=5 conditions=6
      terminatingReplicas=7?`,
    'apps.v1.RollingUpdateDeployment': 'maxUnavailable=1 maxSurge=2',
    'authentication.v1.SelfSubjectReview': 'metadata=1 status=2',
    'authentication.v1.SelfSubjectReviewStatus': 'userInfo=1',
    'authentication.v1.UserInfo': 'username=1 uid=2 groups=3 extra=4',
    'authorization.v1.FieldSelectorAttributes': 'rawSelector=1 requirements=2',
    'authorization.v1.LabelSelectorAttributes': 'rawSelector=1 requirements=2',
    'authorization.v1.NonResourceAttributes': 'path=1 verb=2',
    'authorization.v1.NonResourceRule': 'verbs=1 nonResourceURLs=2',
    'authorization.v1.ResourceAttributes': `
      namespace=1 verb=2 group=3 version=4 resource=5 subresource=6 name=7 fieldSelector=8 labelSelector=9`,
    'authorization.v1.ResourceRule': 'verbs=1 apiGroups=2 resources=3 resourceNames=4',
    'authorization.v1.SelfSubjectAccessReview': 'metadata=1 spec=2 status=3',
    'authorization.v1.SelfSubjectAccessReviewSpec': 'resourceAttributes=1 nonResourceAttributes=2',
    'authorization.v1.SelfSubjectRulesReview': 'metadata=1 spec=2 status=3',
    'authorization.v1.SelfSubjectRulesReviewSpec': 'namespace=1',
    'authorization.v1.SubjectAccessReviewStatus': 'allowed=1! reason=2 evaluationError=3 denied=4',
    'authorization.v1.SubjectRulesReviewStatus': `
      resourceRules=1 nonResourceRules=2 incomplete=3! evaluationError=4`,
    'autoscaling.v1.Scale': 'metadata=1 spec=2 status=3',
    'autoscaling.v1.ScaleSpec': 'replicas=1',
    'autoscaling.v1.ScaleStatus': 'replicas=1! selector=2',
    'events.v1.Event': `
      metadata=1 eventTime=2 series=3 reportingController=4 reportingInstance=5 action=6 reason=7 regarding=8
      related=9 note=10 type=11 deprecatedSource=12 deprecatedFirstTimestamp=13 deprecatedLastTimestamp=14
      deprecatedCount=15`,
    'coordination.v1.Lease': 'metadata=1 spec=2',
    'coordination.v1.LeaseSpec': `
      holderIdentity=1? leaseDurationSeconds=2? acquireTime=3? renewTime=4? leaseTransitions=5? strategy=6?
      preferredHolder=7?`,
    'events.v1.EventSeries': 'count=1! lastObservedTime=2',
    'meta.v1.Condition': 'type=1! status=2! observedGeneration=3 lastTransitionTime=4 reason=5! message=6!',
    'meta.v1.DeleteOptions': `
      gracePeriodSeconds=1? preconditions=2 orphanDependents=3? propagationPolicy=4? dryRun=5
      ignoreStoreReadErrorWithClusterBreakingPotential=6?`,
    'meta.v1.FieldSelectorRequirement': 'key=1! operator=2! values=3',
    'meta.v1.LabelSelector': 'matchLabels=1 matchExpressions=2',
    'meta.v1.LabelSelectorRequirement': 'key=1! operator=2! values=3',
    'meta.v1.ListMeta': 'selfLink=1 resourceVersion=2 continue=3 remainingItemCount=4? shardInfo=5',
    'meta.v1.ManagedFieldsEntry': `
      manager=1 operation=2 apiVersion=3 time=4 fieldsType=6 fieldsV1=7 subresource=8`,
    'meta.v1.ObjectMeta': `
      name=1 generateName=2 namespace=3 selfLink=4 uid=5 resourceVersion=6 generation=7 creationTimestamp=8
      deletionTimestamp=9 deletionGracePeriodSeconds=10? labels=11 annotations=12 ownerReferences=13
      finalizers=14 managedFields=17`,
    'meta.v1.OwnerReference': 'kind=1! name=3! uid=4! apiVersion=5! controller=6? blockOwnerDeletion=7?',
    'meta.v1.Preconditions': 'uid=1? resourceVersion=2?',
    'meta.v1.ShardInfo': 'selector=1!',
    'meta.v1.Status': 'metadata=1 status=2 message=3 reason=4 details=5 code=6',
    'meta.v1.StatusCause': 'reason=1 message=2 field=3',
    'meta.v1.StatusDetails': 'name=1 group=2 kind=3 causes=4 retryAfterSeconds=5 uid=6',
    'policy.v1.Eviction': 'metadata=1 deleteOptions=2',
    'rbac.v1.AggregationRule': 'clusterRoleSelectors=1',
    'rbac.v1.ClusterRole': 'metadata=1 rules=2 aggregationRule=3',
    'rbac.v1.ClusterRoleBinding': 'metadata=1 subjects=2 roleRef=3',
    'rbac.v1.PolicyRule': 'verbs=1 apiGroups=2 resources=3 resourceNames=4 nonResourceURLs=5',
    'rbac.v1.Role': 'metadata=1 rules=2',
    'rbac.v1.RoleBinding': 'metadata=1 subjects=2 roleRef=3',
    'rbac.v1.RoleRef': 'apiGroup=1! kind=2! name=3!',
    'rbac.v1.Subject': 'kind=1! apiGroup=2 name=3! namespace=4',
  }).map(([name, fields]) => [fullName(name), fields]),
);

/** The fields of a struct by its OpenAPI name; all lists of kinds are alike. @throws TypeError for a struct that has none. */
export function wireFields(struct: string): readonly WireField[] {
  const text = NUMBERS.get(struct) ?? (struct.endsWith('List') ? LIST : undefined);
  if (text === undefined) throw new TypeError(`no field numbers: ${struct}`);
  return text.trim().split(/\s+/).map(readField);
}

function readField(text: string): WireField {
  const { name = '', embeddedIn, number, mark = '' } = FIELD.exec(text)?.groups ?? {};
  if (name === '') throw new TypeError(`not a field and its number: ${text}`);
  return {
    name,
    embeddedIn: embeddedIn === undefined ? undefined : Number(embeddedIn),
    number: Number(number),
    keepsZero: mark === '?' || mark === '!',
    readable: mark !== '~',
  };
}
