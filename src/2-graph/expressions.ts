/**
 * Expressions of the surface language to arrays of scalar expressions.
 *
 * Broadcasting, slices, comprehensions, reductions and calls of `fn` disappear here; references to
 * variables stay (`let` is never inlined). A mistake is reported once and becomes poison.
 */
import type { Span } from '../errors/diagnostic.js';
import { didYouMean } from '../errors/render.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  type ReduceKind,
  add,
  cond,
  div,
  element,
  index,
  isConst,
  mul,
  num,
  one,
  reduce,
  ref,
  size,
  sub,
  visit,
  zero,
} from '../expr/expr.js';
import { difference, tidy } from '../expr/affine.js';
import type { ArgumentSyntax, IndexSyntax, PlateSyntax, RangeSyntax, Syntax } from '../1-parse/ast.js';
import { type Call, applied, applyBuiltin, builtins, choose, elementwise, matrixProduct } from './builtins.js';
import { type Context, rangesOf } from './context.js';
import { densityFunctions } from './densities.js';
import type { ScalarType } from './graph.js';
import {
  familyAsValue,
  functionAsValue,
  generatorUnexpected,
  holeIsFunction,
  holeMissing,
  holeNotFunction,
  indexHides,
  indexOutOfRange,
  localName,
  lambdaUnexpected,
  programTooLarge,
  raggedWhole,
  rangeNotInteger,
  realIndex,
  shapeMismatch,
  tooManyIndices,
  typeMismatch,
  unknownArgument,
  unknownFunction,
  unknownName,
  wrongArgumentCount,
} from './messages.js';
import { constantDifference, extreme, printDimension, printType } from './shapes.js';
import { lawCombinators } from './reference.js';
import { type Environment, type Loop, innerScope, loopOf, lookUp, visibleNames } from './scope.js';
import { type ArrayValue, type Value, buildValue, elementOf, isPoison, joinScalars, poison, scalarValue } from './types.js';

/** Names that are distributions made of distributions. */
export const combinators: readonly string[] = [...lawCombinators.keys()];

const operatorNames: ReadonlyMap<string, string> = new Map([
  ['+', 'add'],
  ['-', 'sub'],
  ['*', 'mul'],
  ['/', 'div'],
  ['^', 'pow'],
  ['<', 'lt'],
  ['<=', 'le'],
  ['>', 'gt'],
  ['>=', 'ge'],
  ['==', 'eq'],
  ['!=', 'ne'],
  ['&&', 'and'],
  ['||', 'or'],
]);
const comparisons: ReadonlySet<string> = new Set(['lt', 'le', 'gt', 'ge', 'eq', 'ne']);

/** The value of an expression; a ragged variable must have been indexed completely. */
export function lowerExpression(context: Context, syntax: Syntax, environment: Environment): Value {
  const value = lowerAny(context, syntax, environment);
  if (!isPoison(value) && value.ragged > 0) return context.report(raggedWhole(syntax.span, value.variable ?? 'this array'));
  return value;
}

function lowerAny(context: Context, syntax: Syntax, environment: Environment): Value {
  switch (syntax.kind) {
    case 'number':
      return scalarValue(isIntegerLiteral(syntax.text, syntax.value) ? 'int' : 'real', num(syntax.value));
    case 'boolean':
      return scalarValue('bool', num(Number(syntax.value)));
    case 'inf':
      return scalarValue('real', num(Infinity));
    case 'name':
      return lowerName(context, syntax.name, syntax.span, environment);
    case 'hole':
      return lowerHole(context, syntax.hole, syntax.span);
    case 'unary':
      return lowerUnary(context, syntax, environment);
    case 'binary':
      return lowerBinary(context, syntax, environment);
    case 'conditional':
      return lowerConditional(context, syntax, environment);
    case 'call':
      return lowerCall(context, syntax, environment);
    case 'index':
      return lowerIndex(context, syntax, environment);
    case 'array':
      return lowerArray(context, syntax, environment);
    case 'comprehension':
      return lowerComprehension(context, syntax, environment);
    case 'generator':
      return context.report(generatorUnexpected(syntax.span, 'this place'));
    case 'lambda':
      return context.report(lambdaUnexpected(syntax.span));
  }
}

/** `1e5` is an integer, `2.0` is real. */
function isIntegerLiteral(text: string, value: number): boolean {
  return Number.isInteger(value) && !text.includes('.');
}

function lowerName(context: Context, name: string, span: Span, environment: Environment): Value {
  const binding = lookUp(environment.scope, name);
  if (binding === null) {
    if (context.lost.names.has(name) || context.lost.anything) return poison;
    if (context.families.has(name) || combinators.includes(name)) return context.report(familyAsValue(span, name));
    if (builtins.has(name) || context.functions.has(name)) return context.report(functionAsValue(span, name));
    const indices = context.indicesOfLocal(name);
    if (indices !== null) return context.report(localName(span, name, indices));
    return context.report(
      unknownName(
        span,
        name,
        context.suggestion(name, () => visibleNames(environment.scope)),
      ),
    );
  }
  switch (binding.kind) {
    case 'index':
      return scalarValue('int', binding.loop.index);
    case 'value':
      return binding.value;
    case 'size':
      return scalarValue('int', size(name));
    case 'variable': {
      const { variable } = binding;
      const type = context.typeOf(variable);
      if (isPoison(type)) return type;
      // A local is its element in this iteration.
      const own: Expr[] = variable.local ? localPosition(context, variable.definitions[0]?.environment.plates ?? []) : [];
      const dims = type.here ?? type.dims.slice(own.length);
      const value = buildValue(type.scalar, dims, (...at) => ref(variable.name, [...own, ...at]));
      return { ...value, ragged: type.here === null ? Math.max(0, type.ragged - own.length) : 0, variable: variable.text };
    }
  }
}
/** Storage position of a local in the current iteration: the plate indices, counted from 0 where a loop begins below. */
export function localPosition(context: Context, plates: readonly Loop[]): Expr[] {
  return plates.map((p) => {
    const { from } = context.range(p);
    return isConst(from) && from.value < 0 ? sub(p.index, from) : p.index;
  });
}

function lowerHole(context: Context, hole: number, span: Span): Value {
  const value = context.holes[hole];
  if (value === undefined) return context.report(holeMissing(span));
  switch (value.kind) {
    case 'number':
      return scalarValue(Number.isInteger(value.value) ? 'int' : 'real', num(value.value));
    case 'boolean':
      return scalarValue('bool', num(Number(value.value)));
    case 'array':
      return context.constant(value, arrayScalar(value.values), value.shape, value.values, span);
    case 'function':
      return context.report(holeIsFunction(span));
    case 'unusable':
      return poison;
  }
}
function arrayScalar(values: Float64Array): ScalarType {
  // Integers are stored in 32 bits.
  return values.every((x) => Number.isInteger(x) && Math.abs(x) < 2 ** 31) ? 'int' : 'real';
}

function numeric(s: ScalarType): ScalarType {
  return s === 'bool' ? 'int' : s;
}
function call(
  context: Context,
  environment: Environment,
  name: string,
  span: Span,
  args: readonly ArrayValue[],
  spans: readonly Span[],
): Call {
  return { context, environment, name, span, arguments: args, spans };
}

function lowerUnary(context: Context, syntax: Syntax & { kind: 'unary' }, environment: Environment): Value {
  const operand = context.expression(syntax.operand, environment);
  if (isPoison(operand)) return operand;
  const c = call(context, environment, syntax.operator, syntax.span, [operand], [syntax.operand.span]);
  if (syntax.operator === '-') return elementwise(c, [operand], numeric(operand.scalar), (x) => sub(zero, x!));
  if (operand.scalar === 'real')
    return context.report(
      typeMismatch(syntax.operand.span, 'The operand of `!`', 'a condition (bool, or 0/1)', printType(operand.scalar, operand.dims)),
    );
  return elementwise(c, [operand], 'bool', (x) => applied('not', x!));
}

function lowerBinary(context: Context, syntax: Syntax & { kind: 'binary' }, environment: Environment): Value {
  const left = context.expression(syntax.left, environment);
  // The right side of `&&` and `||` may guard nothing, but what it guards is usually an index.
  const lazy = syntax.operator === '&&' || syntax.operator === '||';
  const right = context.expression(syntax.right, lazy ? { ...environment, conditional: true } : environment);
  if (isPoison(left)) return left;
  if (isPoison(right)) return right;
  const c = call(context, environment, syntax.operator, syntax.span, [left, right], [syntax.left.span, syntax.right.span]);
  if (syntax.operator === '@') return matrixProduct(c);
  if (lazy) {
    for (const [k, side] of [left, right].entries()) {
      if (side.scalar === 'real')
        return context.report(
          typeMismatch(c.spans[k]!, `A side of \`${syntax.operator}\``, 'a condition (bool, or 0/1)', printType(side.scalar, side.dims)),
        );
    }
  }
  const fn = operatorNames.get(syntax.operator)!;
  // What the left side guards, such as the index of `t > 0 && x[t-1] > 0`, is read only where it exists.
  if (lazy && readsElements(right.body)) {
    return elementwise(c, [left, right], 'bool', (a, b) =>
      fn === 'and' ? cond(a!, applied('ne', b!, zero), zero) : cond(a!, one, applied('ne', b!, zero)),
    );
  }
  // What an `eq` says of an index is solved for it, and a real may lie between two of its values.
  if (fn === 'eq' && (left.scalar === 'real' || right.scalar === 'real'))
    return elementwise(c, [left, right], 'bool', (a, b) =>
      difference(a!, b!).terms.some((t) => t.term.op === 'index')
        ? applied('and', applied('ge', a!, b!), applied('le', a!, b!))
        : applied(fn, a!, b!),
    );
  return elementwise(c, [left, right], resultScalar(fn, left, right), (a, b) => applied(fn, a!, b!));
}
function readsElements(e: Expr): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'ref' && x.at.length > 0) found = true;
  });
  return found;
}
function resultScalar(fn: string, left: ArrayValue, right: ArrayValue): ScalarType {
  if (comparisons.has(fn) || fn === 'and' || fn === 'or') return 'bool';
  if (fn === 'div') return 'real';
  if (fn === 'pow')
    return left.scalar !== 'real' && isConst(right.body) && Number.isInteger(right.body.value) && right.body.value >= 0 ? 'int' : 'real';
  return numeric(joinScalars(left.scalar, right.scalar));
}

function lowerConditional(context: Context, syntax: Syntax & { kind: 'conditional' }, environment: Environment): Value {
  const test = context.expression(syntax.test, environment);
  const inside = { ...environment, conditional: true };
  const then = context.expression(syntax.then, inside);
  const otherwise = context.expression(syntax.otherwise, inside);
  if (isPoison(test)) return test;
  // A branch that waits for a recursive definition takes the other's type.
  if (isPoison(then)) return then.pending && !isPoison(otherwise) ? otherwise : then;
  if (isPoison(otherwise)) return otherwise.pending ? then : otherwise;
  if (test.scalar === 'real')
    return context.report(
      typeMismatch(
        syntax.test.span,
        'The condition of `?:`',
        'a condition (bool, or 0/1)',
        printType(test.scalar, test.dims),
        'compare it: `x > 0 ? a : b`',
      ),
    );
  const scalar = then.scalar === otherwise.scalar ? then.scalar : joinScalars(then.scalar, otherwise.scalar);
  const c = call(
    context,
    environment,
    '?:',
    syntax.span,
    [test, then, otherwise],
    [syntax.test.span, syntax.then.span, syntax.otherwise.span],
  );
  return elementwise(c, [test, then, otherwise], scalar, (t, a, b) => cond(t!, a!, b!));
}

// --- indices ----------------------------------------------------------------------------------

/** Bounds `from <= i < to` of a range expression, integers without latents where `what` is given. */
export function lowerRange(
  context: Context,
  range: RangeSyntax,
  environment: Environment,
  what: string | null,
): { from: Expr; to: Expr } | null {
  const bounds: Expr[] = [];
  for (const side of [range.from, range.to]) {
    const v = context.expression(side, environment);
    if (isPoison(v)) continue;
    if (v.dims.length > 0 || v.scalar === 'real') {
      context.report(rangeNotInteger(side.span, printType(v.scalar, v.dims)));
      continue;
    }
    if (what !== null) context.requireData(v.body, side.span, what);
    bounds.push(what === null ? v.body : context.settled(v.body));
  }
  if (bounds.length < 2) return null;
  return { from: tidy(bounds[0]!), to: tidy(range.inclusive ? add(bounds[1]!, one) : bounds[1]!) };
}

type Position =
  | { readonly kind: 'scalar'; readonly at: Expr }
  | { readonly kind: 'gather'; readonly by: ArrayValue }
  | { readonly kind: 'slice'; readonly from: Expr; readonly length: Expr };

function lowerIndex(context: Context, syntax: Syntax & { kind: 'index' }, environment: Environment): Value {
  const base = lowerAny(context, syntax.array, environment);
  const positions = syntax.at.map((p, d) =>
    isPoison(base) ? lowerPosition(context, p, null, environment) : lowerPosition(context, p, base.dims[d] ?? null, environment),
  );
  if (isPoison(base)) return base;
  if (syntax.at.length > base.dims.length) {
    return context.report(tooManyIndices(syntax.span, printType(base.scalar, base.dims), syntax.at.length, base.dims.length));
  }
  const found: Position[] = [];
  for (const p of positions) {
    if (p === null) return poison;
    if ('pending' in p) return p;
    found.push(p);
  }
  const leading = found.findIndex((p) => p.kind !== 'scalar');
  const scalars = leading < 0 ? found.length : leading;
  const ragged = Math.max(0, base.ragged - scalars);
  if (ragged > 0 && scalars < found.length) return context.report(raggedWhole(syntax.span, base.variable ?? 'this array'));

  const dims: Expr[] = [];
  for (const p of found) {
    if (p.kind === 'gather') dims.push(...p.by.dims);
    if (p.kind === 'slice') dims.push(p.length);
  }
  const rest = base.dims.slice(found.length);
  const value = buildValue(base.scalar, [...dims, ...rest], (...at) => {
    let next = 0;
    const where = found.map((p): Expr => {
      switch (p.kind) {
        case 'scalar':
          return p.at;
        case 'gather': {
          const own = at.slice(next, next + p.by.dims.length);
          next += p.by.dims.length;
          return elementOf(p.by, own);
        }
        case 'slice':
          return tidy(add(p.from, at[next++]!));
      }
    });
    return elementOf(base, [...where, ...at.slice(next)]);
  });
  return { ...value, ragged, variable: base.variable };
}

function lowerPosition(
  context: Context,
  syntax: IndexSyntax,
  dimension: Expr | null,
  environment: Environment,
): Position | Exclude<Value, ArrayValue> | null {
  switch (syntax.kind) {
    case 'all':
      return dimension === null ? null : { kind: 'slice', from: zero, length: dimension };
    case 'range': {
      const range = lowerRange(context, syntax.range, environment, 'A slice');
      if (range === null) return null;
      if (dimension !== null && !environment.conditional) {
        if (isConst(range.from) && range.from.value < 0)
          context.report(indexOutOfRange(syntax.span, printDimension(range.from), printDimension(dimension), ''));
        const over = constantDifference(range.to, dimension);
        if (over !== null && over > 0)
          context.report(indexOutOfRange(syntax.span, printDimension(tidy(sub(range.to, one))), printDimension(dimension), ''));
      }
      return { kind: 'slice', from: range.from, length: tidy(sub(range.to, range.from)) };
    }
    case 'at': {
      const v = context.expression(syntax.value, environment);
      if (isPoison(v)) return v;
      if (v.scalar === 'real') return context.report(realIndex(syntax.span, printType(v.scalar, v.dims)));
      if (v.dims.length > 0) return { kind: 'gather', by: v };
      if (dimension !== null) checkRange(context, v.body, dimension, environment, syntax.span);
      return { kind: 'scalar', at: affineIndex(v.body) };
    }
  }
}
/** Index arithmetic is normalised, so that `z[(t+1)-1]` is `z[t]`. */
function affineIndex(e: Expr): Expr {
  return e.op === 'apply' ? tidy(e) : e;
}

/** Reports an index that is out of range for certain, or at one end of its loop. */
function checkRange(context: Context, e: Expr, dimension: Expr, environment: Environment, span: Span): void {
  if (environment.conditional || environment.guards.length > 0) return;
  const ranges = rangesOf(context, environment);
  // A loop whose bounds depend on an outer index may be empty for the very index that would be out of range.
  const uneven = [...ranges.values()].some((r) => mentionsIndex(r.from) || mentionsIndex(r.to));
  if (uneven && !isConst(e)) return;
  const low = extreme(e, 'low', ranges),
    high = extreme(e, 'high', ranges);
  const where = e.op === 'const' || !mentionsIndex(e) ? '' : ` (the index is ${printDimension(e)})`;
  if (low !== null) {
    const below = constantDifference(low, zero);
    if (below !== null && below < 0) {
      context.report(indexOutOfRange(span, printDimension(low), printDimension(dimension), where));
      return;
    }
  }
  if (high !== null) {
    const above = constantDifference(high, dimension);
    if (above !== null && above >= 0) context.report(indexOutOfRange(span, printDimension(high), printDimension(dimension), where));
  }
}
function mentionsIndex(e: Expr): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'index') found = true;
  });
  return found;
}

// --- arrays -----------------------------------------------------------------------------------

function lowerArray(context: Context, syntax: Syntax & { kind: 'array' }, environment: Environment): Value {
  const literal = literalArray(context, syntax, environment);
  if (literal !== null) {
    const real = literal.scalar === 'real' || literal.values.some((x) => Math.abs(x) >= 2 ** 31);
    return context.constant(syntax, real ? 'real' : literal.scalar, literal.shape, Float64Array.from(literal.values), syntax.span);
  }
  const elements: ArrayValue[] = [];
  let bad: Value | null = null;
  for (const s of syntax.elements) {
    const v = context.expression(s, environment);
    if (isPoison(v)) bad ??= v;
    else elements.push(v);
  }
  if (bad !== null) return bad;
  const first = elements[0]!;
  for (const [k, v] of elements.entries()) {
    const differs = (): ReturnType<typeof shapeMismatch> =>
      shapeMismatch(
        syntax.elements[k]!.span,
        'The elements of an array have one shape',
        printType(first.scalar, first.dims),
        printType(v.scalar, v.dims),
      );
    if (v.dims.length !== first.dims.length) return context.report(differs());
    if (
      !v.dims.every((d, axis) =>
        context.agree(first.dims[axis]!, d, environment, syntax.span, 'the elements of an array have one shape', differs),
      )
    )
      return poison;
  }
  const scalar = elements.map((v) => v.scalar).reduce(joinScalars);
  return buildValue(scalar, [num(elements.length), ...first.dims], (i, ...at) =>
    choose(
      i!,
      elements.map((v) => elementOf(v, at)),
    ),
  );
}

interface Literal {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly scalar: ScalarType;
}

/** The numbers of a rectangular array of constants; null where any element is not constant. */
function literalArray(context: Context, syntax: Syntax & { kind: 'array' }, environment: Environment): Literal | null {
  if (syntax.elements.length === 0) return { shape: [0], values: [], scalar: 'int' };
  const parts: Literal[] = [];
  for (const s of syntax.elements) {
    if (s.kind === 'array') {
      const part = literalArray(context, s, environment);
      if (part === null) return null;
      parts.push(part);
    } else {
      if (!looksConstant(s)) return null;
      const v = context.expression(s, environment);
      if (isPoison(v) || v.dims.length > 0 || !isConst(v.body)) return null;
      parts.push({ shape: [], values: [v.body.value], scalar: v.scalar });
    }
  }
  const first = parts[0]!;
  if (parts.some((p) => p.shape.length !== first.shape.length || p.shape.some((n, d) => n !== first.shape[d]))) return null;
  return {
    shape: [parts.length, ...first.shape],
    values: parts.flatMap((p) => p.values),
    scalar: parts.map((p) => p.scalar).reduce(joinScalars),
  };
}
/** Arithmetic of literals only, so that a long array of expressions is not lowered twice. */
function looksConstant(s: Syntax): boolean {
  switch (s.kind) {
    case 'number':
    case 'boolean':
    case 'inf':
    case 'hole':
      return true;
    case 'unary':
      return looksConstant(s.operand);
    case 'binary':
      return looksConstant(s.left) && looksConstant(s.right);
    case 'call':
      return s.arguments.every((a) => looksConstant(a.value));
    default:
      return false;
  }
}

/** Enters the loops of a comprehension, reduction or mixture: inner bounds may use outer indices. */
export function enterLoops(
  context: Context,
  plates: readonly PlateSyntax[],
  environment: Environment,
): { loops: readonly Loop[]; inside: Environment } {
  const loops: Loop[] = [];
  let inside = environment;
  for (const plate of plates) {
    if (loops.some((l) => l.name.text === plate.index.text)) context.report(indexHides(plate.index.span, plate.index.text));
    const loop = loopOf(plate, index(plate.index.text), inside);
    const scope = innerScope(inside.scope);
    scope.names.set(plate.index.text, { kind: 'index', loop });
    inside = { ...inside, scope, loops: [...inside.loops, loop] };
    loops.push(loop);
  }
  return { loops, inside };
}

function lowerComprehension(context: Context, syntax: Syntax & { kind: 'comprehension' }, environment: Environment): Value {
  const { loops, inside } = enterLoops(context, syntax.plates, environment);
  const ranges = loops.map((loop) => lowerRange(context, loop.range, loop.outside, 'A comprehension'));
  const body = context.expression(syntax.body, inside);
  if (isPoison(body)) return body;
  if (ranges.some((r) => r === null)) return poison;
  const indices = new Set<Index>(loops.map((l) => l.index));
  const dims = ranges.map((r) => tidy(sub(r!.to, r!.from)));
  for (const [k, d] of [...dims, ...body.dims].entries()) {
    let uses = false;
    visit(d, (x) => {
      if (x.op === 'index' && indices.has(x)) uses = true;
    });
    if (uses)
      return context.report(
        shapeMismatch(
          syntax.span,
          'An array is rectangular',
          `dimension ${k + 1}, ${printDimension(d)},`,
          'a length that is the same for all rows',
          'use a plate: `for i in ... { let a[i] = ... }`',
        ),
      );
  }
  return buildValue(body.scalar, [...dims, ...body.dims], (...at) => {
    const shifted: ArrayExpr = { indices: [...loops.map((l) => l.index), ...body.indices], dims: [...dims, ...body.dims], body: body.body };
    return elementOf(
      shifted,
      at.map((i, d) => (d < loops.length ? add(ranges[d]!.from, i) : i)),
    );
  });
}

// --- calls ------------------------------------------------------------------------------------

const reductions: ReadonlyMap<string, ReduceKind> = new Map([
  ['sum', 'sum'],
  ['prod', 'prod'],
  ['min', 'min'],
  ['max', 'max'],
  ['logsumexp', 'logsumexp'],
]);

function lowerCall(context: Context, syntax: Syntax & { kind: 'call' }, environment: Environment): Value {
  if (!context.spend(syntax.span)) return context.report(programTooLarge(syntax.span));
  if ('hole' in syntax.callee) return lowerHostCall(context, syntax.callee.hole, syntax, environment);
  const name = syntax.callee.text;
  if (context.functions.has(name)) return lowerOwnFunction(context, name, syntax, environment);
  if (context.lost.names.has(name) || (context.lost.anything && !isKnownFunction(context, name))) {
    lowerArguments(context, syntax.arguments, name, environment);
    return poison;
  }
  const density = densityFunctions.get(name);
  if (density !== undefined) return density(context, syntax, environment);
  const only = syntax.arguments.length === 1 ? syntax.arguments[0]!.value : null;
  if (only?.kind === 'generator' && (reductions.has(name) || name === 'mean')) return lowerReduction(context, name, only, environment);
  const builtin = builtins.get(name);
  if (builtin === undefined) {
    if (context.families.has(name) || combinators.includes(name)) return context.report(familyAsValue(syntax.callee.span, name));
    const names = [...builtins.keys(), ...densityFunctions.keys(), ...context.functions.keys()];
    lowerArguments(context, syntax.arguments, name, environment);
    return context.report(unknownFunction(syntax.callee.span, name, didYouMean(name, names), [...names].sort()));
  }
  const args = lowerArguments(context, syntax.arguments, name, environment);
  if (isPoisonList(args)) return args.poison;
  return applyBuiltin(
    builtin,
    call(
      context,
      environment,
      name,
      syntax.span,
      args,
      syntax.arguments.map((a) => a.span),
    ),
  );
}

/** A function or a distribution that is none of the program's. */
function isKnownFunction(context: Context, name: string): boolean {
  return (
    builtins.has(name) || densityFunctions.has(name) || context.families.has(name) || combinators.includes(name) || reductions.has(name)
  );
}

interface PoisonList {
  readonly poison: Exclude<Value, ArrayValue>;
}
function isPoisonList(a: readonly ArrayValue[] | PoisonList): a is PoisonList {
  return 'poison' in a;
}

function lowerArguments(
  context: Context,
  args: readonly ArgumentSyntax[],
  fn: string,
  environment: Environment,
): readonly ArrayValue[] | PoisonList {
  const out: ArrayValue[] = [];
  let bad: Exclude<Value, ArrayValue> | null = null;
  for (const a of args) {
    if (a.name !== null) {
      bad = context.report(unknownArgument(a.name.span, fn, a.name.text));
      continue;
    }
    if (a.value.kind === 'generator') {
      bad = context.report(generatorUnexpected(a.value.span, fn));
      continue;
    }
    const v = context.expression(a.value, environment);
    if (isPoison(v)) bad = bad === null || bad.pending ? v : bad;
    else out.push(v);
  }
  return bad === null ? out : { poison: bad };
}

function lowerHostCall(context: Context, hole: number, syntax: Syntax & { kind: 'call' }, environment: Environment): Value {
  const value = context.holes[hole];
  const args = lowerArguments(context, syntax.arguments, 'a host function', environment);
  if (value === undefined) return context.report(holeMissing(syntax.callee.span));
  if (value.kind === 'unusable') return poison;
  if (value.kind !== 'function') return context.report(holeNotFunction(syntax.callee.span));
  if (isPoisonList(args)) return args.poison;
  return scalarValue('real', element({ fn: `host:${context.host(hole)}`, args, dims: [] }, []));
}

function lowerOwnFunction(context: Context, name: string, syntax: Syntax & { kind: 'call' }, environment: Environment): Value {
  const fn = context.functions.get(name)!;
  const args = lowerArguments(context, syntax.arguments, name, environment);
  // Recursion is reported where the function is declared.
  if (environment.calls.includes(name)) return poison;
  if (syntax.arguments.length !== fn.parameters.length) {
    const n = fn.parameters.length;
    return context.report(
      wrongArgumentCount(
        syntax.span,
        name,
        syntax.arguments.length,
        `${n} argument${n === 1 ? '' : 's'} (${fn.parameters.map((p) => p.text).join(', ')})`,
      ),
    );
  }
  if (isPoisonList(args)) return args.poison;
  return context.expression(
    fn.body,
    functionEnvironment(
      environment,
      fn.parameters.map((p, k) => [p.text, args[k]!]),
      name,
    ),
  );
}

/** The names a function's body sees: its parameters and the variables of the program. */
export function functionEnvironment(
  environment: Environment,
  parameters: readonly (readonly [string, Value])[],
  name: string,
): Environment {
  let outermost = environment.scope;
  while (outermost.parent !== null) outermost = outermost.parent;
  const scope = innerScope(outermost);
  for (const [text, value] of parameters) scope.names.set(text, { kind: 'value', value });
  return { ...environment, scope, calls: [...environment.calls, name] };
}

function lowerReduction(context: Context, name: string, syntax: Syntax & { kind: 'generator' }, environment: Environment): Value {
  const { loops, inside } = enterLoops(context, syntax.plates, environment);
  const ranges = loops.map((loop) => lowerRange(context, loop.range, loop.outside, null));
  const body = context.expression(syntax.body, inside);
  if (isPoison(body)) return body;
  if (ranges.some((r) => r === null)) return poison;
  for (const d of body.dims) {
    let uses = false;
    visit(d, (x) => {
      if (loops.some((l) => l.index === x)) uses = true;
    });
    if (uses)
      return context.report(
        shapeMismatch(
          syntax.span,
          `\`${name}\` adds arrays of one shape`,
          printType(body.scalar, body.dims),
          'a shape that is the same for all terms',
        ),
      );
  }
  const over = (kind: ReduceKind, e: Expr): Expr =>
    loops.reduceRight<Expr>((inner, loop, k) => reduce(kind, loop.index, ranges[k]!.from, ranges[k]!.to, inner), e);
  if (name === 'mean') {
    return buildValue('real', body.dims, (...at) =>
      div(
        over('sum', elementOf(body, at)),
        countOver(
          loops,
          ranges.map((r) => r!),
        ),
      ),
    );
  }
  const kind = reductions.get(name)!;
  return buildValue(kind === 'logsumexp' ? 'real' : numeric(body.scalar), body.dims, (...at) => over(kind, elementOf(body, at)));
}
/** Number of terms; inner bounds may depend on outer indices, so it is a sum. */
function countOver(loops: readonly Loop[], ranges: readonly { from: Expr; to: Expr }[]): Expr {
  return loops.reduceRight<Expr>((inner, loop, k) => {
    const { from, to } = ranges[k]!;
    let uses = false;
    visit(inner, (x) => {
      if (x === loop.index) uses = true;
    });
    const length = tidy(sub(to, from));
    if (!uses) return mul(length, inner);
    const fresh = index(loop.index.name);
    return reduce('sum', fresh, from, to, elementOf({ indices: [loop.index], dims: [length], body: inner }, [fresh]));
  }, one);
}
