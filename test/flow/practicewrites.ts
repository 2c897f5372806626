// What tests of writes to the practice API server send, and where to.

import type { Json } from '../fakes/practice.ts';

// What tests of writes to the practice API server send, and where to.

export const NS = '/api/v1/namespaces/default';
export const CMS = `${NS}/configmaps`;
export const PODS = `${NS}/pods`;
export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
export const CM_KEY = { group: '', resource: 'configmaps' };
export const as = (type: string) => ['Content-Type', type];
export const MERGE = as('application/merge-patch+json');
export const APPLY = as('application/apply-patch+yaml');

export function deployment(name: string, spec: object = {}): Json {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'postern.dev/practice/web:1' }];
  const template = { metadata: { labels }, spec: { containers } };
  return { metadata: { name }, spec: { replicas: 0, selector: { matchLabels: labels }, template, ...spec } };
}
