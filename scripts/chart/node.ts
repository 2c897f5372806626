// The vocabulary of the chart's values: JSON Schema (draft 07) plus the default that values.yaml shows. One tree of these nodes makes
// values.yaml, values.schema.json and docs/reference/helm-values.md, so that none of the three can say something else than the others.

/** One value of the chart, or a mapping of them. */
export interface ValueNode {
  /** For values.yaml and the reference page: what it does, and what its empty form means. */
  readonly description: string;
  /** What values.yaml shows; absent where `children` show theirs. */
  readonly default?: unknown;
  /** The JSON Schema of the value, without `description`. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** A mapping whose keys are known: unknown ones are refused. */
  readonly children?: Values;
  /** JSON Schema that concerns several keys of `children` at once. */
  readonly together?: readonly Readonly<Record<string, unknown>>[];
  /** For the reference page: values worth showing. */
  readonly examples?: readonly string[];
}

/** Values by name. */
export type Values = Readonly<Record<string, ValueNode>>;

type More = Pick<ValueNode, 'examples'> & { readonly schema?: Readonly<Record<string, unknown>> };

/** A mapping with these keys and no others; `together` are rules over several of them. */
export function group(
  description: string,
  children: Values,
  together: NonNullable<ValueNode['together']> = [],
): ValueNode {
  return { description, schema: { type: 'object' }, children, together };
}

/** A string. */
export function text(description: string, value = '', more: More = {}): ValueNode {
  return { description, default: value, ...more, schema: { type: 'string', ...more.schema } };
}

/** One word out of a list. */
export function word(description: string, value: string, allowed: readonly string[]): ValueNode {
  return { description, default: value, schema: { type: 'string', enum: allowed } };
}

/** true or false. */
export function flag(description: string, value: boolean): ValueNode {
  return { description, default: value, schema: { type: 'boolean' } };
}

/** A whole number; null where it may be left to the chart or the cluster. */
export function whole(
  description: string,
  value: number | null,
  limits: { readonly minimum: number; readonly maximum?: number },
): ValueNode {
  const type = value === null ? ['integer', 'null'] : 'integer';
  return { description, default: value, schema: { type, ...limits } };
}

/** A count or a percentage, as Kubernetes' IntOrString. */
export function share(description: string, value: number | string): ValueNode {
  const schema = { type: ['integer', 'string'], pattern: '^[0-9]+%$', minimum: 0 };
  return { description, default: value, schema };
}

/** A list of strings. */
export function texts(description: string, more: More = {}): ValueNode {
  const items = { type: 'string', minLength: 1, ...more.schema };
  return { description, default: [], ...more, schema: { type: 'array', items } };
}

/** Names and strings: labels, annotations, files. */
export function strings(
  description: string,
  value: Readonly<Record<string, string>> = {},
  more: More = {},
): ValueNode {
  return {
    description,
    default: value,
    ...more,
    schema: { type: 'object', additionalProperties: { type: 'string' }, ...more.schema },
  };
}

/** A part of a Kubernetes object that goes into the manifest as it is: the API server checks it. */
export function kubeObject(description: string, value: object = {}): ValueNode {
  return { description, default: value, schema: { type: 'object' } };
}

/** A list of such parts. */
export function kubeList(description: string, value: readonly object[] = []): ValueNode {
  return { description, default: value, schema: { type: 'array', items: { type: 'object' } } };
}

/** A rule of JSON Schema: what fits `given` has to fit `must`, too. */
export function when(
  given: Readonly<Record<string, unknown>>,
  must: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return { if: given, [CONSEQUENCE]: must };
}

/** By this name, for an object with a written-out `then` looks like a promise to linters. */
const CONSEQUENCE = 'then';
