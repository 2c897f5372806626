// Everything that is no resource: discovery, OpenAPI, version, health, and what the practice server tells of itself and of the request that it
// was sent. Access was decided before.

import { RESOURCES } from '../objects/resources.ts';
import { parseAccept } from './accept.ts';
import { type Answer, jsonAnswer, noSuchPath, SERVER_NAME, textAnswer } from './answer.ts';
import { type Call, flag, header, query } from './call.ts';
import { discoveryAnswer, taggedAnswer } from './discovery.ts';
import type { OpenApi } from './parts.ts';

/** What `kubectl version` shows; a version that kubectl parses, and that nobody takes for a real server's. */
export const SERVER_VERSION = 'v1.36.0-practice+postern';

const PROTO_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** Answers a request that is about no resource. */
export function plainAnswer(call: Call, openApi: OpenApi): Answer {
  const path = call.target.path === '/' ? '/' : call.target.path.replace(/\/+$/, '');
  if (path === '/practice/request') return textAnswer(describeRequest(call));
  const method = call.method;
  if (method !== 'GET' && method !== 'HEAD') return noSuchPath();
  if (path === '/') return jsonAnswer({ paths: pathList() });
  if (path === '/version') return jsonAnswer(versionInfo());
  if (/^\/(livez|readyz|healthz)$/.test(path)) return health(call, path.slice(1));
  if (/^\/(livez|readyz|healthz)\/ping$/.test(path)) return textAnswer('ok');
  if (path.startsWith('/openapi/')) return openApiAnswer(call, path, openApi) ?? noSuchPath();
  return discoveryAnswer(call) ?? noSuchPath();
}

function pathList(): string[] {
  const groups = RESOURCES.filter(({ group }) => group !== '').flatMap(({ group, version }) => [
    `/apis/${group}`,
    `/apis/${group}/${version}`,
  ]);
  const health = ['/healthz', '/healthz/ping', '/livez', '/livez/ping', '/readyz', '/readyz/ping'];
  const rest = ['/openapi/v2', '/openapi/v3', '/practice/request', '/version'];
  return ['/api', '/api/v1', '/apis', ...new Set(groups), ...health, ...rest].sort();
}

function versionInfo() {
  return {
    major: '1',
    minor: '36',
    gitVersion: SERVER_VERSION,
    gitCommit: 'practice',
    gitTreeState: 'clean',
    buildDate: '2026-01-01T00:00:00Z',
    goVersion: 'none: this is the practice server of postern demo, no Kubernetes cluster',
    compiler: 'none',
    platform: `postern/practice`,
  };
}

function health(call: Call, name: string): Answer {
  if (!flag(call, 'verbose')) return textAnswer('ok');
  return textAnswer(`[+]ping ok\n${name} check passed\n`);
}

function openApiAnswer(call: Call, path: string, openApi: OpenApi): Answer | undefined {
  if (path === '/openapi/v2') {
    const proto = parseAccept(header(call, 'accept')).find(({ media }) => media.startsWith('application/'));
    return proto?.media.includes('proto-openapi.spec.v2') === true
      ? document(call, openApi.v2Protobuf(), PROTO_V2)
      : document(call, openApi.v2Json(), 'application/json');
  }
  if (path === '/openapi/v3') return document(call, openApi.v3Index(), 'application/json');
  const found = openApi.v3Json(path.slice('/openapi/v3/'.length));
  if (found === undefined) return undefined;
  const answer = document(call, found, 'application/json');
  // A document under its hash never changes (kube-openapi handler3).
  return query(call, 'hash') === ''
    ? answer
    : { ...answer, headers: { ...answer.headers, 'Cache-Control': 'public, immutable' } };
}

function document(call: Call, body: Buffer, type: string): Answer {
  const headers = { 'Content-Type': type, 'Cache-Control': 'no-cache, private' };
  return taggedAnswer(call, { status: 200, headers, body });
}

/** The request as it arrived, and who it is held to be: what a gate in front has put on it is seen at a glance. */
function describeRequest(call: Call): string {
  const lines = [`${call.method} ${call.url} HTTP/${call.httpVersion}`];
  for (let i = 0; i + 1 < call.rawHeaders.length; i += 2) {
    const name = call.rawHeaders[i] ?? '';
    const value = Buffer.from(call.rawHeaders[i + 1] ?? '', 'latin1').toString('utf8');
    lines.push(`${name}: ${mask(name, value)}`);
  }
  const { username, uid, groups, extra } = call.user;
  lines.push('', `${SERVER_NAME} takes this request to be from`, `  user    ${username}`);
  if (uid !== '') lines.push(`  uid     ${uid}`);
  for (const group of groups) lines.push(`  group   ${group}`);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) lines.push(`  extra   ${key}: ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

function mask(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (lower === 'authorization' || lower === 'proxy-authorization') {
    const scheme = /^\S+/.exec(value)?.[0] ?? '';
    return value === scheme ? '(masked)' : `${scheme} (masked)`;
  }
  return /cookie|sec-websocket-protocol/.test(lower) ? '(masked)' : value;
}
