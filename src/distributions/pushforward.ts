/**
 * The law of T(X) from the pieces of T and the law of X.
 *
 * Density: p(y) = sum over the branches t of the inverse of p_X(t) / |T'(t)| (change of variables).
 * Masses of a T that is constant or rounded on pieces: differences of the distribution function of X.
 * Vectors: affine maps by log |det A|, elementwise maps by the sum of log |T_i'|.
 */
import {
  add,
  apply,
  at,
  build,
  cond,
  equal,
  freeIndices,
  index,
  isConst,
  mapChildren,
  mul,
  num,
  one,
  reduce,
  ref,
  rewrite,
  scalarOf,
  sub,
  substitute,
  sumOver,
  arrayOf,
  visit,
  zero,
} from '../expr/expr.js';
import type { ArrayExpr, Expr, Index } from '../expr/expr.js';
import { differentiate } from '../expr/gradient.js';
import { printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';
import type { Known } from './monotone.js';
import { infinity, minusInfinity } from './notation.js';
import {
  type ConstantPiece,
  type End,
  type Interval,
  type MonotonePiece,
  mentions,
  type Piece,
  piecesOf,
  replaceArgument,
  type StepPiece,
  Underivable,
} from './pushforwardPieces.js';

/** The argument of a map: the name its references carry in the graph (no name of a program), and what the program calls it. */
export interface MapArgument {
  readonly name: string;
  readonly text: string;
}

/** The argument of a map with its name of the program: what messages and derivations show. */
export function named(e: Expr, argument: MapArgument): Expr {
  return replaceArgument(e, argument.name, (where) => ref(argument.text, where));
}

/** How the law of a map is known. */
export type MapForm =
  /** Of whole numbers: one-to-one or constant on each piece. */
  | { readonly kind: 'counts'; readonly pieces: readonly (MonotonePiece | ConstantPiece)[]; readonly nonzero: readonly Expr[] }
  | { readonly kind: 'monotone'; readonly pieces: readonly MonotonePiece[]; readonly nonzero: readonly Expr[] }
  /** Masses on values: T is constant or rounded on each piece. */
  | { readonly kind: 'masses'; readonly pieces: readonly (ConstantPiece | StepPiece)[]; readonly nonzero: readonly Expr[] }
  | { readonly kind: 'unknown'; readonly reason: string; readonly part: Expr | null };

/** The pieces of a map of a continuous scalar, sorted into a density or masses. */
export function formOfScalarMap(map: Expr, argument: MapArgument, domain: Interval, integers: boolean, known: Known): MapForm {
  try {
    const { pieces, nonzero } = piecesOf(map, argument.name, domain, integers, known);
    const monotone = pieces.filter((p) => p.kind === 'monotone');
    if (monotone.length === pieces.length && pieces.length > 0) return { kind: 'monotone', pieces: monotone, nonzero };
    const flat = pieces.filter((p) => p.kind !== 'monotone');
    if (flat.length === pieces.length && !integers && pieces.length > 0) return { kind: 'masses', pieces: flat, nonzero };
    if (integers && pieces.every((p) => p.kind !== 'step')) return { kind: 'counts', pieces, nonzero };
    const constant = flat.find((p) => p.kind === 'constant');
    const reason =
      constant === undefined
        ? 'gives rounded and other values'
        : `takes the value ${printText(named(constant.value, argument))} with positive probability and is continuous elsewhere; where values are cut off at bounds, censored(D, low, high) has this law`;
    return { kind: 'unknown', reason, part: null };
  } catch (thrown) {
    if (thrown instanceof Underivable) return { kind: 'unknown', reason: thrown.reason, part: thrown.part };
    throw thrown;
  }
}

function isFiniteBound(e: Expr): boolean {
  return !(isConst(e) && !Number.isFinite(e.value));
}
function conjunction(tests: readonly Expr[]): Expr {
  return tests.length === 0 ? one : tests.reduce((a, b) => apply('and', a, b));
}
function undecided(tests: readonly Expr[]): readonly Expr[] {
  return tests.map((t) => simplify(t)).filter((t) => !(isConst(t) && t.value !== 0));
}
/** A sum of few terms under one name each, by log-sum-exp. */
function logSum(terms: readonly Expr[]): Expr {
  const [only] = terms;
  if (only !== undefined && terms.length === 1) return only;
  const k = index('branch');
  const last = terms[terms.length - 1] ?? minusInfinity;
  return reduce(
    'logsumexp',
    k,
    zero,
    num(terms.length),
    terms.slice(0, -1).reduceRight((rest: Expr, term, i) => cond(apply('eq', k, num(i)), term, rest), last),
  );
}

/** Least and greatest value over all pieces; open where neither is taken. */
export function imageOf(pieces: readonly MonotonePiece[]): { readonly low: Expr; readonly high: Expr; readonly open: boolean } {
  const conditional = (p: MonotonePiece, value: Expr, neutral: Expr): Expr => cond(conjunction(p.when), value, neutral);
  const merge = (fn: 'min' | 'max', values: readonly Expr[]): Expr =>
    values.reduce((a, b) => {
      const neutral = fn === 'min' ? Infinity : -Infinity;
      if (isConst(a, neutral) || isConst(b, -neutral)) return b;
      if (isConst(b, neutral) || isConst(a, -neutral) || equal(a, b)) return a;
      return simplify(apply(fn, a, b));
    });
  const low = merge(
    'min',
    pieces.map((p) => conditional(p, p.imageLow.value, infinity)),
  );
  const high = merge(
    'max',
    pieces.map((p) => conditional(p, p.imageHigh.value, minusInfinity)),
  );
  const isOpen = (end: End): boolean => end.open && !end.shared;
  const open = pieces.some(
    (p) =>
      (isOpen(p.imageLow) && isFiniteBound(p.imageLow.value) && equal(p.imageLow.value, low)) ||
      (isOpen(p.imageHigh) && isFiniteBound(p.imageHigh.value) && equal(p.imageHigh.value, high)),
  );
  return { low, high, open };
}

/** Tests that y is a value of a piece; those that hold for every y of the whole image are left out. */
function valueTests(
  p: MonotonePiece,
  y: Expr,
  whole: { readonly low: Expr; readonly high: Expr; readonly open: boolean } | null,
): readonly Expr[] {
  const closed = (end: End): boolean => end.shared || !end.open;
  const implied = (end: End, bound: Expr | undefined): boolean =>
    bound !== undefined && equal(end.value, bound) && (whole!.open || closed(end));
  const tests = [...p.when];
  if (isFiniteBound(p.imageLow.value) && !implied(p.imageLow, whole?.low))
    tests.push(apply(closed(p.imageLow) ? 'ge' : 'gt', y, p.imageLow.value));
  if (isFiniteBound(p.imageHigh.value) && !implied(p.imageHigh, whole?.high))
    tests.push(apply(closed(p.imageHigh) ? 'le' : 'lt', y, p.imageHigh.value));
  return undecided(tests);
}

/** Log density of T(X) at y, from that of X. y lies in the image. */
export function pushedLogDensity(pieces: readonly MonotonePiece[], y: Expr, logDensity: (t: Expr) => Expr): Expr {
  const whole = imageOf(pieces);
  return logSum(
    pieces.map((p) => {
      const tests = valueTests(p, y, whole);
      const density = sub(logDensity(p.inverse(y)), p.logSlope(y));
      return tests.length === 0 ? density : cond(conjunction(tests), density, minusInfinity);
    }),
  );
}

/**
 * Log mass of T(X) at y for integer X, by the preimages of y. Exact: a candidate counts where T of it is y.
 * `map(t)` is T, `mass` that of an interval of X, both ends included.
 */
export function pushedLogMass(
  pieces: readonly (MonotonePiece | ConstantPiece)[],
  y: Expr,
  map: (t: Expr) => Expr,
  logMass: (t: Expr) => Expr,
  mass: Mass,
): Expr {
  return logSum(
    pieces.map((p) => {
      if (p.kind === 'constant') {
        const first = isFiniteBound(p.atLow.value)
          ? p.atLow.open
            ? add(apply('floor', p.atLow.value), one)
            : apply('ceil', p.atLow.value)
          : p.atLow.value;
        const last = isFiniteBound(p.atHigh.value)
          ? p.atHigh.open
            ? sub(apply('ceil', p.atHigh.value), one)
            : apply('floor', p.atHigh.value)
          : p.atHigh.value;
        return cond(
          conjunction([...p.when, apply('eq', y, p.value)]),
          simplify(apply('log', mass(simplify(first), simplify(last)))),
          minusInfinity,
        );
      }
      const t = apply('round', p.inverse(y));
      const ends = (end: End, above: boolean): readonly Expr[] =>
        isFiniteBound(end.value) ? [apply(above ? (end.open ? 'gt' : 'ge') : end.open ? 'lt' : 'le', t, end.value)] : [];
      const inside = isConst(p.increasing)
        ? p.increasing.value !== 0
          ? [...ends(p.atLow, true), ...ends(p.atHigh, false)]
          : [...ends(p.atHigh, true), ...ends(p.atLow, false)]
        : [
            cond(
              p.increasing,
              conjunction([...ends(p.atLow, true), ...ends(p.atHigh, false)]),
              conjunction([...ends(p.atHigh, true), ...ends(p.atLow, false)]),
            ),
          ];
      // Outside of the image the inverse is not a number, and no comparison with it holds.
      return cond(conjunction([...p.when, ...inside, apply('eq', map(t), y)]), logMass(t), minusInfinity);
    }),
  );
}

/** P(low <= X <= high) of the source; bounds may be infinite constants. */
export type Mass = (low: Expr, high: Expr) => Expr;

/** P(T(X) <= y) (cdf) or P(T(X) > y) (survival) of a continuous X. */
export function pushedTail(pieces: readonly MonotonePiece[], y: Expr, side: 'cdf' | 'survival', mass: Mass): Expr {
  const terms = pieces.map((p) => {
    const t = p.inverse(y);
    const between = (a: Expr, b: Expr): Expr =>
      isConst(p.increasing) ? (p.increasing.value !== 0 ? mass(a, b) : mass(b, a)) : cond(p.increasing, mass(a, b), mass(b, a));
    const inside = side === 'cdf' ? between(p.atLow.value, t) : between(t, p.atHigh.value);
    const whole = between(p.atLow.value, p.atHigh.value);
    const [below, above] = side === 'cdf' ? [zero, whole] : [whole, zero];
    const value = cond(simplify(apply('le', y, p.imageLow.value)), below, cond(simplify(apply('ge', y, p.imageHigh.value)), above, inside));
    return cond(conjunction(undecided(p.when)), value, zero);
  });
  return simplify(terms.reduce(add, zero));
}

/** Quantile of T(X) for a T that is monotone as a whole; null for several pieces. */
export function pushedQuantile(
  pieces: readonly MonotonePiece[],
  u: Expr,
  map: (t: Expr) => Expr,
  quantile: (u: Expr) => Expr | null,
): Expr | null {
  const [p] = pieces;
  if (p === undefined || pieces.length > 1 || p.when.length > 0) return null;
  const rising = quantile(u),
    falling = quantile(sub(one, u));
  if (rising === null || falling === null) return null;
  return cond(p.increasing, map(rising), map(falling));
}

// --- masses -----------------------------------------------------------------------------------

/** Least and greatest value over pieces of whole numbers. */
export function rangeOfCounts(pieces: readonly (MonotonePiece | ConstantPiece)[]): { readonly low: Expr; readonly high: Expr } {
  const moving = pieces.filter((p) => p.kind === 'monotone'),
    fixed = pieces.filter((p) => p.kind === 'constant').map((p) => p.value);
  const image = moving.length === 0 ? null : imageOf(moving);
  const merge = (fn: 'min' | 'max', values: readonly Expr[]): Expr =>
    values.reduce((a, b) => (equal(a, b) ? a : simplify(apply(fn, a, b))));
  return {
    low: merge('min', [...(image === null ? [] : [image.low]), ...fixed]),
    high: merge('max', [...(image === null ? [] : [image.high]), ...fixed]),
  };
}

/** The values k of a rounding that a piece can take, both included. */
function stepRange(p: StepPiece): { readonly low: Expr; readonly high: Expr } {
  const { imageLow, imageHigh } = p.inner;
  const round = (e: Expr): Expr => (isFiniteBound(e) ? simplify(apply(p.rounding, e)) : e);
  // The floor of values below 3 is at most 2, of values up to 3 only at one point more.
  const top =
    p.rounding === 'floor' && isFiniteBound(imageHigh.value) ? simplify(sub(apply('ceil', imageHigh.value), one)) : round(imageHigh.value);
  const bottom =
    p.rounding === 'ceil' && isFiniteBound(imageLow.value) ? simplify(add(apply('floor', imageLow.value), one)) : round(imageLow.value);
  return { low: bottom, high: top };
}
function ordered(p: { readonly atLow: End; readonly atHigh: End }): readonly [Expr, Expr] {
  return [p.atLow.value, p.atHigh.value];
}

/** Log mass of T(X) at y where T is constant or rounded on pieces. */
export function logMassOfSteps(pieces: readonly (ConstantPiece | StepPiece)[], y: Expr, mass: Mass): Expr {
  const terms = pieces.map((p) => {
    const exists = [...p.when];
    if (p.kind === 'constant') return cond(conjunction([...exists, apply('eq', y, p.value)]), mass(...ordered(p)), zero);
    const k = apply('round', p.backward(y));
    const [from, to] =
      p.rounding === 'floor' ? [k, add(k, one)] : p.rounding === 'ceil' ? [sub(k, one), k] : [sub(k, num(0.5)), add(k, num(0.5))];
    // Whole numbers and exact images only.
    const exact = p.plain ? apply('eq', k, y) : apply('eq', p.forward(k), y);
    return cond(
      conjunction([...exists, exact]),
      sub(pushedTail([p.inner], to, 'cdf', mass), pushedTail([p.inner], from, 'cdf', mass)),
      zero,
    );
  });
  return simplify(apply('log', terms.reduce(add, zero)));
}

/** P(T(X) <= y) of the same; null where a rounded value is transformed further. */
export function tailOfSteps(pieces: readonly (ConstantPiece | StepPiece)[], y: Expr, side: 'cdf' | 'survival', mass: Mass): Expr | null {
  const terms: Expr[] = [];
  for (const p of pieces) {
    const exists = conjunction(undecided(p.when));
    if (p.kind === 'constant') {
      terms.push(cond(exists, cond(apply(side === 'cdf' ? 'le' : 'gt', p.value, y), mass(...ordered(p)), zero), zero));
      continue;
    }
    if (!p.plain) return null;
    const k = apply('floor', y);
    const upTo = p.rounding === 'floor' ? add(k, one) : p.rounding === 'ceil' ? k : add(k, num(0.5));
    terms.push(cond(exists, pushedTail([p.inner], upTo, side, mass), zero));
  }
  return simplify(terms.reduce(add, zero));
}

/** Least and greatest value of a T that is constant or rounded on pieces. */
export function rangeOfSteps(pieces: readonly (ConstantPiece | StepPiece)[]): { readonly low: Expr; readonly high: Expr } {
  const lows: Expr[] = [],
    highs: Expr[] = [];
  for (const p of pieces) {
    if (p.kind === 'constant') {
      lows.push(p.value);
      highs.push(p.value);
      continue;
    }
    const { low, high } = stepRange(p);
    const [a, b] = [low, high].map((k) => (isFiniteBound(k) || p.plain ? p.forward(k) : null));
    if (p.plain) {
      lows.push(low);
      highs.push(high);
    } else {
      lows.push(a == null || b == null ? minusInfinity : simplify(apply('min', a, b)));
      highs.push(a == null || b == null ? infinity : simplify(apply('max', a, b)));
    }
  }
  const merge = (fn: 'min' | 'max', values: readonly Expr[]): Expr =>
    values.reduce((a, b) => (equal(a, b) ? a : simplify(apply(fn, a, b))));
  return { low: merge('min', lows), high: merge('max', highs) };
}

// --- vectors ----------------------------------------------------------------------------------

export type VectorForm =
  /** y_i = f(t_i, i): `body` at element i as a function of the argument without indices. */
  | { readonly kind: 'elementwise'; readonly indices: readonly Index[]; readonly body: Expr }
  /** y = A t + b. */
  | { readonly kind: 'affine'; readonly matrix: ArrayExpr; readonly offset: ArrayExpr }
  | { readonly kind: 'unknown'; readonly reason: string; readonly part: Expr | null };

/** What kind of map of an array a map is; `dims` are those of its argument. */
export function formOfVectorMap(map: ArrayExpr, argument: string, dims: readonly Expr[]): VectorForm {
  // Dimensions that are not numbers yet may turn out equal; binding asks again.
  const sameShape =
    dims.length === map.dims.length &&
    dims.every((d, k) => {
      const gap = simplify(sub(d, map.dims[k]!));
      return !isConst(gap) || gap.value === 0;
    });
  if (!sameShape) return { kind: 'unknown', reason: 'turns an array into one of another shape, so that it is not one-to-one', part: null };
  const body = simplify(map.body);
  const references: (readonly Expr[])[] = [];
  visit(body, (x) => {
    if (x.op === 'ref' && x.variable === argument) references.push(x.at);
  });
  if (references.every((where) => where.every((e, k) => e === map.indices[k])))
    return { kind: 'elementwise', indices: map.indices, body: replaceArgument(body, argument, () => ref(argument)) };
  if (map.dims.length === 1) {
    const j = index('j');
    let slope: Expr | null = null;
    // Functions without a derivative (host functions) are not affine.
    if (isDifferentiable(body, argument))
      slope = simplify(differentiate(body, ref(argument, [j])), [
        { index: j, from: zero, to: dims[0]! },
        { index: map.indices[0]!, from: zero, to: map.dims[0]! },
      ]);
    if (slope !== null && !mentions(slope, argument)) {
      const offset = simplify(replaceArgument(body, argument, () => zero));
      return {
        kind: 'affine',
        matrix: { indices: [map.indices[0]!, j], dims: [map.dims[0]!, dims[0]!], body: slope },
        offset: { indices: map.indices, dims: map.dims, body: offset },
      };
    }
  }
  return { kind: 'unknown', reason: 'mixes the elements of its argument in a way that is not affine', part: map.body };
}
/**
 * A map of a vector that is an elementwise function of an affine map (`exp(A @ z + b)`), or an affine map of an elementwise function
 * (`A @ exp(z)`), as the two; null for any other. References to the result of the first are `between`.
 */
export function splitVectorMap(
  map: ArrayExpr,
  argument: string,
  between: string,
  dims: readonly Expr[],
): { readonly first: ArrayExpr; readonly second: ArrayExpr } | null {
  const [i] = map.indices;
  if (i === undefined || map.indices.length > 1 || dims.length !== 1 || formOfVectorMap(map, argument, dims).kind !== 'unknown')
    return null;
  const body = simplify(map.body);
  const parts = affineInside(map, body, argument, between, i, dims) ?? elementwiseInside(map, body, argument, between, i, dims);
  if (parts === null || mentions(parts.second.body, argument)) return null;
  return [formOfVectorMap(parts.first, argument, dims), formOfVectorMap(parts.second, between, map.dims)].every(
    (form) => form.kind !== 'unknown',
  )
    ? parts
    : null;
}

/** The outermost part that is affine in the argument, reached through functions of one part that mentions it. */
function affineInside(
  map: ArrayExpr,
  body: Expr,
  argument: string,
  between: string,
  i: Index,
  dims: readonly Expr[],
): { readonly first: ArrayExpr; readonly second: ArrayExpr } | null {
  let part = body;
  while (part.op === 'apply') {
    const inner = part.args.filter((a) => mentions(a, argument));
    if (inner.length !== 1) return null;
    part = inner[0]!;
    if (formOfVectorMap({ ...map, body: part }, argument, dims).kind !== 'affine') continue;
    const found = part;
    return {
      first: { ...map, body: found },
      second: { ...map, body: rewrite(body, (x) => (x === found || equal(x, found) ? ref(between, [i]) : x)) },
    };
  }
  return null;
}

/** Every element of the argument under one function of it and of its position. */
function elementwiseInside(
  map: ArrayExpr,
  body: Expr,
  argument: string,
  between: string,
  i: Index,
  dims: readonly Expr[],
): { readonly first: ArrayExpr; readonly second: ArrayExpr } | null {
  const own = index('k');
  let shared: Expr | null = null,
    alike = true;
  const replace = (e: Expr): Expr => {
    const position = soleElement(e, argument);
    // Short sums were written out, so that positions are indices or numbers.
    if (position !== null && (position.op === 'index' || position.op === 'const') && position !== i && !freeIndices(e).has(i)) {
      const inner =
        position.op === 'index' ? substitute(e, new Map([[position, own]])) : replaceArgument(e, argument, () => ref(argument, [own]));
      shared ??= inner;
      if (!equal(shared, inner)) alike = false;
      return ref(between, [position]);
    }
    return mentions(e, argument) ? mapChildren(e, replace) : e;
  };
  const outer = replace(body);
  return shared === null || !alike ? null : { first: { indices: [own], dims, body: shared }, second: { ...map, body: outer } };
}
/** The position that all references to the argument inside have, where they are at least one and no sum lies between. */
function soleElement(e: Expr, argument: string): Expr | null {
  let found: Expr | null = null,
    only = true;
  visit(e, (x) => {
    if (x.op === 'reduce' || x.op === 'element') only = false;
    if (x.op !== 'ref' || x.variable !== argument) return;
    if (found !== null && !equal(found, x.at[0]!)) only = false;
    found = x.at[0]!;
  });
  return only ? found : null;
}

function isDifferentiable(e: Expr, argument: string): boolean {
  let found = true;
  // Running sums and solutions of linear equations are linear in what they are given.
  const linear = (x: Expr): boolean =>
    x.op === 'element' && (x.array.fn === 'cumsum' || (x.array.fn === 'solve' && !mentions(x.array.args[0]!.body, argument)));
  visit(e, (x) => {
    if (
      (x.op === 'element' && mentions(x, argument) && !linear(x)) ||
      (x.op === 'reduce' && x.kind !== 'sum' && mentions(x, argument)) ||
      (x.op === 'ref' && x.at.some((a) => mentions(a, argument)))
    )
      found = false;
  });
  return found;
}

/** t with A t + b = y. */
export function solveAffine(form: VectorForm & { kind: 'affine' }, y: ArrayExpr): ArrayExpr {
  const { matrix, offset } = form;
  const inverse = arrayOf('inverse', [matrix], matrix.dims);
  return build([matrix.dims[1]!], (j) => sumOver(matrix.dims[0]!, (i) => mul(at(inverse, j, i), sub(at(y, i), at(offset, i)))));
}
/** log |det A|, minus infinity where A is singular. */
export function logDeterminantOf(form: VectorForm & { kind: 'affine' }): Expr {
  return scalarOf('logabsdet', [form.matrix]);
}

/** The body of an elementwise map for the element at given indices. */
export function elementBody(form: VectorForm & { kind: 'elementwise' }, where: readonly Expr[]): Expr {
  return substitute(form.body, new Map(form.indices.map((i, k) => [i, where[k]!])));
}

export type { Piece };
