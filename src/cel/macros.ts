// Calls that are not calls: has(), the loops over one or two variables, and the ones of optionals. Each becomes a fold or a presence test
// while the tree is built (cel-go parser/macro.go, ext/comprehensions.go, ext/lists.go, cel/library.go).

import { SyntaxIssue } from './lexer.ts';
import { call, comprehension, type Expr, ident, list, literal, map, select } from './syntax.ts';

/** The name of a fold's accumulator. Nobody can write it, so a fold may change it in place. */
export const ACCUMULATOR = '@result';
/** The variable of a fold that runs no round: how a name is bound to a value. */
const UNUSED = '#unused';
const BOUND = '@bound';

type Expand = (at: number, target: Expr, args: readonly Expr[]) => Expr;

/** By name and number of arguments. */
const MACROS: ReadonlyMap<string, Expand> = new Map<string, Expand>([
  ['all/2', all],
  ['all/3', all],
  ['exists/2', exists],
  ['exists/3', exists],
  ['exists_one/2', existsOne],
  ['exists_one/3', existsOne],
  ['existsOne/3', existsOne],
  ['map/2', mapMacro],
  ['map/3', mapMacro],
  ['filter/2', filter],
  ['transformList/3', transformList],
  ['transformList/4', transformList],
  ['transformMap/3', transformMap],
  ['transformMap/4', transformMap],
  ['transformMapEntry/3', transformMapEntry],
  ['transformMapEntry/4', transformMapEntry],
  ['sortBy/2', sortBy],
  ['optMap/2', optMap],
  ['optFlatMap/2', optFlatMap],
]);

/** A call as the parser saw it, or what the macro of that name makes of it. Throws SyntaxIssue for arguments that a macro can't take. */
export function expandMacro(at: number, name: string, args: readonly Expr[], target?: Expr): Expr {
  if (target === undefined) return name === 'has' && args.length === 1 ? has(at, args) : call(at, name, args);
  const macro = MACROS.get(`${name}/${args.length}`);
  return macro === undefined ? call(at, name, args, target) : macro(at, target, args);
}

function has(at: number, [argument]: readonly Expr[]): Expr {
  if (argument?.kind !== 'select' || argument.test) {
    throw new SyntaxIssue(argument?.at ?? at, 'invalid argument to has() macro');
  }
  return select(at, argument.operand, argument.field, true);
}

/** What a fold does beside going over its range. */
interface Fold {
  readonly init: Expr;
  readonly step: Expr;
  readonly condition?: Expr;
  readonly result?: Expr;
}

interface Variables {
  readonly iterVar: string;
  readonly iterVar2: string | undefined;
}

function fold(at: number, range: Expr, variables: Variables, { init, step, condition, result }: Fold): Expr {
  return comprehension({
    at,
    range,
    ...variables,
    accuVar: ACCUMULATOR,
    accuInit: init,
    condition: condition ?? literal(at, true),
    step,
    result: result ?? ident(at, ACCUMULATOR),
  });
}

function all(at: number, range: Expr, args: readonly Expr[]): Expr {
  const { variables, rest } = takeVariables(at, args, 1);
  const accumulator = ident(at, ACCUMULATOR);
  return fold(at, range, variables, {
    init: literal(at, true),
    condition: call(at, '@not_strictly_false', [accumulator]),
    step: call(at, '_&&_', [accumulator, argument(at, rest, 0)]),
  });
}

function exists(at: number, range: Expr, args: readonly Expr[]): Expr {
  const { variables, rest } = takeVariables(at, args, 1);
  const accumulator = ident(at, ACCUMULATOR);
  return fold(at, range, variables, {
    init: literal(at, false),
    condition: call(at, '@not_strictly_false', [call(at, '!_', [accumulator])]),
    step: call(at, '_||_', [accumulator, argument(at, rest, 0)]),
  });
}

function existsOne(at: number, range: Expr, args: readonly Expr[]): Expr {
  const { variables, rest } = takeVariables(at, args, 1);
  const accumulator = ident(at, ACCUMULATOR);
  const more = call(at, '_+_', [accumulator, literal(at, 1n)]);
  return fold(at, range, variables, {
    init: literal(at, 0n),
    step: call(at, '_?_:_', [argument(at, rest, 0), more, accumulator]),
    result: call(at, '_==_', [accumulator, literal(at, 1n)]),
  });
}

function mapMacro(at: number, range: Expr, args: readonly Expr[]): Expr {
  const [variable, ...rest] = args;
  const variables = {
    iterVar: variableName(at, variable, 'argument is not an identifier'),
    iterVar2: undefined,
  };
  return collect(at, range, variables, rest);
}

function filter(at: number, range: Expr, args: readonly Expr[]): Expr {
  const [variable, test] = args;
  const iterVar = variableName(at, variable, 'argument is not an identifier');
  return collect(at, range, { iterVar, iterVar2: undefined }, [argument(at, [test], 0), ident(at, iterVar)]);
}

function transformList(at: number, range: Expr, args: readonly Expr[]): Expr {
  const { variables, rest } = takeVariables(at, args, args.length - 2);
  return collect(at, range, variables, rest);
}

/** `rest` is the transformation, or a filter and the transformation. */
function collect(at: number, range: Expr, variables: Variables, rest: readonly Expr[]): Expr {
  const accumulator = ident(at, ACCUMULATOR);
  const step = call(at, '@append', [accumulator, argument(at, rest, rest.length - 1)]);
  return fold(at, range, variables, { init: list(at, []), step: filtered(at, rest, step) });
}

function transformMap(at: number, range: Expr, args: readonly Expr[]): Expr {
  const { variables, rest } = takeVariables(at, args, args.length - 2);
  const key = ident(at, variables.iterVar);
  const step = call(at, 'cel.@mapInsert', [ident(at, ACCUMULATOR), key, argument(at, rest, rest.length - 1)]);
  return fold(at, range, variables, { init: map(at, []), step: filtered(at, rest, step) });
}

function transformMapEntry(at: number, range: Expr, args: readonly Expr[]): Expr {
  const { variables, rest } = takeVariables(at, args, args.length - 2);
  const step = call(at, 'cel.@mapInsert', [ident(at, ACCUMULATOR), argument(at, rest, rest.length - 1)]);
  return fold(at, range, variables, { init: map(at, []), step: filtered(at, rest, step) });
}

function filtered(at: number, rest: readonly Expr[], step: Expr): Expr {
  const [test] = rest;
  if (rest.length < 2 || test === undefined) return step;
  return call(at, '_?_:_', [test, step, ident(at, ACCUMULATOR)]);
}

function sortBy(at: number, target: Expr, args: readonly Expr[]): Expr {
  const bound = ident(at, BOUND);
  const keys = mapMacro(at, bound, args);
  return bind(at, BOUND, target, call(at, '@sortByAssociatedKeys', [keys], bound));
}

function optMap(at: number, target: Expr, args: readonly Expr[]): Expr {
  return optional(at, target, args, (value) => call(at, 'optional.of', [value]));
}

function optFlatMap(at: number, target: Expr, args: readonly Expr[]): Expr {
  return optional(at, target, args, (value) => value);
}

/** The target is bound to a name, where cel-go writes it twice: a chain of n would be 2ⁿ long. */
function optional(at: number, target: Expr, args: readonly Expr[], wrap: (value: Expr) => Expr): Expr {
  const [variable, transform] = args;
  const name = variableName(at, variable, 'optMap() variable name must be a simple identifier');
  const bound = ident(at, BOUND);
  const inner = bind(at, name, call(at, 'value', [], bound), argument(at, [transform], 0));
  const test = call(at, 'hasValue', [], bound);
  return bind(at, BOUND, target, call(at, '_?_:_', [test, wrap(inner), call(at, 'optional.none', [])]));
}

function bind(at: number, name: string, value: Expr, result: Expr): Expr {
  return comprehension({
    at,
    range: list(at, []),
    iterVar: UNUSED,
    iterVar2: undefined,
    accuVar: name,
    accuInit: value,
    condition: literal(at, false),
    step: ident(at, name),
    result,
  });
}

/** One or two names, and the `count` arguments after them. */
function takeVariables(
  at: number,
  args: readonly Expr[],
  count: number,
): { variables: Variables; rest: readonly Expr[] } {
  const names = args.slice(0, args.length - count);
  const [first, second] = names;
  const iterVar = variableName(at, first, 'argument must be a simple name');
  const iterVar2 =
    second === undefined ? undefined : variableName(at, second, 'argument must be a simple name');
  if (iterVar === iterVar2) throw new SyntaxIssue(second?.at ?? at, `duplicate variable name: ${iterVar}`);
  return { variables: { iterVar, iterVar2 }, rest: args.slice(names.length) };
}

function variableName(at: number, expr: Expr | undefined, message: string): string {
  if (expr?.kind !== 'ident') throw new SyntaxIssue(expr?.at ?? at, message);
  if (expr.name === '__result__') {
    throw new SyntaxIssue(expr.at, 'iteration variable overwrites accumulator variable');
  }
  return expr.name;
}

function argument(at: number, args: readonly (Expr | undefined)[], index: number): Expr {
  const expr = args[index];
  if (expr === undefined) throw new SyntaxIssue(at, 'argument is missing');
  return expr;
}
