// Taking a field away that strict decoding has named: `spec.containers[0].foo`.

/** The value without the field of that path; the value itself when there is no such field. */
export function withoutPath(value: unknown, path: string): unknown {
  const steps = path.match(/[^.[\]]+|\[\d+\]/g) ?? [];
  return without(
    value,
    steps.map((step) => step.replace(/^\[(\d+)\]$/, '$1')),
  );
}

function without(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => (String(index) === first ? without(item, rest) : item));
  }
  const fields = Object.entries(value);
  const kept = rest.length === 0 ? fields.filter(([name]) => name !== first) : fields;
  return Object.fromEntries(kept.map(([name, item]) => [name, name === first ? without(item, rest) : item]));
}
