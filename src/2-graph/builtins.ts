/**
 * The functions of the language on arrays, each as a construction of scalar expressions.
 *
 * Nothing is unrolled: `A @ b` is a sum over a symbolic dimension, `zeros(1e12)` is the constant 0
 * with a dimension. Definitions are those of linear algebra textbooks; variance and sd divide by n - 1.
 */
import type { Span } from '../errors/diagnostic.js';
import {
  type ArrayExpr,
  type Expr,
  type ReduceKind,
  add,
  apply,
  arrayOf,
  cond,
  div,
  exp,
  index,
  isConst,
  log,
  mul,
  num,
  one,
  pow,
  reduce,
  scalarOf,
  sqrt,
  sub,
  zero,
} from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import type { Context } from './context.js';
import type { ScalarType } from './graph.js';
import { notSquare, shapeMismatch, typeMismatch, wrongArgumentCount } from './messages.js';
import { arrayFunctions, elementwiseFunctions } from './reference.js';
import { printType } from './shapes.js';
import type { Environment } from './scope.js';
import { type ArrayValue, type Value, arrayValue, buildValue, elementOf, joinScalars, poison, scalarValue } from './types.js';

/** One call with its arguments lowered. */
export interface Call {
  readonly context: Context;
  readonly environment: Environment;
  readonly name: string;
  readonly span: Span;
  readonly arguments: readonly ArrayValue[];
  readonly spans: readonly Span[];
}

export interface Builtin {
  readonly least: number;
  readonly most: number;
  lower(call: Call): Value;
}

/** Evaluates the functions that fold on constants; the rest is left to the simplifier. */
const folds: ReadonlyMap<string, (a: number, b: number) => number> = new Map<string, (a: number, b: number) => number>([
  ['lt', (a, b) => Number(a < b)],
  ['le', (a, b) => Number(a <= b)],
  ['gt', (a, b) => Number(a > b)],
  ['ge', (a, b) => Number(a >= b)],
  ['eq', (a, b) => Number(a === b)],
  ['ne', (a, b) => Number(a !== b)],
  ['and', (a, b) => Number(a !== 0 && b !== 0)],
  ['or', (a, b) => Number(a !== 0 || b !== 0)],
  ['not', (a) => Number(a === 0)],
  ['min', Math.min],
  ['max', Math.max],
  ['floor', Math.floor],
  ['ceil', Math.ceil],
  ['abs', Math.abs],
  ['sign', Math.sign],
  ['exp', Math.exp],
  ['log', Math.log],
]);

/** A primitive applied to scalars; constants fold. */
export function applied(fn: string, ...args: readonly Expr[]): Expr {
  const fold = folds.get(fn);
  const [a, b] = args;
  if (fold !== undefined && a !== undefined && isConst(a) && (b === undefined || isConst(b)))
    return num(fold(a.value, b === undefined ? 0 : b.value));
  return apply(fn, ...args);
}

/** The elementwise function of arrays of one shape, scalars repeated. */
export function elementwise(call: Call, args: readonly ArrayValue[], scalar: ScalarType, f: (...bodies: Expr[]) => Expr): Value {
  const shaped = args.find((a) => a.dims.length > 0);
  if (shaped === undefined) return scalarValue(scalar, f(...args.map((a) => a.body)));
  for (const other of args) {
    if (other === shaped || other.dims.length === 0) continue;
    if (!sameShape(call, shaped, other)) return poison;
  }
  return buildValue(scalar, shaped.dims, (...at) => f(...args.map((a) => (a.dims.length === 0 ? a.body : elementOf(a, at)))));
}

function sameShape(call: Call, a: ArrayValue, b: ArrayValue): boolean {
  const describe = (): ReturnType<typeof shapeMismatch> =>
    shapeMismatch(
      call.span,
      `\`${call.name}\` works element by element`,
      printType(a.scalar, a.dims),
      printType(b.scalar, b.dims),
      'arrays must have equal shapes; only scalars are repeated',
    );
  if (a.dims.length !== b.dims.length) {
    call.context.report(describe());
    return false;
  }
  return a.dims.every((d, k) =>
    call.context.agree(d, b.dims[k]!, call.environment, call.span, `\`${call.name}\` needs arrays of equal shape`, describe),
  );
}
function agree(call: Call, left: Expr, right: Expr, what: string, a: ArrayExpr, b: ArrayExpr): boolean {
  return call.context.agree(left, right, call.environment, call.span, what, () =>
    shapeMismatch(call.span, what, printType('', a.dims), printType('', b.dims)),
  );
}

function wrong(call: Call, k: number, expected: string, hint?: string): Value {
  const a = call.arguments[k]!;
  return call.context.report(
    typeMismatch(call.spans[k] ?? call.span, `Argument ${k + 1} of \`${call.name}\``, expected, printType(a.scalar, a.dims), hint),
  );
}

// --- kinds of functions -----------------------------------------------------------------------

function unary(fn: string, scalar: ScalarType | 'same' = 'real'): Builtin {
  return {
    least: 1,
    most: 1,
    lower: (call) =>
      elementwise(call, call.arguments, scalar === 'same' ? numeric(call.arguments[0]!.scalar) : scalar, (x) => applied(fn, x!)),
  };
}
function numeric(s: ScalarType): ScalarType {
  return s === 'bool' ? 'int' : s;
}

function sumOfAll(a: ArrayExpr, kind: ReduceKind, transform: (x: Expr) => Expr = (x) => x): Expr {
  const indices = a.dims.map((_, d) => index(['i', 'j', 'k', 'l'][d] ?? `i${d}`));
  return a.dims.reduceRight<Expr>((body, dim, d) => reduce(kind, indices[d]!, zero, dim, body), transform(elementOf(a, indices)));
}
function count(a: ArrayExpr): Expr {
  return a.dims.reduce<Expr>((n, d) => mul(n, d), one);
}
function meanOf(a: ArrayExpr): Expr {
  return div(sumOfAll(a, 'sum'), count(a));
}
function varianceOf(a: ArrayExpr): Expr {
  const mean = meanOf(a);
  return div(
    sumOfAll(a, 'sum', (x) => pow(sub(x, mean), num(2))),
    sub(count(a), one),
  );
}

function reduction(kind: ReduceKind): Builtin {
  const integer = kind === 'sum' || kind === 'prod' || kind === 'min' || kind === 'max';
  return {
    least: 1,
    most: 1,
    lower: (call) => {
      const a = call.arguments[0]!;
      if (a.dims.length === 0) return wrong(call, 0, 'an array or `... for ...`');
      return scalarValue(integer ? numeric(a.scalar) : 'real', sumOfAll(a, kind));
    },
  };
}
function extremum(kind: 'min' | 'max'): Builtin {
  const whole = reduction(kind);
  return {
    least: 1,
    most: Infinity,
    lower: (call) => {
      if (call.arguments.length === 1) return whole.lower(call);
      const scalar = numeric(call.arguments.map((a) => a.scalar).reduce(joinScalars));
      return elementwise(call, call.arguments, scalar, (...x) => x.reduce((a, b) => applied(kind, a, b)));
    },
  };
}
function moment(f: (a: ArrayExpr) => Expr): Builtin {
  return {
    least: 1,
    most: 1,
    lower: (call) => (call.arguments[0]!.dims.length === 0 ? wrong(call, 0, 'an array') : scalarValue('real', f(call.arguments[0]!))),
  };
}

function needRank(call: Call, k: number, rank: number): boolean {
  if (call.arguments[k]!.dims.length === rank) return true;
  wrong(call, k, rank === 0 ? 'a scalar' : rank === 1 ? 'a vector' : 'a matrix');
  return false;
}
function needSquare(call: Call, k: number): boolean {
  if (!needRank(call, k, 2)) return false;
  const a = call.arguments[k]!;
  return call.context.agree(a.dims[0]!, a.dims[1]!, call.environment, call.span, `\`${call.name}\` needs a square matrix`, () =>
    notSquare(call.spans[k] ?? call.span, `Argument ${k + 1} of \`${call.name}\``, printType(a.scalar, a.dims)),
  );
}
/** Dimensions given as numbers: integer scalars that do not depend on latents. */
function dimensions(call: Call, from: number): readonly Expr[] | null {
  const out: Expr[] = [];
  for (let k = from; k < call.arguments.length; k++) {
    const a = call.arguments[k]!;
    if (a.dims.length > 0 || a.scalar === 'real') {
      wrong(call, k, 'an integer (a dimension)');
      return null;
    }
    if (isConst(a.body) && (a.body.value < 0 || !Number.isSafeInteger(a.body.value))) {
      wrong(call, k, 'a non-negative integer (a dimension)');
      return null;
    }
    call.context.requireData(a.body, call.spans[k] ?? call.span, 'A dimension');
    out.push(call.context.settled(a.body));
  }
  return out;
}
function squareFunction(fn: string, scalar: boolean): Builtin {
  return {
    least: 1,
    most: 1,
    lower: (call) => {
      if (!needSquare(call, 0)) return poison;
      const a = call.arguments[0]!;
      return scalar ? scalarValue('real', scalarOf(fn, [a])) : arrayValue('real', arrayOf(fn, [a], a.dims));
    },
  };
}
function cumulative(fn: string): Builtin {
  return {
    least: 1,
    most: 1,
    lower: (call) =>
      needRank(call, 0, 1)
        ? arrayValue(numeric(call.arguments[0]!.scalar), arrayOf(fn, [call.arguments[0]!], call.arguments[0]!.dims))
        : poison,
  };
}
function filled(value: Expr): Builtin {
  return {
    least: 1,
    most: Infinity,
    lower: (call) => {
      const dims = dimensions(call, 0);
      return dims === null ? poison : buildValue('int', dims, () => value);
    },
  };
}
/** Maps each vector along the last dimension. */
function alongLast(f: (x: Expr, whole: (body: (y: Expr) => Expr, kind: ReduceKind) => Expr) => Expr): Builtin {
  return {
    least: 1,
    most: 1,
    lower: (call) => {
      const a = call.arguments[0]!;
      if (a.dims.length === 0) return wrong(call, 0, 'an array');
      const last = a.dims[a.dims.length - 1]!;
      return buildValue('real', a.dims, (...at) =>
        f(elementOf(a, at), (body, kind) => {
          const k = index('k');
          return reduce(kind, k, zero, last, body(elementOf(a, [...at.slice(0, -1), k])));
        }),
      );
    },
  };
}

/** `cond` over the index for a fixed list: a chain for short lists, halved for long ones. */
export function choose(at: Expr, list: readonly Expr[], first = 0): Expr {
  if (list.length === 1) return list[0]!;
  if (isConst(at) && list[at.value - first] !== undefined) return list[at.value - first]!;
  if (list.length <= longestChain) return cond(applied('eq', at, num(first)), list[0]!, choose(at, list.slice(1), first + 1));
  const half = list.length >> 1;
  return cond(applied('lt', at, num(first + half)), choose(at, list.slice(0, half), first), choose(at, list.slice(half), first + half));
}
/** Up to this length a chain of equalities is what a reader (and the derivation) expects. */
const longestChain = 8;

/** `a @ b`: inner product, matrix times vector, vector times matrix, matrix times matrix. */
export function matrixProduct(call: Call): Value {
  const [a, b] = call.arguments as [ArrayValue, ArrayValue];
  for (const k of [0, 1])
    if (call.arguments[k]!.dims.length === 0) return wrong(call, k, 'a vector or a matrix', 'use `*` to multiply by a scalar');
  for (const k of [0, 1]) if (call.arguments[k]!.dims.length > 2) return wrong(call, k, 'a vector or a matrix');
  const inner = a.dims[a.dims.length - 1]!;
  if (!agree(call, inner, b.dims[0]!, `\`${call.name}\` sums over the last dimension of the left and the first of the right`, a, b))
    return poison;
  const scalar = numeric(joinScalars(a.scalar, b.scalar));
  const rows = a.dims.slice(0, -1),
    columns = b.dims.slice(1);
  return buildValue(scalar, [...rows, ...columns], (...at) => {
    const k = index('k');
    return reduce('sum', k, zero, inner, mul(elementOf(a, [...at.slice(0, rows.length), k]), elementOf(b, [k, ...at.slice(rows.length)])));
  });
}

/** All functions that take values only; reductions over `... for ...` and densities are elsewhere. */
export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ...[
    'log10',
    'log2',
    'log1p',
    'expm1',
    'sin',
    'cos',
    'tan',
    'atan',
    'tanh',
    'sigmoid',
    'logit',
    'softplus',
    'erf',
    'Phi',
    'lgamma',
    'digamma',
  ].map((fn): [string, Builtin] => [fn, unary(fn)]),
  ...['floor', 'ceil', 'round'].map((fn): [string, Builtin] => [fn, unary(fn, 'int')]),
  ...['abs', 'sign'].map((fn): [string, Builtin] => [fn, unary(fn, 'same')]),
  ['exp', { least: 1, most: 1, lower: (call) => elementwise(call, call.arguments, 'real', (x) => exp(x!)) }],
  ['log', { least: 1, most: 1, lower: (call) => elementwise(call, call.arguments, 'real', (x) => log(x!)) }],
  ['sqrt', { least: 1, most: 1, lower: (call) => elementwise(call, call.arguments, 'real', (x) => sqrt(x!)) }],
  ['beta', { least: 2, most: 2, lower: (call) => elementwise(call, call.arguments, 'real', (a, b) => exp(apply('lbeta', a!, b!))) }],
  ['lchoose', { least: 2, most: 2, lower: (call) => elementwise(call, call.arguments, 'real', (n, k) => apply('lchoose', n!, k!)) }],
  [
    'softmax',
    alongLast((x, over) =>
      exp(
        sub(
          x,
          over((y) => y, 'logsumexp'),
        ),
      ),
    ),
  ],
  ['sum', reduction('sum')],
  ['prod', reduction('prod')],
  ['logsumexp', reduction('logsumexp')],
  ['min', extremum('min')],
  ['max', extremum('max')],
  ['mean', moment(meanOf)],
  ['variance', moment(varianceOf)],
  ['sd', moment((a) => sqrt(varianceOf(a)))],
  [
    'argmax',
    { least: 1, most: 1, lower: (call) => (needRank(call, 0, 1) ? scalarValue('int', sumOfAll(call.arguments[0]!, 'argmax')) : poison) },
  ],
  ['cumsum', cumulative('cumsum')],
  ['cumprod', cumulative('cumprod')],
  ['dot', { least: 2, most: 2, lower: (call) => (needRank(call, 0, 1) && needRank(call, 1, 1) ? matrixProduct(call) : poison) }],
  [
    'outer',
    {
      least: 2,
      most: 2,
      lower: (call) => {
        const [a, b] = call.arguments as [ArrayValue, ArrayValue];
        if (!needRank(call, 0, 1) || !needRank(call, 1, 1)) return poison;
        return buildValue(numeric(joinScalars(a.scalar, b.scalar)), [a.dims[0]!, b.dims[0]!], (i, j) =>
          mul(elementOf(a, [i!]), elementOf(b, [j!])),
        );
      },
    },
  ],
  [
    'transpose',
    {
      least: 1,
      most: 1,
      lower: (call) => {
        const a = call.arguments[0]!;
        return needRank(call, 0, 2) ? buildValue(a.scalar, [a.dims[1]!, a.dims[0]!], (i, j) => elementOf(a, [j!, i!])) : poison;
      },
    },
  ],
  [
    'trace',
    {
      least: 1,
      most: 1,
      lower: (call) => {
        if (!needSquare(call, 0)) return poison;
        const a = call.arguments[0]!,
          i = index('i');
        return scalarValue(numeric(a.scalar), reduce('sum', i, zero, a.dims[0]!, elementOf(a, [i, i])));
      },
    },
  ],
  ['inverse', squareFunction('inverse', false)],
  ['cholesky', squareFunction('cholesky', false)],
  ['det', squareFunction('det', true)],
  ['logdet', squareFunction('logdet', true)],
  [
    'solve',
    {
      least: 2,
      most: 2,
      lower: (call) => {
        const [a, b] = call.arguments as [ArrayValue, ArrayValue];
        if (!needSquare(call, 0)) return poison;
        if (b.dims.length !== 1 && b.dims.length !== 2) return wrong(call, 1, 'a vector or a matrix');
        if (!agree(call, a.dims[1]!, b.dims[0]!, '`solve(A, b)` needs as many rows in b as in A', a, b)) return poison;
        return arrayValue('real', arrayOf('solve', [a, b], b.dims));
      },
    },
  ],
  [
    'diag',
    {
      least: 1,
      most: 1,
      lower: (call) => {
        const a = call.arguments[0]!;
        if (a.dims.length === 1)
          return buildValue(numeric(a.scalar), [a.dims[0]!, a.dims[0]!], (i, j) => cond(applied('eq', i!, j!), elementOf(a, [i!]), zero));
        if (a.dims.length === 0) return wrong(call, 0, 'a vector or a matrix');
        return needSquare(call, 0) ? buildValue(a.scalar, [a.dims[0]!], (i) => elementOf(a, [i!, i!])) : poison;
      },
    },
  ],
  [
    'eye',
    {
      least: 1,
      most: 1,
      lower: (call) => {
        const dims = dimensions(call, 0);
        return dims === null ? poison : buildValue('int', [dims[0]!, dims[0]!], (i, j) => cond(applied('eq', i!, j!), one, zero));
      },
    },
  ],
  ['zeros', filled(zero)],
  ['ones', filled(one)],
  [
    'fill',
    {
      least: 2,
      most: Infinity,
      lower: (call) => {
        if (!needRank(call, 0, 0)) return poison;
        const dims = dimensions(call, 1),
          value = call.arguments[0]!;
        return dims === null ? poison : buildValue(value.scalar, dims, () => value.body);
      },
    },
  ],
  [
    'length',
    {
      least: 1,
      most: 1,
      lower: (call) => {
        const a = call.arguments[0]!;
        return a.dims.length === 0 ? wrong(call, 0, 'an array') : scalarValue('int', a.dims[0]!);
      },
    },
  ],
  ['concat', { least: 1, most: Infinity, lower: concat }],
  [
    'range',
    {
      least: 2,
      most: 2,
      lower: (call) => {
        for (const k of [0, 1])
          if (call.arguments[k]!.dims.length > 0 || call.arguments[k]!.scalar === 'real') return wrong(call, k, 'an integer');
        const [from, to] = call.arguments.map((a) => a.body) as [Expr, Expr];
        call.context.requireData(sub(to, from), call.span, 'The length of a range');
        return buildValue('int', [tidy(sub(call.context.settled(to), call.context.settled(from)))], (i) => add(from, i!));
      },
    },
  ],
  ['columns', { least: 1, most: Infinity, lower: columns }],
  [
    'standardise',
    {
      least: 1,
      most: 1,
      lower: (call) => {
        const a = call.arguments[0]!;
        if (a.dims.length !== 1 && a.dims.length !== 2) return wrong(call, 0, 'a vector or a matrix');
        return buildValue('real', a.dims, (...at) => {
          const column = arrayValue(a.scalar, columnOf(a, at[1] ?? null));
          return div(sub(elementOf(a, at), meanOf(column)), sqrt(varianceOf(column)));
        });
      },
    },
  ],
  [
    'onehot',
    {
      least: 2,
      most: 2,
      lower: (call) => {
        const i = call.arguments[0]!;
        if (i.scalar === 'real') return wrong(call, 0, 'an integer');
        if (i.dims.length > 1) return wrong(call, 0, 'an integer or a vector of integers');
        const dims = dimensions({ ...call, arguments: call.arguments }, 1);
        return dims === null
          ? poison
          : buildValue('int', [...i.dims, dims[0]!], (...at) =>
              cond(applied('eq', at[at.length - 1]!, elementOf(i, at.slice(0, -1))), one, zero),
            );
      },
    },
  ],
]);

function columnOf(a: ArrayExpr, column: Expr | null): ArrayExpr {
  const i = index('i');
  return { indices: [i], dims: [a.dims[0]!], body: elementOf(a, column === null ? [i] : [i, column]) };
}

function concat(call: Call): Value {
  const rank = Math.max(...call.arguments.map((a) => a.dims.length));
  const first = call.arguments.find((a) => a.dims.length === rank)!;
  if (rank === 0 || rank > 2) return wrong(call, 0, 'a vector or a matrix');
  for (const [k, a] of call.arguments.entries()) {
    // A scalar between vectors is a vector of one element.
    if (a.dims.length !== rank && !(rank === 1 && a.dims.length === 0)) return wrong(call, k, rank === 1 ? 'a vector' : 'a matrix');
    if (rank === 2 && !agree(call, first.dims[1]!, a.dims[1]!, '`concat` needs matrices with equally many columns', first, a))
      return poison;
  }
  const scalar = call.arguments.map((a) => a.scalar).reduce(joinScalars);
  const lengths = call.arguments.map((a) => a.dims[0] ?? one);
  const starts: Expr[] = [zero];
  for (const n of lengths) starts.push(tidy(add(starts[starts.length - 1]!, n)));
  const pick = (at: readonly Expr[], k: number): Expr => {
    const a = call.arguments[k]!;
    const own = a.dims.length === 0 ? a.body : elementOf(a, [sub(at[0]!, starts[k]!), ...at.slice(1)]);
    return k === call.arguments.length - 1 ? own : cond(applied('lt', at[0]!, starts[k + 1]!), own, pick(at, k + 1));
  };
  return buildValue(scalar, [starts[starts.length - 1]!, ...first.dims.slice(1)], (...at) => pick(at, 0));
}

function columns(call: Call): Value {
  const first = call.arguments.find((a) => a.dims.length === 1);
  for (const [k, a] of call.arguments.entries()) if (a.dims.length > 1) return wrong(call, k, 'a vector or a scalar');
  if (first === undefined) return wrong(call, 0, 'a vector (at least one argument must be)');
  for (const a of call.arguments) {
    if (a.dims.length === 1 && a !== first && !agree(call, first.dims[0]!, a.dims[0]!, '`columns` needs vectors of equal length', first, a))
      return poison;
  }
  const scalar = call.arguments.map((a) => a.scalar).reduce(joinScalars);
  return buildValue(scalar, [first.dims[0]!, num(call.arguments.length)], (i, j) =>
    choose(
      j!,
      call.arguments.map((a) => (a.dims.length === 0 ? a.body : elementOf(a, [i!]))),
    ),
  );
}

/** Applies a built-in to lowered arguments; a wrong number of them is reported. */
export function applyBuiltin(builtin: Builtin, call: Call): Value {
  const n = call.arguments.length;
  if (n >= builtin.least && n <= builtin.most) return builtin.lower(call);
  const plural = (k: number): string => `${k} argument${k === 1 ? '' : 's'}`;
  const expected =
    builtin.least === builtin.most
      ? plural(builtin.least)
      : builtin.most === Infinity
        ? `at least ${plural(builtin.least)}`
        : `${builtin.least} to ${plural(builtin.most)}`;
  const form = (elementwiseFunctions.get(call.name) ?? arrayFunctions.get(call.name))?.form;
  return call.context.report(wrongArgumentCount(call.span, call.name, n, form === undefined ? expected : `${expected}: ${form}`));
}
