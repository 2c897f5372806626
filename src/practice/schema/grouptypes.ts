// The types of the API groups beside core: apps, autoscaling, authentication, authorization, coordination,
// policy and rbac.

import {
  bool,
  int,
  intOrString,
  keyed,
  kind,
  long,
  many,
  microTime,
  need,
  one,
  retain,
  str,
  stringLists,
  strings,
  struct,
  time,
} from './builders.ts';
import type { StructType } from './fieldtype.ts';

const SPEC = 'The wished state.';
const STATUS = 'The present state.';
const SELECTOR = 'The pods that belong to it; never changes.';
const MIN_READY = 'Seconds that a new pod has to be ready before it counts as available.';
const EVALUATION_ERROR = 'What went wrong while it was worked out.';

const condition = {
  lastTransitionTime: time('When the status last changed.'),
  message: str('Details for people.'),
  reason: str('One CamelCase word that says why.'),
  status: need(str('True, False or Unknown.')),
  type: need(str('Name of the aspect.')),
};

const APPS: readonly StructType[] = [
  kind('apps.v1.Deployment', 'Keeps a number of equal pods, and replaces them step by step.', {
    spec: one('apps.v1.DeploymentSpec', SPEC),
    status: one('apps.v1.DeploymentStatus', STATUS),
  }),
  struct('apps.v1.DeploymentSpec', 'How many pods, which, and how they are replaced.', {
    minReadySeconds: int(MIN_READY),
    paused: bool('Whether changes of the template wait.'),
    progressDeadlineSeconds: int(
      'Seconds after which a roll-out without progress is told as failed; 600 unless said.',
    ),
    replicas: int('How many pods; 1 unless said.'),
    revisionHistoryLimit: int('How many old replica sets are kept for going back; 10 unless said.'),
    selector: need(one('meta.v1.LabelSelector', SELECTOR)),
    strategy: retain(one('apps.v1.DeploymentStrategy', 'How old pods are replaced by new ones.')),
    template: need(one('core.v1.PodTemplateSpec', 'From this, pods are made.')),
  }),
  struct('apps.v1.DeploymentStrategy', 'How old pods are replaced by new ones.', {
    rollingUpdate: one('apps.v1.RollingUpdateDeployment', 'Details of RollingUpdate.'),
    type: str('Recreate or RollingUpdate; RollingUpdate unless said.'),
  }),
  struct('apps.v1.RollingUpdateDeployment', 'How many pods are replaced at a time.', {
    maxSurge: intOrString('How many pods above the wished number, or a percentage; 25 percent unless said.'),
    maxUnavailable: intOrString('How many pods may be missing, or a percentage; 25 percent unless said.'),
  }),
  struct('apps.v1.DeploymentStatus', 'How a deployment is.', {
    availableReplicas: int('Pods that are available.'),
    collisionCount: int('How often the name of a replica set was taken.'),
    conditions: keyed('apps.v1.DeploymentCondition', 'type', 'Aspects such as Available and Progressing.'),
    observedGeneration: long('The generation that this status speaks of.'),
    readyReplicas: int('Pods that are ready.'),
    replicas: int('All pods.'),
    terminatingReplicas: int('Pods that are ending.'),
    unavailableReplicas: int('Pods that are missing.'),
    updatedReplicas: int('Pods that have the present template.'),
  }),
  struct('apps.v1.DeploymentCondition', 'One aspect of a deployment.', {
    ...condition,
    lastUpdateTime: time('When it last changed in any way.'),
  }),
  kind('apps.v1.ReplicaSet', 'Keeps a number of equal pods.', {
    spec: one('apps.v1.ReplicaSetSpec', SPEC),
    status: one('apps.v1.ReplicaSetStatus', STATUS),
  }),
  struct('apps.v1.ReplicaSetSpec', 'How many pods, and which.', {
    minReadySeconds: int(MIN_READY),
    replicas: int('How many pods; 1 unless said.'),
    selector: need(one('meta.v1.LabelSelector', SELECTOR)),
    template: one('core.v1.PodTemplateSpec', 'From this, pods are made.'),
  }),
  struct('apps.v1.ReplicaSetStatus', 'How a replica set is.', {
    availableReplicas: int('Pods that are available.'),
    conditions: keyed('apps.v1.ReplicaSetCondition', 'type', 'Aspects of its state.'),
    fullyLabeledReplicas: int('Pods that have all labels of the template.'),
    observedGeneration: long('The generation that this status speaks of.'),
    readyReplicas: int('Pods that are ready.'),
    replicas: need(int('All pods.')),
    terminatingReplicas: int('Pods that are ending.'),
  }),
  struct('apps.v1.ReplicaSetCondition', 'One aspect of a replica set.', condition),
  kind('autoscaling.v1.Scale', 'How many pods something keeps.', {
    spec: one('autoscaling.v1.ScaleSpec', SPEC),
    status: one('autoscaling.v1.ScaleStatus', STATUS),
  }),
  struct('autoscaling.v1.ScaleSpec', 'How many pods are wished.', { replicas: int('The number.') }),
  struct('autoscaling.v1.ScaleStatus', 'How many pods there are.', {
    replicas: need(int('The number.')),
    selector: str('Selects them, as text.'),
  }),
  kind('coordination.v1.Lease', 'Who leads, and until when.', {
    spec: one('coordination.v1.LeaseSpec', SPEC),
  }),
  struct('coordination.v1.LeaseSpec', 'Who leads, and until when.', {
    acquireTime: microTime('When the holder got it.'),
    holderIdentity: str('Who holds it.'),
    leaseDurationSeconds: int('How long it is good after it was renewed.'),
    leaseTransitions: int('How often it changed hands.'),
    preferredHolder: str('Who should get it next.'),
    renewTime: microTime('When the holder renewed it last.'),
    strategy: str('How the next holder is chosen.'),
  }),
  kind('policy.v1.Eviction', 'Asks a pod to leave its node, if that is allowed now.', {
    deleteOptions: one('meta.v1.DeleteOptions', 'How to delete it.'),
  }),
];

const AUTHENTICATION: readonly StructType[] = [
  kind('authentication.v1.SelfSubjectReview', 'Tells who you are for the server.', {
    status: one('authentication.v1.SelfSubjectReviewStatus', 'The answer.'),
  }),
  struct('authentication.v1.SelfSubjectReviewStatus', 'Who asked.', {
    userInfo: one('authentication.v1.UserInfo', 'The user.'),
  }),
  struct('authentication.v1.UserInfo', 'A user.', {
    extra: stringLists('More that was found out about the user.'),
    groups: strings('The groups of the user.'),
    uid: str('An id that stays when the name is used again.'),
    username: str('The name of the user.'),
  }),
];

const AUTHORIZATION: readonly StructType[] = [
  kind('authorization.v1.SelfSubjectAccessReview', 'Tells whether you may do something.', {
    spec: need(one('authorization.v1.SelfSubjectAccessReviewSpec', 'What you would do.')),
    status: one('authorization.v1.SubjectAccessReviewStatus', 'The answer.'),
  }),
  struct('authorization.v1.SelfSubjectAccessReviewSpec', 'What you would do; one of these.', {
    nonResourceAttributes: one('authorization.v1.NonResourceAttributes', 'With a path that is no resource.'),
    resourceAttributes: one('authorization.v1.ResourceAttributes', 'With a resource.'),
  }),
  struct('authorization.v1.NonResourceAttributes', 'A request for a path that is no resource.', {
    path: str('The path.'),
    verb: str('The HTTP method in lower case.'),
  }),
  struct('authorization.v1.ResourceAttributes', 'A request for a resource.', {
    fieldSelector: one('authorization.v1.FieldSelectorAttributes', 'Only objects with these fields.'),
    group: str('API group; * means all.'),
    labelSelector: one('authorization.v1.LabelSelectorAttributes', 'Only objects with these labels.'),
    name: str('Name of the object; empty means all.'),
    namespace: str('Namespace; empty means all, or none for what has none.'),
    resource: str('The resource; * means all.'),
    subresource: str('The subresource.'),
    verb: str('Such as get, list or delete; * means all.'),
    version: str('API version; * means all.'),
  }),
  struct('authorization.v1.FieldSelectorAttributes', 'A selector of fields.', {
    rawSelector: str('As text.'),
    requirements: many('meta.v1.FieldSelectorRequirement', 'Taken apart; every one has to hold.'),
  }),
  struct('authorization.v1.LabelSelectorAttributes', 'A selector of labels.', {
    rawSelector: str('As text.'),
    requirements: many('meta.v1.LabelSelectorRequirement', 'Taken apart; every one has to hold.'),
  }),
  struct('authorization.v1.SubjectAccessReviewStatus', 'Whether it is allowed.', {
    allowed: need(bool('Whether you may.')),
    denied: bool('Whether it is forbidden whatever else would allow it.'),
    evaluationError: str(EVALUATION_ERROR),
    reason: str('Why.'),
  }),
  kind('authorization.v1.SelfSubjectRulesReview', 'Tells what you may do in a namespace.', {
    spec: need(one('authorization.v1.SelfSubjectRulesReviewSpec', 'The namespace.')),
    status: one('authorization.v1.SubjectRulesReviewStatus', 'The answer.'),
  }),
  struct('authorization.v1.SelfSubjectRulesReviewSpec', 'Where.', { namespace: str('The namespace.') }),
  struct('authorization.v1.SubjectRulesReviewStatus', 'What is allowed.', {
    evaluationError: str(EVALUATION_ERROR),
    incomplete: need(bool('Whether there may be more.')),
    nonResourceRules: need(many('authorization.v1.NonResourceRule', 'With paths that are no resources.')),
    resourceRules: need(many('authorization.v1.ResourceRule', 'With resources.')),
  }),
  struct('authorization.v1.NonResourceRule', 'Verbs on paths.', {
    nonResourceURLs: strings('The paths; * at the end means all below.'),
    verbs: need(strings('The verbs.')),
  }),
  struct('authorization.v1.ResourceRule', 'Verbs on resources.', {
    apiGroups: strings('The API groups.'),
    resourceNames: strings('Only objects of these names.'),
    resources: strings('The resources.'),
    verbs: need(strings('The verbs.')),
  }),
];

const roleRef = need(one('rbac.v1.RoleRef', 'The role that is given; never changes.'));
const rules = many('rbac.v1.PolicyRule', 'What it allows.');
const subjects = many('rbac.v1.Subject', 'To whom it is given.');

const RBAC: readonly StructType[] = [
  kind('rbac.v1.Role', 'Rights in one namespace.', { rules }),
  kind('rbac.v1.ClusterRole', 'Rights in the whole cluster, or wherever a binding gives them.', {
    aggregationRule: one('rbac.v1.AggregationRule', 'Fills the rules from other cluster roles.'),
    rules,
  }),
  struct('rbac.v1.AggregationRule', 'Which cluster roles are joined.', {
    clusterRoleSelectors: many('meta.v1.LabelSelector', 'Any of these selects them.'),
  }),
  struct('rbac.v1.PolicyRule', 'Verbs on resources or paths.', {
    apiGroups: strings('The API groups; * means all.'),
    nonResourceURLs: strings('Paths that are no resources.'),
    resourceNames: strings('Only objects of these names.'),
    resources: strings('The resources; * means all.'),
    verbs: need(strings('The verbs; * means all.')),
  }),
  kind('rbac.v1.RoleBinding', 'Gives a role in one namespace.', { roleRef, subjects }),
  kind('rbac.v1.ClusterRoleBinding', 'Gives a cluster role everywhere.', { roleRef, subjects }),
  struct('rbac.v1.RoleRef', 'A role.', {
    apiGroup: str('rbac.authorization.k8s.io.'),
    kind: need(str('Role or ClusterRole.')),
    name: need(str('Its name.')),
  }),
  struct('rbac.v1.Subject', 'A user, group or service account.', {
    apiGroup: str('rbac.authorization.k8s.io, or empty for a service account.'),
    kind: need(str('User, Group or ServiceAccount.')),
    name: need(str('Its name.')),
    namespace: str('Namespace of the service account.'),
  }),
];

/** apps, autoscaling, policy, authentication, authorization and rbac. */
export const GROUP_TYPES: readonly StructType[] = [...APPS, ...AUTHENTICATION, ...AUTHORIZATION, ...RBAC];
