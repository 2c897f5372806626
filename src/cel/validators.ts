// What the API server asks of a tree whose types are right: literals that mean something, lists and maps of one type, formats that fit their
// arguments (apiserver pkg/cel/environment/base.go: ASTValidators; cel-go cel/validator.go, ext/formatting.go).

import type { Checked } from './checker.ts';
import { Fault } from './declare.ts';
import { readClauses } from './library/format.ts';
import { parseDuration, parseTimestamp } from './library/instants.ts';
import { describePattern } from './library/patterns.ts';
import type { Issue } from './source.ts';
import { type Call, childrenOf, type Element, type Expr } from './syntax.ts';
import { DYN, formatType, runtimeName, type Type, unwrapOptional } from './types.ts';
import { isSame } from './unify.ts';

/** Which types a clause of a format takes, and what cel-go says of others. */
const CLAUSES: ReadonlyMap<string, readonly [types: readonly string[], rule: string]> = new Map([
  [
    's',
    [
      [
        'string',
        'bool',
        'bytes',
        'int',
        'uint',
        'double',
        'map',
        'list',
        'type',
        'duration',
        'timestamp',
        'null',
        'any',
      ],
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    ],
  ],
  ['d', [['int', 'uint'], 'decimal clause can only be used on integers']],
  ['b', [['int', 'uint', 'bool'], 'only integers and bools can be formatted as binary']],
  ['o', [['int', 'uint'], 'octal clause can only be used on integers']],
  [
    'x',
    [['int', 'uint', 'string', 'bytes'], 'only integers, byte buffers, and strings can be formatted as hex'],
  ],
  [
    'X',
    [['int', 'uint', 'string', 'bytes'], 'only integers, byte buffers, and strings can be formatted as hex'],
  ],
  ['f', [['double', 'string'], 'fixed-point clause can only be used on doubles']],
  ['e', [['double', 'string'], 'scientific clause can only be used on doubles']],
]);

/** All that is wrong beside types. */
export function validate(tree: Expr, checked: Checked): readonly Issue[] {
  const issues: Issue[] = [];
  visit(tree, false);
  return issues;

  function visit(expr: Expr, exempt: boolean): void {
    if (expr.kind === 'call') issues.push(...checkArguments(expr, checked));
    if (!exempt && expr.kind === 'list') issues.push(...checkElements(expr.elements, checked));
    if (!exempt && expr.kind === 'map') {
      const keys = expr.entries.map(({ key }) => ({ value: key, optional: false }));
      issues.push(...checkElements(keys, checked), ...checkElements(expr.entries, checked));
    }
    const isFormat = expr.kind === 'call' && expr.name === 'format';
    for (const child of childrenOf(expr)) visit(child, exempt || isFormat);
  }
}

function checkArguments(call: Call, checked: Checked): readonly Issue[] {
  const [first, second] = call.args;
  if (call.target === undefined && (call.name === 'duration' || call.name === 'timestamp')) {
    const parse = call.name === 'duration' ? parseDuration : parseTimestamp;
    const text = textOf(first);
    return first !== undefined && text !== undefined && parse(text) === undefined
      ? [invalid(first, call.name)]
      : [];
  }
  if (call.name === 'matches') {
    const pattern = call.target === undefined ? second : first;
    const text = textOf(pattern);
    return pattern !== undefined && text !== undefined && describePattern(text) !== undefined
      ? [invalid(pattern, 'matches')]
      : [];
  }
  return call.name === 'format' ? checkFormat(call, checked) : [];
}

function textOf(expr: Expr | undefined): string | undefined {
  return expr?.kind === 'literal' && typeof expr.value === 'string' ? expr.value : undefined;
}

function invalid({ at }: Expr, name: string): Issue {
  return { at, message: `invalid ${name} argument` };
}

/** All of the first one's type, to the last parameter. */
function checkElements(elements: readonly Element[], checked: Checked): readonly Issue[] {
  const typeOf = ({ value, optional }: Element): Type => {
    const type = checked.types.get(value) ?? DYN;
    return optional ? unwrapOptional(type).type : type;
  };
  const [first] = elements;
  if (first === undefined) return [];
  const expected = typeOf(first);
  const wrong = elements.find((element) => !isSame(expected, typeOf(element)));
  if (wrong === undefined) return [];
  const message = `expected type '${formatType(expected)}' but found '${formatType(typeOf(wrong))}'`;
  return [{ at: wrong.value.at, message }];
}

/** A constant format with a literal list of arguments. */
function checkFormat(call: Call, checked: Checked): readonly Issue[] {
  const text = textOf(call.target);
  const [args] = call.args;
  if (text === undefined || args?.kind !== 'list') return [];
  let index = 0;
  let at = call.at;
  try {
    readClauses(text, ({ letter }) => {
      const arg = args.elements[index]?.value;
      if (arg === undefined) throw new Fault(`index ${index} out of range`);
      index++;
      const type = checked.types.get(arg) ?? DYN;
      const [types, rule] = CLAUSES.get(letter) ?? [];
      if (types === undefined || type.kind === 'dyn' || types.includes(type.name)) return '';
      at = arg.at;
      const given = type.kind === 'any' ? 'google.protobuf.Any' : runtimeName(type);
      throw new Fault(`error during formatting: ${rule}, was given ${given}`);
    });
  } catch (error) {
    if (error instanceof Fault) return [{ at, message: error.message }];
    throw error;
  }
  const given = args.elements.length;
  if (given <= index) return [];
  return [{ at, message: `too many arguments supplied to string.format (expected ${index}, got ${given})` }];
}
