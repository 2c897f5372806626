// docs/reference/config.md and config.schema.json from the one schema of the configuration (src/config/schema.ts). Prose around the tables
// is here; everything about a key is there.

import type { SchemaNode } from '../../src/config/keywords.ts';
import { configNode } from '../../src/config/schema.ts';
import { formatDescriptions } from './configformats.ts';

/** The reference page. */
export const configReference: { readonly file: string; render(): string } = {
  file: 'docs/reference/config.md',
  render: () => [...HEAD, ...renderSections(configNode, ''), ...renderLater(), ''].join('\n'),
};

/** The JSON Schema (draft 07, which editors know best). */
export const configSchemaFile: { readonly file: string; render(): string } = {
  file: 'docs/reference/config.schema.json',
  render: () =>
    `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title: 'Postern gate configuration', ...toJSONSchema(configNode) }, null, 2)}\n`,
};

const HEAD = [
  '<!-- Generated from src/config/schema.ts by "npm run docs". Do not edit. -->',
  '',
  '# Configuration',
  '',
  'One YAML file. `postern check --config FILE` prints everything that is wrong with it, each as `FILE:LINE:COL path: …`.',
  '',
  '```yaml',
  '# yaml-language-server: $schema=./config.schema.json',
  'apiVersion: postern.dev/v1',
  'kind: GateConfiguration',
  'listen:',
  '  address: "0.0.0.0:8443"',
  '  tls: {certFile: tls.crt, keyFile: tls.key}',
  '  trustedProxies: ["10.0.0.0/8"]',
  'ops:',
  '  address: "127.0.0.1:9090"',
  'clusters:',
  '  - name: prod',
  '    kubeconfig: /etc/postern/prod.kubeconfig',
  '    match: {pathPrefix: /clusters/prod, hosts: [prod.k8s.example.com]}',
  '  - name: staging',
  '    kubeconfig: /etc/postern/staging.kubeconfig',
  '    context: staging',
  'authentication:',
  '  jwt:',
  '    - issuer:',
  '        url: https://login.example.com',
  '        audiences: [postern]',
  '      claimValidationRules:',
  '        - {claim: hd, requiredValue: example.com}',
  '      claimMappings:',
  '        username: {claim: email, prefix: ""}',
  '        groups: {claim: groups, prefix: "oidc:"}',
  '    - issuer: {url: https://team.cloudflareaccess.com, audiences: [4714c1358e65fe4b]}',
  '      claimMappings:',
  '        username: {claim: email, prefix: ""}',
  '      source: {header: Cf-Access-Jwt-Assertion}',
  '      jwksURL: https://team.cloudflareaccess.com/cdn-cgi/access/certs',
  'authorization:',
  '  rules:',
  '    - name: prod-shells-need-mfa',
  '      clusters: [prod]',
  '      classes: [interactive]',
  '      decision: Require',
  '      require: {claims: [{claim: amr, anyOf: [mfa]}], maxAuthAge: 8h}',
  'sessions: {idleTimeout: 1h, maxDuration: 12h}',
  'log: {level: info}',
  '```',
  '',
  '## The format',
  '',
  '- **Durations** are `30s`, `5m`, `1h30m`; `0s` is none. **Paths** may be relative to the configuration file.',
  '- **Unknown keys** are errors that name the nearest known one. A key without a value (`null`) counts as absent; where an empty value is an error, it is one too.',
  '- **From outside**: `--set path=value` (repeatable, `--set clusters[0].context=prod`) overrides one key; the value is YAML.',
  '  `POSTERN_CONFIG` names the file, `POSTERN_LOG_LEVEL` overrides `log.level`.',
  '- **Files** that hold certificates, keys and credentials are checked with the configuration and read again when they change.',
  '- **In an editor** with the YAML language server (VS Code: "YAML" by Red Hat) the first line of the example gives completion and',
  '  checks while typing: `# yaml-language-server: $schema=PATH-OR-URL/config.schema.json`. The schema is in the npm package too, as',
  '  `node_modules/postern/docs/reference/config.schema.json`.',
];

interface Section {
  readonly path: string;
  readonly node: SchemaNode;
}

/** A table for this object, then one for each object in it. */
function renderSections(node: SchemaNode, path: string): string[] {
  const keys = Object.entries(node.properties ?? {}).filter(
    ([, property]) => property['x-later'] === undefined,
  );
  const inner = keys.flatMap(([key, property]) =>
    innerSections(path === '' ? key : `${path}.${key}`, property),
  );
  const shown = inner.filter(({ node: child }) => hasKeys(child));
  const rows = keys.filter(([, property]) => !(property.type === 'object' && !hasKeys(property)));
  return [
    '',
    path === '' ? '## The file' : `## \`${path}\``,
    '',
    ...(node.description === undefined ? [] : [node.description, '']),
    '| key | type | default | meaning | allowed |',
    '|---|---|---|---|---|',
    ...rows.map(([key, property]) => renderRow(key, property, node)),
    ...shown.flatMap((section) => renderSections(section.node, section.path)),
  ];
}

function innerSections(path: string, node: SchemaNode): Section[] {
  if (node.type === 'object') return [{ path, node }];
  return node.type === 'array' && node.items?.type === 'object'
    ? [{ path: `${path}[]`, node: node.items }]
    : [];
}

function hasKeys(node: SchemaNode): boolean {
  return Object.values(node.properties ?? {}).some((property) => property['x-later'] === undefined);
}

function renderRow(key: string, node: SchemaNode, parent: SchemaNode): string {
  const cells = [
    `\`${key}\``,
    nameType(node),
    renderDefault(key, node, parent),
    node.description ?? '',
    renderAllowed(node),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function nameType(node: SchemaNode): string {
  if (node.type === 'array') return `list: ${nameType(node.items ?? {})}`;
  if (node.type === 'object') return 'mapping';
  const format = node['x-format'];
  return format === undefined ? (node.type ?? '') : formatDescriptions[format].type;
}

function renderDefault(key: string, node: SchemaNode, parent: SchemaNode): string {
  if (node.default !== undefined) return isEmpty(node.default) ? '' : `\`${toFlow(node.default)}\``;
  if (parent.required?.includes(key)) return '**required**';
  const needing = Object.entries(parent.dependentRequired ?? {}).find(([, needed]) => needed.includes(key));
  return needing ? `**required** with \`${needing[0]}\`` : '';
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function toFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toFlow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const quoted = (one: unknown): string => (typeof one === 'string' ? JSON.stringify(one) : toFlow(one));
  return `{${Object.entries(value)
    .map(([key, one]) => `${key}: ${Array.isArray(one) ? `[${one.map(quoted).join(', ')}]` : quoted(one)}`)
    .join(', ')}}`;
}

function renderAllowed(node: SchemaNode): string {
  const item = node.items ?? node;
  const values = (node.enum ?? item.enum ?? []).filter((value) => value !== '');
  const format = item['x-format'];
  const allowed = values.length > 0 ? values.map((value) => `\`${value}\``).join(', ') : '';
  const examples = (node.examples ?? []).flat().filter((example) => example !== '');
  return [
    allowed,
    format === undefined ? '' : formatDescriptions[format].allowed,
    node.minItems === undefined ? '' : 'at least one',
    node.maxItems === undefined ? '' : `at most ${node.maxItems}`,
    examples.length === 0 ? '' : `e.g. ${examples.map((example) => `\`${toFlow(example)}\``).join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** The keys that later versions support. */
function renderLater(): string[] {
  return [
    '',
    '## Not supported by this version yet',
    '',
    'These keys belong to the format and are refused with a message that says so, so that nobody relies on what does not happen.',
    '',
    '| key | instead | accepted meanwhile |',
    '|---|---|---|',
    ...listLater(configNode, '').map(({ path, node }) => {
      const accepted = (node.enum ?? []).map((form) => `\`${JSON.stringify(form)}\``).join(', ');
      return `| \`${path}\` | ${node['x-later']} | ${accepted} |`;
    }),
    ...Object.entries(
      configNode.properties?.['clusters']?.items?.properties?.['identity']?.['x-laterValues'] ?? {},
    ).map(([value, instead]) => `| \`clusters[].identity: ${value}\` | ${instead} | |`),
  ];
}

function listLater(node: SchemaNode, path: string): Section[] {
  if (node['x-later'] !== undefined) return [{ path, node }];
  const children = Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    listLater(child, path === '' ? key : `${path}.${key}`),
  );
  return node.items ? [...children, ...listLater(node.items, `${path}[]`)] : children;
}

/** A node as draft 07: without our keywords, keys with a default not required, `dependentRequired` by its old name. */
export function toJSONSchema(node: SchemaNode): Record<string, unknown> {
  const { properties, items, required, dependentRequired, description, ...rest } = node;
  const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith('x-')));
  const instead = node['x-later'];
  const text =
    instead === undefined ? description : `${description} Not supported by this version yet; ${instead}.`;
  const needed = (required ?? []).filter((key) => properties?.[key]?.default === undefined);
  const format = node['x-format'];
  return {
    ...(text === undefined ? {} : { description: text }),
    ...plain,
    ...(format === undefined ? {} : formatDescriptions[format].schema),
    ...(needed.length > 0 ? { required: needed } : {}),
    ...(dependentRequired ? { dependencies: dependentRequired } : {}),
    ...(items ? { items: toJSONSchema(items) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, child]) => [key, toJSONSchema(child)]),
          ),
        }
      : {}),
  };
}
