// The kubeadm and kops snippets of docs/how-to/token-webhook.md, as they stand there: kubeadm and kops' own code read them, and a real
// kube-apiserver with the flags that come of it, which sees the files that its Pod would see, asks Postern whose a token is.

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { makeCA } from '../../src/certificates.ts';
import { KUBERNETES_VERSION } from '../cluster/binaries.ts';
import { preparePlainApiServer } from '../cluster/plain.ts';
import { sayOnStderr } from '../cluster/progress.ts';
import { readYamlBlocks } from '../docs/yamlblocks.ts';
import { kubectl, readContext } from './context.ts';
import { metric } from './evidence.ts';
import { startOwnGate } from './gates.ts';
import { asPod, type Mount, readKopsPod, readPod, readyKops, readyKubeadm } from './installers.ts';
import { whoami } from './modes.ts';
import { newest } from './objects.ts';
import { aliceToken, writeKubeconfig } from './people.ts';

const PAGE = new URL('../../docs/how-to/token-webhook.md', import.meta.url);
const MODES = new URL('../../docs/how-to/identity-modes.md', import.meta.url);
const SNIPPETS = readYamlBlocks(readFileSync(PAGE, 'utf8')).map(({ text }) => text);
/** Of the page's webhook configurations: the gate's port there, and the API server's file in kubeadm's part. */
const PORT = ':8444/';
const FILE = '/etc/kubernetes/postern-webhook.yaml';
const ASKING = /^--(authentication-token-webhook-|api-audiences=)/;

const context = readContext();
const { path } = newest(context);
const dir = mkdtempSync(join(context.dir, 'installers-'));
const [servingCA, clientCA] = [await makeCA('webhook CA'), await makeCA('webhook clients')];
const serving = await servingCA.issue({ commonName: 'webhook', dnsNames: ['postern.internal'] });
const client = await clientCA.issue({ commonName: 'kube-apiserver-webhook-client', client: true });
const page = parse(snippetOf('tokenWebhook:')) as {
  readonly tokenWebhook: { readonly audiences: readonly string[] };
};
const gate = await startOwnGate(context, 'installers', {
  tokenWebhook: {
    ...page.tokenWebhook,
    address: '127.0.0.1:0',
    tls: { certFile: write('webhook.crt', serving.certPem), keyFile: write('webhook.key', serving.keyPem) },
    clientCAFile: write('clients.crt', clientCA.certPem),
    audiences: [...page.tokenWebhook.audiences, 'kubernetes.svc.default'],
  },
});
t.teardown(() => gate.process.kill('SIGTERM'));

t.test('kubeadm: the static Pod that it writes has the flags and the file, and asks Postern', async (t) => {
  const node = makeNode('kubeadm');
  const kubeadm = await readyKubeadm(sayOnStderr);
  const snippet = parse(snippetOf('apiVersion: kubeadm.k8s.io')) as object;
  writeTo(node, '/kubeadm.yaml', completed(snippet));
  t.match(await kubeadm(node, ['config', 'validate', '--config', '/kubeadm.yaml']), {
    code: 0,
    stdout: 'ok\n',
  });
  const phase = ['init', 'phase', 'control-plane', 'apiserver', '--config', '/kubeadm.yaml'];
  t.match(await kubeadm(node, phase), { code: 0 });
  const pod = readPod(readFileSync(join(node, 'etc/kubernetes/manifests/kube-apiserver.yaml'), 'utf8'));

  const flags = pod.flags.filter((flag) => ASKING.test(flag));
  t.same(flags, linesOf(PAGE, '--authentication-token-webhook-'), "the page's flags, in its order");
  t.match(
    pod.mounts.find(({ mountPath }) => mountPath === FILE),
    { hostPath: FILE, type: 'File', readOnly: true },
  );
  const missing = linesOf(MODES, '--requestheader-').filter((flag) => !pod.flags.includes(flag));
  t.same(missing, ['--requestheader-uid-headers=X-Remote-Uid'], 'of the flags of RequestHeader all but one');

  const configuration = parse(snippetOf(`# ${FILE}`));
  const pki = pod.mounts.find(({ mountPath }) => mountPath === '/etc/kubernetes/pki');
  t.match(pki, { hostPath: '/etc/kubernetes/pki', readOnly: true }, 'where the certificates lie');

  writeTo(node, FILE, withPort(stringify(configuration)));
  writeTo(node, '/etc/kubernetes/pki/postern/webhook-ca.crt', servingCA.certPem);
  writeTo(node, '/etc/kubernetes/pki/postern/client.crt', client.certPem);
  writeTo(node, '/etc/kubernetes/pki/postern/client.key', client.keyPem);
  const issuer = pod.flags.find((flag) => flag.startsWith('--service-account-issuer='))?.split('=')[1];
  t.same(
    [issuer],
    page.tokenWebhook.audiences,
    "the page's audience is what kubeadm's API server calls itself",
  );
  await asksPostern(t, { node, mounts: pod.mounts, flags: [...flags, `--api-audiences=${issuer}`] });
});

t.test('kubeadm refuses what it does not know', async (t) => {
  const node = makeNode('misspelled');
  const kubeadm = await readyKubeadm(sayOnStderr);
  const text = snippetOf('apiVersion: kubeadm.k8s.io').replace('extraVolumes', 'extraVolume');
  writeTo(node, '/kubeadm.yaml', completed(parse(text) as object));
  const result = await kubeadm(node, ['config', 'validate', '--config', '/kubeadm.yaml']);
  t.equal(result.code, 1);
  t.match(result.stderr, /unknown field "apiServer\.extraVolume"/);
});

t.test(
  "kops: its flags and files are where its API server's Pod sees them, and it asks Postern",
  async (t) => {
    const kops = await readyKops(sayOnStderr);
    const { spec } = parse(snippetOf('spec:\n  kubeAPIServer')) as { readonly spec: object };
    const made = await kops(clusterOf(spec));
    const { flags, mounts } = await readKopsPod('minimal');
    const [asset] = made.files;
    const file = asset?.path ?? '';
    // Beside them it says --secure-port=0: kops fills its defaults in elsewhere, before that.
    const asking = made.flags.filter((flag) => ASKING.test(flag));
    t.same(asking, [
      '--authentication-token-webhook-cache-ttl=30s',
      `--authentication-token-webhook-config-file=${file}`,
    ]);
    t.match(made.files, [{ name: 'postern-webhook', roles: ['ControlPlane'], mode: '0400' }]);
    const isSeen = (name: string): boolean =>
      mounts.some(({ mountPath }) => name.startsWith(`${mountPath}/`));
    t.ok(isSeen(file), `${file} is in the Pod`);
    t.notOk(isSeen(FILE), `${FILE} would not be`);

    const node = makeNode('kops');
    const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
    const content = (asset?.content ?? '')
      .replace('WEBHOOK_CA', base64(servingCA.certPem))
      .replace('CLIENT_CRT', base64(client.certPem))
      .replace('CLIENT_KEY', base64(client.keyPem));
    writeTo(node, file, withPort(content));
    const named = flags.filter((flag) => flag.startsWith('--api-audiences='));
    t.same(
      named,
      ['--api-audiences=kubernetes.svc.default'],
      "what the page says kops' API server calls itself",
    );
    await asksPostern(t, { node, mounts, flags: [...asking, ...named] });
  },
);

t.test('kops refuses what it does not know', async (t) => {
  const kops = await readyKops(sayOnStderr);
  const text = snippetOf('spec:\n  kubeAPIServer').replace('WebhookCacheTtl', 'WebhookVersion');
  const { spec } = parse(text) as { readonly spec: object };
  await t.rejects(kops(clusterOf(spec)), /unknown field "authenticationTokenWebhookVersion"/);
});

/** Starts kube-apiserver with these flags as the Pod, and asks it who alice is, and who somebody with a bad token is. */
async function asksPostern(
  t: { readonly teardown: Tap['teardown']; readonly match: Tap['match']; readonly equal: Tap['equal'] },
  pod: { readonly node: string; readonly mounts: readonly Mount[]; readonly flags: readonly string[] },
): Promise<void> {
  const plain = await preparePlainApiServer(context.dir, 'installed');
  t.teardown(() => plain.stop());
  await plain.start(pod.flags, asPod(pod.node, pod.mounts));
  const at = (name: string, token: string): string => {
    const cluster = {
      server: plain.server,
      'certificate-authority-data': Buffer.from(plain.pki.ca.certPem).toString('base64'),
    };
    return writeKubeconfig(context, name, { user: { token }, cluster });
  };
  const reviews = () => metric(gate.opsUrl, 'postern_token_reviews_total', ['outcome="authenticated"']);
  const before = await reviews();
  t.match(await whoami(context, at('installed-alice', await aliceToken(context))), {
    username: 'alice@example.com',
    uid: 'alice-id',
    groups: ['engineers', 'system:authenticated'],
  });
  t.equal(await reviews(), before + 1, 'it asked Postern');
  const expired = at('installed-expired', await aliceToken(context, {}, { expiresIn: -60 }));
  const refused = await kubectl(path, expired, ['get', 'namespaces']);
  t.match(refused, { code: 1, stderr: /You must be logged in to the server/ });
}

type Tap = typeof t;

/** The page's snippet that begins so. */
function snippetOf(begin: string): string {
  const found = SNIPPETS.filter((text) => text.startsWith(begin));
  if (found.length !== 1) throw new Error(`${found.length} snippets begin with ${begin}`);
  return found[0] ?? '';
}

/** A page's lines that begin so. */
function linesOf(page: URL, begin: string): readonly string[] {
  return readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(begin));
}

/** The snippet with what kubeadm would otherwise ask the internet and the machine for. */
function completed(snippet: object): string {
  const configuration = { ...snippet, kubernetesVersion: `v${KUBERNETES_VERSION}` };
  const init = {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: '192.0.2.1' },
    nodeRegistration: { name: 'node1', criSocket: 'unix:///run/containerd/containerd.sock' },
  };
  return `${stringify(configuration)}---\n${stringify(init)}`;
}

function clusterOf(spec: object): object {
  return { apiVersion: 'kops.k8s.io/v1alpha2', kind: 'Cluster', metadata: { name: 'k.example.com' }, spec };
}

/** A folder for a node, on which the gate has the page's name. */
function makeNode(name: string): string {
  const node = join(dir, name);
  writeTo(node, '/etc/hosts', '127.0.0.1 localhost postern.internal\n');
  return node;
}

function writeTo(node: string, name: string, content: string): void {
  mkdirSync(dirname(join(node, name)), { recursive: true });
  writeFileSync(join(node, name), content, { mode: 0o600 });
}

function write(name: string, content: string): string {
  writeTo(dir, name, content);
  return join(dir, name);
}

function withPort(text: string): string {
  if (!text.includes(PORT)) throw new Error(`no ${PORT} in ${text}`);
  return text.replace(PORT, `:${new URL(gate.webhookUrl).port}/`);
}
