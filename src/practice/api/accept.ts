// What form of answer a request accepts (k8s.io/apiserver endpoints/handlers/negotiation): JSON or YAML, as it is, as a Table or as metadata only.
// A caller that wants only protobuf gets JSON: every client-go reads the Content-Type of the answer, and none can do with a refusal.

/** A form of answer. */
export interface Form {
  readonly media: 'application/json' | 'application/yaml';
  readonly as: 'Object' | 'Table' | 'PartialObjectMetadata';
  /** Of meta.k8s.io, for the other forms. */
  readonly version: 'v1' | 'v1beta1';
}

const PLAIN: Form = { media: 'application/json', as: 'Object', version: 'v1' };

/** One alternative of an Accept header. */
export interface Clause {
  readonly media: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The alternatives, the most wanted first. */
export function parseAccept(accept: string): Clause[] {
  const clauses = accept.split(',').map((text) => {
    const [media = '', ...rest] = text.split(';').map((part) => part.trim());
    const pairs = rest.map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
    });
    const parameters = new Map(pairs);
    const weight = Number(parameters.get('q') ?? '1');
    return { media: media.toLowerCase(), parameters, weight: Number.isNaN(weight) ? 1 : weight };
  });
  // Sorting is stable: what weighs the same keeps its order.
  return clauses
    .filter(({ media, weight }) => media !== '' && weight > 0)
    .sort((a, b) => b.weight - a.weight);
}

/** The form to answer in. */
export function negotiate(accept: string): Form {
  for (const clause of parseAccept(accept)) {
    const form = formOf(clause);
    if (form !== undefined) return form;
  }
  return PLAIN;
}

function formOf({ media, parameters }: Clause): Form | undefined {
  if (media === '*/*' || media === 'application/*') return PLAIN;
  if (media !== 'application/json' && media !== 'application/yaml') return undefined;
  const as = parameters.get('as') ?? '';
  if (as === '') return { ...PLAIN, media };
  const version = parameters.get('v');
  if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  if (as === 'Table') return { media, as, version };
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
    return { media, as: 'PartialObjectMetadata', version };
  }
  return undefined;
}
