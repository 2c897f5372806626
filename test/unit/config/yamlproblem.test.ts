// What a broken configuration is told repeats nothing of it: passwords break YAML where they begin with a character that means something there.
import fc from 'fast-check';
import t from 'tap';
import { loadConfig } from '../../../src/config/load.ts';
import { holds } from '../../properties.ts';

/** Parts of a password; no English and no YAML has them. */
const CANARY = 'Zq7';
const SECRET = `${CANARY}Xw${CANARY}`;

function told(text: string): string[] {
  const result = loadConfig({ file: 'gate.yaml', text, files: false, env: {} });
  return result.ok ? [] : result.errors.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const PASSWORDS: readonly [what: string, text: string, told: RegExp][] = [
  [
    'that begins with !',
    `password: !${SECRET}`,
    /^1:11 a tag that is not known; a value that begins with ! has to/,
  ],
  ['that begins with !!', `password: !!${SECRET} x`, /^1:11 a tag that is not known/],
  ['that is a verbatim tag', `password: !<${SECRET}> x`, /^1:11 a tag that is not known/],
  [
    'that begins with *',
    `password: *${SECRET}`,
    /^1:11 an alias without an anchor; a value that begins with \* has/,
  ],
  [
    'that begins with @',
    `password: @${SECRET}`,
    /^1:11 a value that begins with such a character has to be in quotes/,
  ],
  ['that begins with %', `%${SECRET} 1\n---\na: 1`, /^1:1 a directive that is not known/],
  ['that begins with |', `password: |${SECRET}`, /^1:12 Block scalar header includes extra characters$/],
  ['that begins with >', `password: >${SECRET}\n`, /^1:12 Block scalar header includes extra characters$/],
  [
    'with a backslash in double quotes',
    `password: "\\${SECRET}"`,
    /^1:\d+ an escape sequence that double quotes do not have/,
  ],
  ['with a code in double quotes', `password: "\\U${CANARY}00000"`, /^1:\d+ an escape sequence/],
  ['behind another value', `password: "a" ${SECRET}`, /^1:15 Unexpected scalar at node end$/],
  ['behind a closing bracket', `a: [1]] ${SECRET}`, /^1:7 Unexpected /],
  ['in front of the document', `${SECRET}\n: ] ${SECRET}`, /^\d+:\d+ /],
  ['as a tag of a list', `a: !!map [${SECRET}]`, /^1:\d+ a tag that/],
];

for (const [what, text, expected] of PASSWORDS)
  t.test(`a password ${what} is told by its place, and not repeated`, async (t) => {
    const lines = told(text);
    t.ok(lines.length > 0, 'it is wrong');
    t.ok(
      lines.some((line) => expected.test(line)),
      lines.join('\n'),
    );
    t.notMatch(lines.join('\n'), CANARY);
  });

t.test('nor is any other text that is no YAML', async (t) => {
  const piece = fc.constantFrom(
    ...[
      SECRET,
      CANARY,
      `${SECRET}: `,
      'a: ',
      '- ',
      '\n',
      '\n  ',
      '\n\t',
      ' ',
      '[',
      ']',
      '{',
      '}',
      ',',
      ':',
      '?',
    ],
    ...[
      '"',
      "'",
      '\\',
      '|',
      '>',
      '!',
      '!!',
      '!<',
      '&',
      '*',
      '%',
      '@',
      '`',
      '#',
      ' #',
      '---',
      '...',
      '\n---\n',
      '%YAML ',
      '%TAG ',
    ],
    ...['\u0000', '\ufeff', '\r', '<<: ', '~', '!!int ', '!!binary '],
  );
  let wrong = 0;
  holds(
    fc.property(fc.array(piece, { minLength: 2, maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const yaml = loadConfig({ file: 'gate.yaml', text, files: false, env: {} });
      if (yaml.ok) return true;
      // A text that is YAML is judged by the schema, which may name keys.
      const ofYaml = yaml.errors.filter(({ path }) => path === '');
      if (ofYaml.length > 0) wrong++;
      return !ofYaml.some(({ message }) => message.includes(CANARY));
    }),
    { numRuns: 3_000 },
  );
  t.ok(wrong > 500, `${wrong} were no YAML`);
});
