// Every configuration that the README or a page of docs/ shows passes `postern check`, without a warning: whole ones as they are, parts of one
// in the smallest configuration around them, with the files that the page shows beside them (CONTRIBUTING.md has the convention).

import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { stringify } from 'yaml';
import { type CertificateAuthority, makeCA } from '../../src/certificates.ts';
import { runCheck } from '../../src/cli/check.ts';
import {
  meaningOf,
  overlay,
  overlayAt,
  readYaml,
  readYamlBlocks,
  type YamlBlock,
} from '../docs/yamlblocks.ts';
import { makeCRL } from '../fakes/crl.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = ['README.md', 'docs/**/*.md'].flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort();
const SCHEMA = JSON.parse(readFileSync(join(ROOT, 'docs/reference/config.schema.json'), 'utf8')) as {
  readonly properties: Readonly<Record<string, unknown>>;
};
const KEYS = Object.keys(SCHEMA.properties);
/** Pages that show configurations; what is not found here any more was lost by the reader, not by the page. */
const FLOOR = { pages: 18, checked: 36 };

/** What stands around a part. */
const AROUND = {
  apiVersion: 'postern.dev/v1',
  kind: 'GateConfiguration',
  listen: { address: '0.0.0.0:8443', tls: { certFile: 'tls.crt', keyFile: 'tls.key' } },
  clusters: [{ name: 'prod', kubeconfig: 'prod.kubeconfig' }],
  authentication: {
    jwt: [
      {
        issuer: { url: 'https://login.example.com', audiences: ['postern'] },
        claimMappings: { username: { claim: 'email', prefix: '' } },
      },
    ],
  },
};
const KUBECONFIG = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    { name: 'prod', cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority': 'ca.crt' } },
  ],
  users: [{ name: 'postern', user: { token: 'of-its-own-account' } }],
  contexts: [{ name: 'prod', context: { cluster: 'prod', user: 'postern' } }],
  'current-context': 'prod',
};
/** Warnings that belong to it: about where the check runs, and the reminder that access-proxies.md speaks of. */
const EXPECTED = [/ clusters\[\d+\]\.inCluster: not in a cluster: /, /\.sessionLifetime: is not set: with /];
/** Files that a page may name without showing them. */
const FILES = await makeFiles();

const dir = mkdtempSync(join(tmpdir(), 'postern-test-'));
t.teardown(() => rmSync(dir, { recursive: true }));
const checked = new Map<string, number>();

for (const page of PAGES) {
  const blocks = readYamlBlocks(readFileSync(join(ROOT, page), 'utf8'));
  let above: unknown;
  for (const block of blocks)
    t.test(`${page}:${block.line}`, async (t) => {
      const meaning = meaningOf(block, KEYS);
      if (meaning.kind === 'other' || meaning.kind === 'file') {
        t.ok(readYaml(block.text), 'it is YAML');
        return;
      }
      const content = readYaml(block.text);
      if (meaning.kind === 'within') above = overlayAt(above, meaning.path, content);
      else above = overlay(meaning.kind === 'part' ? AROUND : {}, content);
      // A whole one as it is written, so that an error has the page's own lines.
      const text = meaning.kind === 'configuration' ? block.text : stringify(above);
      t.strictSame(await check(text, filesFor(block, blocks)), { code: 0, errors: '', warnings: '' });
      checked.set(page, (checked.get(page) ?? 0) + 1);
    });
}

t.test('none was overlooked, and a wrong one would be seen', async (t) => {
  const total = [...checked.values()].reduce((sum, count) => sum + count, 0);
  t.ok(checked.size >= FLOOR.pages, `${checked.size} pages`);
  t.ok(total >= FLOOR.checked, `${total} configurations`);
  const wrong = stringify(overlay(AROUND, { authentication: { jwt: [{ issuer: { url: 'http://x' } }] } }));
  const { code, errors } = await check(wrong, {});
  t.equal(code, 1);
  t.match(errors, /authentication\.jwt\[0\]\.issuer/);
  t.match(
    (await check(stringify(overlay(AROUND, { clusters: [{ name: 'prod', kubeconfig: 'no' }] })), {})).code,
    1,
  );
  t.throws(() => meaningOf({ line: 1, text: 'some: {thing: 1}\n', section: 0, mark: '' }, KEYS), /mark it/);
});

/** The page's files for a block: of its own section, else the last ones above. */
function filesFor(block: YamlBlock, blocks: readonly YamlBlock[]): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  const candidates = blocks.filter(({ section }) => section <= block.section);
  for (const candidate of candidates) {
    const meaning = meaningOf(candidate, KEYS);
    if (meaning.kind !== 'file') continue;
    const content = readYaml(candidate.text);
    const isKubeconfig = meaning.name.endsWith('.kubeconfig');
    files[meaning.name] = isKubeconfig ? stringify(overlay(KUBECONFIG, content)) : candidate.text;
  }
  return files;
}

/** `postern check` in a folder with these files; /etc/postern/ is that folder. */
async function check(text: string, files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(dir, 'check-'));
  for (const [name, content] of Object.entries({ ...FILES, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  }
  const file = join(folder, 'postern.yaml');
  writeFileSync(file, text.replaceAll('/etc/postern/', `${folder}/`));
  let errors = '';
  let printed = '';
  const code = await runCheck(['--config', file], {
    stdout: { write: (more) => (errors += more) },
    stderr: { write: (more) => (printed += more) },
    env: {},
  });
  const warnings = printed
    .split('\n')
    .filter((line) => line.startsWith('warning:') && !EXPECTED.some((one) => one.test(line)));
  return { code, errors, warnings: warnings.join('\n') };
}

async function makeFiles(): Promise<Readonly<Record<string, string>>> {
  const authority: CertificateAuthority = await makeCA('documents');
  const server = await authority.issue({ commonName: 'gate', dnsNames: ['gate.example.com'] });
  const client = await authority.issue({ commonName: 'front-proxy-client', client: true });
  const kubeconfig = stringify(KUBECONFIG);
  return {
    'ca.crt': authority.certPem,
    'clients.crt': authority.certPem,
    'clients.crl': await makeCRL(authority, { nextUpdate: new Date(Date.now() + 3_600_000) }),
    'tls.crt': server.certPem,
    'tls.key': server.keyPem,
    'webhook.crt': server.certPem,
    'webhook.key': server.keyPem,
    'front.crt': client.certPem,
    'redis-ca.crt': authority.certPem,
    'redis-password': 'of-the-gate\n',
    'front.key': client.keyPem,
    'prod.kubeconfig': kubeconfig,
    'staging.kubeconfig': stringify(
      overlay(KUBECONFIG, {
        contexts: [{ name: 'staging', context: { cluster: 'prod', user: 'postern' } }],
        'current-context': 'staging',
      }),
    ),
  };
}
