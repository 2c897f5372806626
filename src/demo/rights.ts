// With a cluster of the person's own: as whom the gate would come to it, and whether that account may impersonate. Asked before anything
// starts, with SelfSubjectReview and SelfSubjectAccessReview, which change nothing.

import { Readable } from 'node:stream';
import { upstreamTarget } from '../generation.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import { createUpstream, type Upstream } from '../proxy/upstream.ts';

/** What the gate has to be allowed, beside what people are allowed themselves. */
const NEEDED = [
  { group: '', resource: 'users' },
  { group: '', resource: 'groups' },
  { group: 'authentication.k8s.io', resource: 'uids' },
] as const;

/** One right and whether the account has it. */
export interface Right {
  /** `impersonate users`. */
  readonly what: string;
  readonly allowed: boolean;
}

/** What is known of the person's cluster. */
export interface ClusterRights {
  readonly server: string;
  /** The account's user name; '' when the cluster does not tell (before 1.28). */
  readonly account: string;
  readonly version: string;
  readonly rights: readonly Right[];
}

/** The cluster can't be used; the sentences say why. */
export class ClusterRefused extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

/** The RBAC that gives an account what is needed, to be applied by whoever may. */
export function neededRbac(account: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: postern-demo}
rules:
  - {apiGroups: [""], resources: [users, groups], verbs: [impersonate]}
  - {apiGroups: [authentication.k8s.io], resources: [uids], verbs: [impersonate]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: postern-demo}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: postern-demo}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${JSON.stringify(account === '' ? 'THE-ACCOUNT' : account)}}]
`;
}

/** Reads the kubeconfig and asks its cluster. @throws ClusterRefused when either does not answer. */
export async function readRights(file: string, context: string): Promise<ClusterRights> {
  const read = loadKubeconfig({ file, context });
  if (!read.ok) throw new ClusterRefused(read.errors);
  const upstream = createUpstream('own', upstreamTarget(read.access));
  try {
    const version = await ask(upstream, '/version');
    const review = await ask(upstream, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    });
    const rights: Right[] = [];
    for (const { group, resource } of NEEDED) {
      const answer = await ask(upstream, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'impersonate', group, resource } },
      });
      rights.push({
        what: `impersonate ${resource}`,
        allowed: at(answer.body, 'status', 'allowed') === true,
      });
    }
    return {
      server: upstream.origin,
      account: String(at(review.body, 'status', 'userInfo', 'username') ?? ''),
      version: String(at(version.body, 'gitVersion') ?? 'unknown'),
      rights,
    };
  } catch (cause) {
    if (cause instanceof ClusterRefused) throw cause;
    throw new ClusterRefused([
      `the cluster ${upstream.origin} can't be reached: ${(cause as Error).message}`,
    ]);
  } finally {
    await upstream.close();
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(upstream: Upstream, path: string, body?: object): Promise<Answer> {
  const { status, text } = await send(upstream, path, body === undefined ? '' : JSON.stringify(body));
  if (status === 401)
    throw new ClusterRefused([
      `the cluster ${upstream.origin} does not accept the kubeconfig's credential (401)`,
    ]);
  return { status, body: parsed(text) };
}

function send(upstream: Upstream, path: string, body: string): Promise<{ status: number; text: string }> {
  const json = ['Content-Type', 'application/json', 'Accept', 'application/json'];
  const length = body === '' ? [] : ['Content-Length', String(Buffer.byteLength(body))];
  return new Promise((resolve, reject) => {
    let status = 0;
    const pieces: Buffer[] = [];
    upstream.pool.send(
      {
        method: body === '' ? 'GET' : 'POST',
        path: upstream.basePath + path,
        lines: ['Host', upstream.host, ...upstream.credential, ...json, ...length],
        body: body === '' ? null : Readable.from([Buffer.from(body)]),
      },
      {
        onHead: (code) => {
          status = code;
        },
        onData: (piece) => pieces.push(piece),
        onEnd: () => resolve({ status, text: Buffer.concat(pieces).toString() }),
        onError: reject,
      },
    );
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const name of path)
    here =
      typeof here === 'object' && here !== null
        ? (here as Readonly<Record<string, unknown>>)[name]
        : undefined;
  return here;
}
