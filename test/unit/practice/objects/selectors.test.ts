import t from 'tap';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { parseFieldSelector, parseLabelSelector } from '../../../../src/practice/objects/selectors.ts';

// apimachinery pkg/labels (selector.go and its tests) and pkg/fields; which fields a kind knows: pkg/apis/core/v1/conversion.go of kubernetes.

function labelled(labels: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n', labels } };
}

const LABELS: readonly (readonly [selector: string, labels: Record<string, string>, selected: boolean])[] = [
  ['', {}, true],
  ['x=y', { x: 'y' }, true],
  ['x==y', { x: 'y' }, true],
  ['x = y', { x: 'y' }, true],
  ['x=y', { x: 'z' }, false],
  ['x=', { x: '' }, true],
  ['x=', {}, false],
  ['x!=y', { x: 'z' }, true],
  ['x!=y', {}, true],
  ['x!=y', { x: 'y' }, false],
  ['x=y,z=w', { x: 'y', z: 'w' }, true],
  ['x=y,z=w', { x: 'y' }, false],
  ['x', { x: '' }, true],
  ['x', { y: '' }, false],
  ['!x', {}, true],
  ['!x', { x: '' }, false],
  ['x in (a,b)', { x: 'b' }, true],
  ['x in (a, b)', { x: 'b' }, true],
  ['x in (a,b)', { x: 'c' }, false],
  ['x in (a,b)', {}, false],
  ['x notin (a,b)', { x: 'c' }, true],
  ['x notin (a,b)', { x: 'a' }, false],
  ['x notin (a,b)', {}, true],
  ['x in (a,b),y', { x: 'a', y: '1' }, true],
  ['x>1', { x: '2' }, true],
  ['x>1', { x: '1' }, false],
  ['x<7', { x: '10' }, false],
  ['x<7', { x: 'abc' }, false],
  ['example.com/a-b.c=v_1', { 'example.com/a-b.c': 'v_1' }, true],
  ['constructor', {}, false],
  ['toString!=x', {}, true],
];

for (const [selector, labels, selected] of LABELS) {
  t.test(
    `labels ${JSON.stringify(labels)} ${selected ? 'are' : 'are not'} selected by "${selector}"`,
    async (t) => {
      t.equal(parseLabelSelector(selector)(labelled(labels)), selected);
    },
  );
}

for (const selector of [
  'x=a||y=b',
  '!x=a',
  'x<',
  'x in a',
  'x in (a',
  'x,',
  ',',
  'a b',
  'x=a b',
  '-x',
  'x in (a/b)',
]) {
  t.test(`the label selector "${selector}" cannot be read`, async (t) => {
    t.throws(() => parseLabelSelector(selector), { code: 400, message: /^unable to parse requirement: / });
  });
}

const PODS = { group: '', resource: 'pods' };
const EVENTS = { group: '', resource: 'events' };
const NEW_EVENTS = { group: 'events.k8s.io', resource: 'events' };
const POD: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'prod' },
  spec: { nodeName: 'n1', hostNetwork: true },
  status: { phase: 'Running', podIP: '10.0.0.1' },
};
const EVENT: KubeObject = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e', namespace: 'prod' },
  involvedObject: { kind: 'Pod', name: 'a,b' },
  reason: 'Pulled',
  type: 'Normal',
  reportingComponent: 'kubelet',
};

const FIELDS = [
  [PODS, POD, '', true],
  [PODS, POD, 'metadata.name=web', true],
  [PODS, POD, 'metadata.name==web', true],
  [PODS, POD, 'metadata.name!=web', false],
  [PODS, POD, 'metadata.name=web,metadata.namespace=prod', true],
  [PODS, POD, 'metadata.name=web,metadata.namespace=test', false],
  [PODS, POD, 'spec.nodeName=n1', true],
  [PODS, POD, 'spec.host=n1', true],
  [PODS, POD, 'spec.hostNetwork=true', true],
  [PODS, POD, 'status.phase!=Failed', true],
  [PODS, POD, 'status.phase=', false],
  [PODS, POD, 'status.nominatedNodeName=', true],
  [EVENTS, EVENT, 'involvedObject.kind=Pod,type=Normal', true],
  [EVENTS, EVENT, 'involvedObject.name=a\\,b', true],
  [EVENTS, EVENT, 'involvedObject.uid=', true],
  [EVENTS, EVENT, 'source=kubelet', true],
  [NEW_EVENTS, EVENT, 'regarding.kind=Pod,reportingController=kubelet', true],
  [NEW_EVENTS, EVENT, 'reason=Failed', false],
] as const;

for (const [resource, object, selector, selected] of FIELDS) {
  t.test(`${resource.group}/${resource.resource} "${selector}" is ${selected}`, async (t) => {
    t.equal(parseFieldSelector(selector, resource)(object), selected);
  });
}

for (const [resource, selector, message] of [
  [PODS, 'foo=bar', 'field label not supported: foo'],
  [PODS, 'involvedObject.kind=Pod', 'field label not supported: involvedObject.kind'],
  [NEW_EVENTS, 'involvedObject.kind=Pod', 'field label not supported: involvedObject.kind'],
  [{ group: '', resource: 'configmaps' }, 'data=x', 'field label not supported: data'],
  [PODS, 'metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  [PODS, 'metadata.name=a=b', /^invalid field selector/],
] as const) {
  t.test(`the field selector "${selector}" of ${resource.resource} is refused`, async (t) => {
    t.throws(() => parseFieldSelector(selector, resource), { code: 400, message });
  });
}
