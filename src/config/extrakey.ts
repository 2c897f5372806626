// The keys of a user's extra attributes, as Kubernetes lets them be mapped: k8s.io/apiserver pkg/apis/apiserver/validation
// validateClaimMappings, k8s.io/apimachinery IsDomainPrefixedPath.

import { quote } from './quote.ts';

/** RFC 1123 subdomain. */
const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const MAX_SUBDOMAIN_LENGTH = 253;
/** apimachinery's httpPathFmt. */
const PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;
/** Domains whose keys have a meaning for Kubernetes, with everything beneath them. */
const RESERVED = /(?:^|\.)(?:kubernetes|k8s)\.io$/;

/** What is wrong with the key and what is allowed, or ''. */
export function checkExtraKey(key: string): string {
  const slash = key.indexOf('/');
  const [domain, path] = [key.slice(0, Math.max(slash, 0)), key.slice(slash + 1)];
  if (domain === '' || path === '')
    return `expected a path with a domain in front, as in "example.org/tenant"; found ${quote(key)}`;
  if (key !== key.toLowerCase())
    return `must be lower case; found ${quote(key)}: write ${quote(key.toLowerCase())}`;
  if (!SUBDOMAIN.test(domain) || domain.length > MAX_SUBDOMAIN_LENGTH)
    return `expected a domain before the slash, as in "example.org/tenant"; found ${quote(domain)}`;
  if (!PATH.test(path))
    return `after the slash only letters, digits and /-._~%!$&'()*+,;=: are allowed; found ${quote(path)}`;
  return RESERVED.test(domain)
    ? `k8s.io, kubernetes.io and what is beneath them are reserved for Kubernetes; found ${quote(key)}`
    : '';
}
