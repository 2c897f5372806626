import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Field, FieldType } from '../../../../src/practice/schema/fieldtype.ts';
import { SCHEMA } from '../../../../src/practice/schema/schema.ts';
import { type WireField, wireFields } from '../../../../src/practice/schema/wirenumbers.ts';

const STRUCTS = [...SCHEMA.structs.values()];
/** Not in the messages: the envelope says them. */
const TYPE_META = new Set(['apiVersion', 'kind']);
/** The scalars that Go itself has, of which omitempty drops the zero. */
const GO_SCALARS = new Set(['string', 'integer', 'long', 'number', 'boolean']);

t.test('every field of every struct has its number, and no other has one', async (t) => {
  for (const { name, fields } of STRUCTS) {
    const numbered = wireFields(name).map((field) => field.name);
    const named = Object.keys(fields);
    // ObjectReference and Subject really have fields of these names.
    const expected = named.filter((field) => !TYPE_META.has(field) || numbered.includes(field));
    t.same([...numbered].sort(), expected.sort(), name);
  }
});

t.test('no number stands for two fields', async (t) => {
  for (const { name } of STRUCTS) {
    const places = wireFields(name).map(({ embeddedIn, number }) => `${embeddedIn ?? ''}.${number}`);
    t.equal(new Set(places).size, places.length, name);
    const embedded = new Set(wireFields(name).flatMap(({ embeddedIn }) => embeddedIn ?? []));
    const own = wireFields(name).filter(({ embeddedIn }) => embeddedIn === undefined);
    t.notOk(
      own.some(({ number }) => embedded.has(number)),
      `${name}: an embedded struct has a number of its own`,
    );
  }
});

t.test('what cannot be read is what the schema does not look into, except raw JSON', async (t) => {
  for (const { name, fields } of STRUCTS) {
    for (const field of wireFields(name)) {
      const opaque = isScalar(fields[field.name], 'any') && field.name !== 'fieldsV1';
      t.equal(field.readable, !opaque, `${name}.${field.name}`);
    }
  }
});

t.test('a struct that the table does not have is a mistake of the program', async (t) => {
  t.throws(() => wireFields('io.k8s.api.core.v1.Nothing'), TypeError);
});

function isScalar(field: Field | undefined, scalar: string): boolean {
  return field?.type.is === 'scalar' && field.type.scalar === scalar;
}

// The rest compares with Kubernetes' own files, where Go has them.

const CACHE = join(
  process.env['GOMODCACHE'] ?? join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'pkg/mod'),
  'k8s.io',
);
const MODULES = existsSync(CACHE) ? readdirSync(CACHE) : [];
const API = MODULES.find((name) => name.startsWith('api@v0.36.'));
const MACHINERY = MODULES.find((name) => name.startsWith('apimachinery@v0.36.'));
const skip =
  API === undefined || MACHINERY === undefined
    ? `k8s.io/api and k8s.io/apimachinery v0.36 are not in ${CACHE}`
    : false;

function fileOf(struct: string, file: string): string {
  const [group = '', version = ''] = struct.split('.').slice(-3, -1);
  const folder = struct.includes('apimachinery') ? [MACHINERY ?? '', 'pkg/apis'] : [API ?? ''];
  return join(CACHE, ...folder, group, version, file);
}

/** The lines between `opening` and the closing brace at the line's beginning. */
function block(struct: string, file: string, opening: RegExp): readonly string[] {
  const lines = readFileSync(fileOf(struct, file), 'utf8').split('\n');
  const start = lines.findIndex((line) => opening.test(line));
  return start === -1 ? [] : lines.slice(start + 1, lines.indexOf('}', start));
}

/** The fields of a message: number by name, and the type. */
function protoFields(struct: string, message: string): Map<string, { number: number; type: string }> {
  const lines = block(struct, 'generated.proto', new RegExp(`^message ${message} \\{`));
  const found = lines.flatMap((line) => {
    const [, type = '', name = '', number] =
      /^ {2}(?:optional |repeated |)(\S+|map<.*>) (\w+) = (\d+);/.exec(line) ?? [];
    return number === undefined ? [] : [[name, { number: Number(number), type }] as const];
  });
  return new Map(found);
}

t.test('the numbers are those of generated.proto', { skip }, async (t) => {
  let compared = 0;
  for (const { name } of STRUCTS) {
    const message = protoFields(name, lastWord(name));
    t.not(message.size, 0, `${name} is there`);
    for (const field of wireFields(name)) {
      const holder = [...message.values()].find(({ number }) => number === field.embeddedIn);
      const fields = holder === undefined ? message : protoFields(name, holder.type);
      t.equal(fields.get(field.name)?.number, field.number, `${name}.${field.name}`);
      compared++;
    }
  }
  t.ok(compared > 700, `${compared} fields were compared`);
});

/** How Go's struct has a field: whether as a pointer, and whether its JSON leaves the zero out. */
function goField(struct: string, field: WireField): { pointer: boolean; omitempty: boolean } | undefined {
  const lines = block(struct, 'types.go', new RegExp(`^type ${lastWord(struct)} struct \\{`));
  for (const line of lines) {
    const [, type = '', name = '', options = ''] =
      /^\s+(?:\w+\s+)?(\S+)\s+`.*json:"(\w*),?([^"]*)"/.exec(line) ?? [];
    if (name === field.name)
      return { pointer: type.startsWith('*'), omitempty: options.includes('omitempty') };
    if (!options.includes('inline') || type === 'metav1.TypeMeta' || type === 'TypeMeta') continue;
    const inner = goField(`${struct.slice(0, struct.lastIndexOf('.'))}.${type}`, field);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function isPlain(type: FieldType | undefined): boolean {
  return type?.is === 'scalar' && GO_SCALARS.has(type.scalar);
}

t.test('a zero is kept where the json tag of types.go keeps it', { skip }, async (t) => {
  for (const { name, fields } of STRUCTS) {
    for (const field of wireFields(name)) {
      if (!isPlain(fields[field.name]?.type)) continue;
      const go = goField(name, field);
      t.equal(field.keepsZero, go?.pointer === true || go?.omitempty === false, `${name}.${field.name}`);
    }
  }
});

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
