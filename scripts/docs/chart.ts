// The generated files of the Helm chart, from the one tree of its values (scripts/chart): values.yaml, values.schema.json, and the reference
// page.

import { stringify } from 'yaml';
import type { ValueNode, Values } from '../chart/node.ts';
import { chartValues } from '../chart/tree.ts';

const FOLDER = 'deploy/helm/postern';
const WIDTH = 118;

interface Generator {
  readonly file: string;
  render(): string;
}

/** What `helm install` starts from, with a comment on each value. */
export const chartValuesFile: Generator = {
  file: `${FOLDER}/values.yaml`,
  render: () => {
    const head = [
      '# Generated from scripts/chart by "npm run docs". Do not edit.',
      '# Each value is explained by need in docs/how-to/helm.md, and listed in docs/reference/helm-values.md.',
    ];
    return `${[...head, ...renderYaml(chartValues().children ?? {}, '')].join('\n')}\n`;
  },
};

/** What `helm install`, `upgrade`, `lint` and `template` hold values against (draft 07). */
export const chartSchemaFile: Generator = {
  file: `${FOLDER}/values.schema.json`,
  render: () => {
    const { properties, ...schema } = toSchema(chartValues());
    // A parent chart may pass `global` down.
    const all = { global: { type: 'object' }, ...(properties as object) };
    const document = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Values of the chart "postern"',
      ...schema,
      properties: all,
    };
    return `${JSON.stringify(document, null, 2)}\n`;
  },
};

/** The reference page. */
export const chartReference: Generator = {
  file: 'docs/reference/helm-values.md',
  render: () => {
    const values = chartValues();
    return [
      '<!-- Generated from scripts/chart by "npm run docs". Do not edit. -->',
      '',
      '# Values of the Helm chart',
      '',
      'The chart is `deploy/helm/postern`; [how to use it](../how-to/helm.md). Unknown keys and values of a wrong kind are refused by',
      '`helm install`, `upgrade`, `template` and `lint`. A value that goes into a Kubernetes object as it is has the type `object`: the API',
      'server checks it.',
      ...renderTables(values, ''),
      '',
    ].join('\n');
  },
};

function renderYaml(values: Values, indent: string): string[] {
  return Object.entries(values).flatMap(([key, node]) => {
    const comment = wrap(node.description, WIDTH - indent.length - 2).map((line) => `${indent}# ${line}`);
    const blank = indent === '' ? [''] : [];
    if (node.children !== undefined)
      return [...blank, ...comment, `${indent}${key}:`, ...renderYaml(node.children, `${indent}  `)];
    const text = stringify(
      { [key]: node.default },
      { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' },
    );
    const lines = text.trimEnd().split('\n');
    return [...blank, ...comment, ...lines.map((line) => `${indent}${line}`)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function toSchema(node: ValueNode): Record<string, unknown> {
  const { description, schema, children, together = [] } = node;
  if (children === undefined) return { description, ...schema };
  return {
    description,
    ...schema,
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(children).map(([key, child]) => [key, toSchema(child)])),
    ...(together.length > 0 ? { allOf: together } : {}),
  };
}

function renderTables(node: ValueNode, path: string): string[] {
  const entries = Object.entries(node.children ?? {});
  const leaves = entries.filter(([, child]) => child.children === undefined);
  const groups = entries.filter(([, child]) => child.children !== undefined);
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  const table =
    leaves.length === 0
      ? []
      : [
          '',
          '| value | type | default | meaning |',
          '|---|---|---|---|',
          ...leaves.map(([key, leaf]) => renderRow(at(key), leaf)),
        ];
  return [
    ...(path === '' ? [] : ['', `## \`${path}\``, '', node.description]),
    ...table,
    ...groups.flatMap(([key, child]) => renderTables(child, at(key))),
  ];
}

function renderRow(path: string, node: ValueNode): string {
  const examples = (node.examples ?? []).map((example) => `\`${example}\``);
  const meaning =
    examples.length === 0 ? node.description : `${node.description} E.g. ${examples.join(', ')}.`;
  const cells = [`\`${path}\``, nameType(node), renderDefault(node.default), meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function nameType({ schema }: ValueNode): string {
  const allowed = schema['enum'] as readonly string[] | undefined;
  if (allowed !== undefined)
    return allowed.map((value) => (value === '' ? 'empty' : `\`${value}\``)).join(', ');
  const { type, items, additionalProperties } = schema as {
    type?: string | string[];
    items?: { type?: string };
    additionalProperties?: { type?: string };
  };
  if (type === 'array') return `list of ${items?.type ?? 'object'}s`;
  if (type === 'object' && additionalProperties?.type === 'string') return 'mapping of strings';
  return [type ?? 'object'].flat().join(' or ');
}

function renderDefault(value: unknown): string {
  if (value === '' || value === undefined) return '';
  return `\`${JSON.stringify(value).replace(/^"(.*)"$/, '$1')}\``;
}
