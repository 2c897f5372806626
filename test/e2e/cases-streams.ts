// What stays open: watches, logs that are followed, port-forwards, kubectl's own proxy. Each ends by killing kubectl, and must have ended
// at the API server then.

import type { Background } from './background.ts';
import { SHARED } from './cases-rest.ts';
import type { Case, Seen, Side } from './compare.ts';
import { endedUpstream, startedUpstream } from './evidence.ts';

/** The cases. */
export const STREAM_CASES: readonly Case[] = [
  {
    name: 'get -w sees what comes later, and ends with kubectl',
    act: watch,
    expected: { line: /^watched-ID /, endedUpstream: true },
  },
  {
    name: 'logs -f streams, and ends with kubectl',
    core: true,
    act: follow,
    expected: { lines: true, endedUpstream: true },
  },
  {
    name: 'attach without input streams, until killed',
    upgrades: true,
    act: attachOutput,
    expected: { lines: true },
  },
  {
    name: 'port-forward of two ports, many at once, until killed',
    core: true,
    upgrades: true,
    act: portForward,
    expected: {
      pages: ['page a\n', 'page b\n', 'page a\n', 'page b\n', 'page a\n', 'page b\n'],
      ended: true,
    },
  },
  {
    name: 'proxy in front: GET, and exec through it',
    upgrades: true,
    act: localProxy,
    expected: { status: 200, kind: 'Pod', exec: { code: 7, stdout: 'through\n' } },
  },
  {
    name: 'by the path prefix: get and exec',
    upgrades: true,
    act: prefixed,
    expected: { get: { code: 0 }, exec: { code: 3, stdout: 'prefixed\n' } },
  },
];

async function watch(side: Side): Promise<Seen> {
  const name = `watched-${side.id}`;
  const watching = side.start(['get', 'configmaps', '-w', '--no-headers', '-l', `of=${side.id}`]);
  try {
    // What is made before the watch would come with the list.
    await startedUpstream(side.context, `labelSelector=of%3D${side.id}`, 'watch=true');
    await side.run(['create', 'configmap', name]);
    await side.run(['label', 'configmap', name, `of=${side.id}`]);
    // To its end: kubectl 1.20 prints a line in parts.
    const [, line] = await watching.seen(/^(watched-.*)\n/m);
    await watching.kill();
    await endedUpstream(side.context, `labelSelector=of%3D${side.id}`, 'watch=true');
    return { line, endedUpstream: true };
  } finally {
    await watching.kill();
    await side.run(['delete', 'configmap', name, '--ignore-not-found']);
  }
}

async function follow(side: Side): Promise<Seen> {
  // A number of its own makes the request's URI unique.
  const limit = 100_000 + Number.parseInt(Buffer.from(side.id).toString('hex').slice(-6), 16);
  const following = side.start([
    'logs',
    '-f',
    SHARED.pod,
    '-c',
    'speak',
    '--tail=1',
    `--limit-bytes=${limit}`,
  ]);
  try {
    await following.seen(/line \d+\nline \d+\nline \d+\n/);
    await following.kill();
    await endedUpstream(side.context, `limitBytes=${limit}`);
    return { lines: true, endedUpstream: true };
  } finally {
    await following.kill();
  }
}

async function attachOutput(side: Side): Promise<Seen> {
  const attached = side.start(['attach', SHARED.pod, '-c', 'speak']);
  try {
    await attached.seen(/line \d+\nline \d+\nline \d+\n/);
    return { lines: true, stderr: attached.stderr() };
  } finally {
    await attached.kill();
  }
}

async function portForward(side: Side): Promise<Seen> {
  const forward = side.start(['port-forward', `pod/${side.pod}`, ':8081', ':8082']);
  try {
    const [, a] = await forward.seen(/127\.0\.0\.1:(\d+) -> 8081\n/);
    const [, b] = await forward.seen(/127\.0\.0\.1:(\d+) -> 8082\n/);
    const pages = await Promise.all([a, b, a, b, a, b].map((port) => page(`http://127.0.0.1:${port}/`)));
    await forward.kill();
    await endedUpstream(side.context, `/pods/${side.pod}/portforward`);
    return { pages, ended: true, stderr: forward.stderr() };
  } finally {
    await forward.kill();
  }
}

async function page(url: string): Promise<string> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(20_000),
    headers: { connection: 'close' },
  });
  return await response.text();
}

async function localProxy(side: Side): Promise<Seen> {
  const proxy: Background = side.start(['proxy', '--port=0', '--accept-paths=.*', '--reject-paths=^/never']);
  try {
    const [, address] = await proxy.seen(/Starting to serve on (\S+)\n/);
    const server = `http://${address}`;
    const response = await fetch(`${server}/api/v1/namespaces/${side.context.namespace}/pods/${SHARED.pod}`);
    const { kind } = (await response.json()) as { kind: string };
    const command = ['exec', SHARED.pod, '-c', 'serve', '--', 'sh', '-c', 'echo through; exit 7'];
    const exec = await side.run(['--server', server, ...command]);
    return { status: response.status, kind, exec };
  } finally {
    await proxy.kill();
  }
}

async function prefixed(side: Side): Promise<Seen> {
  const { context, way } = side;
  const env = { KUBECONFIG: way === 'gate' ? context.prefixedKubeconfig : context.adminKubeconfig };
  const get = await side.run(['get', 'pod', SHARED.pod, '-o', 'name'], { env });
  const command = ['sh', '-c', 'echo prefixed; exit 3'];
  const exec = await side.run(['exec', SHARED.pod, '-c', 'serve', '--', ...command], { env });
  return { get, exec };
}
