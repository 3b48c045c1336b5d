/**
 * Algebraic rewriting of expressions that is true for every value for which both sides are defined.
 *
 * Three parts: powers and logarithms (`logOf`, `powOf`, ...), rules for functions of whole matrices
 * (inverse, log determinant, Cholesky factor of scaled, diagonal and factored matrices), and
 * `simplify`. Nothing here assumes the sign of an unknown, except that an argument of
 * `logdetOf` and `choleskyOf` is positive definite.
 */
import { difference, fromAffine, provablyDistinct, provablyEqual, provablyLess, provablyNonNegative } from './affine.js';
import type { Range } from './affine.js';
import {
  add,
  apply,
  arrayOf,
  at,
  build,
  cond,
  equal,
  exp,
  freeIndices,
  index,
  isConst,
  log,
  mapChildren,
  mul,
  mulAll,
  neg,
  num,
  one,
  pow,
  reduce,
  scalarOf,
  substitute,
  sub,
  sumOver,
  visit,
  zero,
} from './expr.js';
import type { Apply, ArrayExpr, ArrayFunction, Cond, Expr, Index, Reduce } from './expr.js';
import { primitives, truths } from './primitives.js';

// --- powers and logarithms --------------------------------------------------------------------

function isApply<F extends string>(e: Expr, fn: F): e is Apply & { readonly fn: F } {
  return e.op === 'apply' && e.fn === fn;
}
function isEven(value: number): boolean {
  return Number.isInteger(value) && value % 2 === 0;
}

/**
 * `log(e)`, with log(exp u) = u, log(sigmoid u) = -softplus(-u), log(Phi u) = logPhi(u) and the like of other distribution functions,
 * powers and positive constant factors taken out.
 */
export function logOf(e: Expr): Expr {
  if (e.op === 'cond') return cond(e.test, logOf(e.then), logOf(e.otherwise));
  if (e.op !== 'apply') return log(e);
  const [a, b] = e.args;
  switch (e.fn) {
    case 'exp':
      return a!;
    case 'sigmoid':
      return neg(apply('softplus', neg(a!)));
    case 'Phi':
      return apply('logPhi', a!);
    case 'gammaP':
      return apply('logGammaP', a!, b!);
    case 'gammaQ':
      return apply('logGammaQ', a!, b!);
    case 'erfc':
      return add(num(Math.LN2), apply('logPhi', mul(num(-Math.SQRT2), a!)));
    case 'betaI':
      return apply('logBetaI', ...e.args);
    case 'betaIComplement':
      return apply('logBetaIComplement', ...e.args);
    case 'studentCdf':
      return apply('logStudentCdf', a!, b!);
    case 'vonMisesCdf':
      return apply('logVonMisesMass', num(-Math.PI), a!, b!, e.args[2]!);
    case 'vonMisesSurvival':
      return apply('logVonMisesMass', a!, num(Math.PI), b!, e.args[2]!);
    case 'pow':
      // log(a^2) is not 2 log(a) for negative a; any other constant power needs a > 0 (or an odd power) anyway.
      if (isConst(b!) && !isEven(b.value)) return mul(b, logOf(a!));
      break;
    case 'mul':
      if (isPositive(a!)) return add(logOf(a!), logOf(b!));
      if (isPositive(b!)) return add(logOf(a!), logOf(b!));
      break;
    case 'div':
      if (isPositive(a!) || isPositive(b!)) return sub(logOf(a!), logOf(b!));
      break;
    case 'sub': {
      const rest = isConst(a!, 1) ? oneMinus(b!) : e;
      if (!isApply(rest, 'sub')) return logOf(rest);
      break;
    }
  }
  return log(e);
}

function isPositive(e: Expr): boolean {
  return isConst(e) ? e.value > 0 : isApply(e, 'exp') || isApply(e, 'sigmoid');
}

/** `1 - p`, with 1 - sigmoid(u) = sigmoid(-u) and 1 - (1 - u) = u. */
export function oneMinus(p: Expr): Expr {
  if (isApply(p, 'sigmoid')) return apply('sigmoid', neg(p.args[0]!));
  if (isApply(p, 'sub') && isConst(p.args[0]!, 1)) return p.args[1]!;
  return sub(one, p);
}

/** `base ^ exponent`, with powers of powers, exponentials and positive constant factors multiplied out. */
export function powOf(base: Expr, exponent: number): Expr {
  if (base.op === 'apply') {
    const [a, b] = base.args;
    if (base.fn === 'exp') return exp(mul(num(exponent), a!));
    // (u^2)^0.5 is |u|, not u; every other pair of exponents multiplies.
    if (base.fn === 'pow' && isConst(b!) && !(isEven(b.value) && !Number.isInteger(exponent))) return powOf(a!, b.value * exponent);
    if (base.fn === 'mul' && isConst(a!) && a.value > 0) return mul(num(a.value ** exponent), powOf(b!, exponent));
    if (base.fn === 'mul' && isConst(b!) && b.value > 0) return mul(num(b.value ** exponent), powOf(a!, exponent));
  }
  return pow(base, num(exponent));
}

/** `x * log(y)` where 0 * log(0) is 0. A constant `x` or a `y` with a simple logarithm needs no guard. */
export function xlogy(x: Expr, y: Expr): Expr {
  if (isConst(x, 0)) return zero;
  if (isConst(x) || hasLogarithm(y)) return mul(x, logOf(y));
  return apply('xlogy', x, y);
}
/** `x * log(1 - y)` where 0 * log(0) is 0. */
export function xlog1my(x: Expr, y: Expr): Expr {
  if (isConst(x, 0)) return zero;
  if (isConst(y) && y.value < 1) return mul(x, num(Math.log1p(-y.value)));
  const rest = oneMinus(y);
  // 1 - (1 - u) is u to its last digit.
  if (isApply(y, 'sub') && isConst(y.args[0]!, 1)) return xlogy(x, rest);
  if (isConst(x) || hasLogarithm(rest)) return mul(x, logOf(rest));
  return apply('xlog1my', x, y);
}
function hasLogarithm(y: Expr): boolean {
  return isPositive(y) || (isApply(y, 'sub') && isConst(y.args[0]!, 1) && isPositive(oneMinus(y.args[1]!)));
}

// --- matrices ---------------------------------------------------------------------------------

/** The identity matrix in the form the rules below recognise. */
export function eye(dimension: Expr): ArrayExpr {
  return diagonal(dimension, () => one);
}
/** The diagonal matrix with the given elements. */
export function diagonal(dimension: Expr, elementAt: (i: Expr) => Expr): ArrayExpr {
  return build([dimension, dimension], (i, j) => cond(apply('eq', i, j), elementAt(i), zero));
}
/** The transpose of a matrix. */
export function transposeOf(m: ArrayExpr): ArrayExpr {
  return { indices: [m.indices[1]!, m.indices[0]!], dims: [m.dims[1]!, m.dims[0]!], body: m.body };
}

/**
 * The elements d(i) of a matrix that is diagonal by its form, else null. Recognised are
 * `cond(i == j, d, 0)` and its products, quotients, sums and choices.
 */
export function diagonalOf(m: ArrayExpr): ((i: Expr) => Expr) | null {
  const [i, j] = m.indices;
  if (i === undefined || j === undefined) return null;
  const part = diagonalPart(m.body, i, j);
  return part === null ? null : (at) => substitute(part, new Map([[i, at]]));
}

function diagonalPart(e: Expr, i: Index, j: Index): Expr | null {
  const onDiagonal = (x: Expr): Expr => substitute(x, new Map([[j, i]]));
  if (e.op === 'const') return e.value === 0 ? e : null;
  if (e.op === 'cond') {
    if (isApply(e.test, 'eq') && isConst(e.otherwise, 0)) {
      const [a, b] = e.test.args;
      if ((a === i && b === j) || (a === j && b === i)) return onDiagonal(e.then);
    }
    const free = freeIndices(e.test);
    if (free.has(i) || free.has(j)) return null;
    const then = diagonalPart(e.then, i, j),
      otherwise = diagonalPart(e.otherwise, i, j);
    return then === null || otherwise === null ? null : cond(e.test, then, otherwise);
  }
  if (e.op !== 'apply') return null;
  const [a, b] = e.args;
  switch (e.fn) {
    case 'neg': {
      const d = diagonalPart(a!, i, j);
      return d === null ? null : neg(d);
    }
    case 'add':
    case 'sub': {
      const left = diagonalPart(a!, i, j),
        right = diagonalPart(b!, i, j);
      return left === null || right === null ? null : apply(e.fn, left, right);
    }
    case 'mul': {
      const left = diagonalPart(a!, i, j);
      if (left !== null) return mul(left, onDiagonal(b!));
      const right = diagonalPart(b!, i, j);
      return right === null ? null : mul(onDiagonal(a!), right);
    }
    case 'div': {
      const left = diagonalPart(a!, i, j);
      return left === null ? null : apply('div', left, onDiagonal(b!));
    }
    default:
      return null;
  }
}

/** The array function whose result `m` is as a whole, and whether transposed. */
function wholeOf(m: ArrayExpr): { readonly array: ArrayFunction; readonly transposed: boolean } | null {
  const {
    body,
    indices: [i, j],
  } = m;
  if (body.op !== 'element' || body.at.length !== 2) return null;
  const free = freeIndices({ ...body, at: [] });
  if (free.has(i!) || free.has(j!)) return null;
  if (body.at[0] === i && body.at[1] === j) return { array: body.array, transposed: false };
  if (body.at[0] === j && body.at[1] === i) return { array: body.array, transposed: true };
  return null;
}

/** True for `A[..., j, i]`: the transpose of a stored or computed matrix. */
function isTransposed(m: ArrayExpr): boolean {
  const {
    body,
    indices: [i, j],
  } = m;
  if (body.op !== 'ref' && body.op !== 'element') return false;
  const n = body.at.length;
  return n >= 2 && body.at[n - 2] === j && body.at[n - 1] === i;
}

/** L where `m` is `sum_k L[i, k] L[j, k]`, else null. */
function squareRootOf(m: ArrayExpr): ArrayExpr | null {
  const {
    body,
    indices: [i, j],
  } = m;
  if (body.op !== 'reduce' || body.kind !== 'sum' || !isConst(body.from, 0) || !equal(body.to, m.dims[0]!)) return null;
  const product = body.body;
  const [a, b] = isApply(product, 'mul') ? product.args : [];
  if (a === undefined || b === undefined) return null;
  for (const [left, right] of [
    [a, b],
    [b, a],
  ] as const) {
    const free = freeIndices(left);
    if (free.has(j!) || freeIndices(right).has(i!)) continue;
    if (equal(substitute(left, new Map([[i!, j!]])), right)) return { indices: [i!, body.index], dims: m.dims, body: left };
  }
  return null;
}

/** True where the form of the matrix shows that nothing stands above its diagonal. */
function isLowerTriangular(m: ArrayExpr): boolean {
  const whole = wholeOf(m);
  if (whole !== null) return whole.array.fn === 'cholesky' && !whole.transposed;
  const [i, j] = m.indices;
  if (diagonalOf(m) !== null) return true;
  const test = m.body.op === 'cond' && isConst(m.body.otherwise, 0) ? m.body.test : null;
  if (test === null || test.op !== 'apply') return false;
  const [a, b] = test.args;
  return ((test.fn === 'le' || test.fn === 'lt') && a === j && b === i) || ((test.fn === 'ge' || test.fn === 'gt') && a === i && b === j);
}

/** Factors of a product; quotients as powers -1, factors free of a sum's index taken out of the sum. */
function factorsOf(e: Expr): readonly Expr[] {
  if (e.op === 'apply') {
    const [a, b] = e.args;
    switch (e.fn) {
      case 'mul':
        return [...factorsOf(a!), ...factorsOf(b!)];
      case 'div':
        return [...factorsOf(a!), ...factorsOf(b!).map((f) => powOf(f, -1))];
      case 'neg':
        return [num(-1), ...factorsOf(a!)];
    }
  }
  if (e.op === 'reduce' && e.kind === 'sum') {
    const inside: Expr[] = [],
      outside: Expr[] = [];
    for (const f of factorsOf(e.body)) (freeIndices(f).has(e.index) ? inside : outside).push(f);
    if (outside.length > 0 && inside.length > 0) return [...outside, reduce('sum', e.index, e.from, e.to, mulAll(inside))];
  }
  return [e];
}

interface Scaling {
  /** The scalar factor of every element. */
  readonly scale: Expr;
  /** v of diag(v) core diag(v), or null where there is none. */
  readonly rows: ((i: Expr) => Expr) | null;
  readonly core: ArrayExpr;
}

/** `m` as scale * diag(v) core diag(v), or null where nothing can be taken out. */
function scalingOf(m: ArrayExpr): Scaling | null {
  const [i, j] = m.indices;
  const scale: Expr[] = [],
    rows: Expr[] = [],
    columns: Expr[] = [],
    core: Expr[] = [];
  for (const f of factorsOf(m.body)) {
    const free = freeIndices(f);
    const list = free.has(i!) ? (free.has(j!) ? core : rows) : free.has(j!) ? columns : scale;
    list.push(f);
  }
  const unmatched = [...columns];
  for (const f of rows) {
    const moved = substitute(f, new Map([[i!, j!]]));
    const k = unmatched.findIndex((g) => equal(g, moved));
    if (k < 0) return null;
    unmatched.splice(k, 1);
  }
  if (unmatched.length > 0 || core.length === 0 || (scale.length === 0 && rows.length === 0)) return null;
  const v = mulAll(rows);
  return {
    scale: mulAll(scale),
    rows: rows.length === 0 ? null : (at) => substitute(v, new Map([[i!, at]])),
    core: { indices: m.indices, dims: m.dims, body: mulAll(core) },
  };
}

function isScalarMatrix(m: ArrayExpr): boolean {
  return isConst(m.dims[0]!, 1) && isConst(m.dims[1]!, 1);
}

/** The choice of whole matrices `test ? A : B`, else null. */
function choiceOf(m: ArrayExpr): { readonly test: Expr; readonly then: ArrayExpr; readonly otherwise: ArrayExpr } | null {
  if (m.body.op !== 'cond') return null;
  const free = freeIndices(m.body.test);
  if (m.indices.some((i) => free.has(i))) return null;
  return { test: m.body.test, then: { ...m, body: m.body.then }, otherwise: { ...m, body: m.body.otherwise } };
}

/**
 * The inverse of a square matrix. Rules: inverse(inverse A) = A; scaled, diagonal, transposed
 * matrices; A = cholesky(A) cholesky(A)^T; diag(v) R diag(v); a choice is the choice of inverses.
 */
export function inverseOf(m: ArrayExpr): ArrayExpr {
  if (isScalarMatrix(m)) return build(m.dims, () => powOf(at(m, zero, zero), -1));
  const d = diagonalOf(m);
  if (d !== null) return diagonal(m.dims[0]!, (i) => powOf(d(i), -1));
  const choice = choiceOf(m);
  if (choice !== null) {
    const then = inverseOf(choice.then),
      otherwise = inverseOf(choice.otherwise);
    return build(m.dims, (i, j) => cond(choice.test, at(then, i, j), at(otherwise, i, j)));
  }
  const whole = wholeOf(m);
  if (whole !== null && whole.array.fn === 'inverse') return whole.transposed ? transposeOf(whole.array.args[0]!) : whole.array.args[0]!;
  const root = squareRootOf(m),
    known = root === null ? null : wholeOf(root);
  if (known !== null && known.array.fn === 'cholesky' && !known.transposed) return inverseOf(known.array.args[0]!);
  const scaling = scalingOf(m);
  if (scaling !== null) {
    const inner = inverseOf(scaling.core),
      { rows } = scaling,
      scale = powOf(scaling.scale, -1);
    return build(m.dims, (i, j) =>
      mul(scale, rows === null ? at(inner, i, j) : mul(mul(powOf(rows(i), -1), powOf(rows(j), -1)), at(inner, i, j))),
    );
  }
  if (isTransposed(m)) return transposeOf(arrayOf('inverse', [transposeOf(m)], m.dims));
  return arrayOf('inverse', [m], m.dims);
}

/** log det of a positive definite matrix, by the rules of `inverseOf`. */
export function logdetOf(m: ArrayExpr): Expr {
  const dimension = m.dims[0]!;
  if (isScalarMatrix(m)) return logOf(at(m, zero, zero));
  const d = diagonalOf(m);
  if (d !== null) return total(dimension, (i) => logOf(d(i)));
  const choice = choiceOf(m);
  if (choice !== null) return cond(choice.test, logdetOf(choice.then), logdetOf(choice.otherwise));
  const whole = wholeOf(m);
  if (whole !== null && whole.array.fn === 'inverse') return neg(logdetOf(whole.array.args[0]!));
  if (whole !== null && whole.array.fn === 'cholesky') return mul(num(0.5), logdetOf(whole.array.args[0]!));
  const root = squareRootOf(m);
  if (root !== null && isLowerTriangular(root)) {
    const known = wholeOf(root);
    return known !== null ? logdetOf(known.array.args[0]!) : total(dimension, (i) => log(pow(at(root, i, i), num(2))));
  }
  const scaling = scalingOf(m);
  if (scaling !== null) {
    const { scale, rows, core } = scaling;
    // A negative constant belongs to a negative definite core: only its size may leave the determinant.
    const factorSign = isNegative(scale) ? num(-1) : one;
    const factor = isNegative(scale) ? negated(scale) : scale;
    const inner = factorSign === one ? logdetOf(core) : scalarOf('logdet', [{ ...core, body: neg(core.body) }]);
    const outer = mul(dimension, logOf(factor));
    return add(
      rows === null
        ? outer
        : add(
            outer,
            total(dimension, (i) => log(pow(rows(i), num(2)))),
          ),
      inner,
    );
  }
  if (isTransposed(m)) return logdetOf(transposeOf(m));
  return scalarOf('logdet', [m]);
}

function isNegative(e: Expr): boolean {
  if (isConst(e)) return e.value < 0;
  if (isApply(e, 'neg')) return !isNegative(e.args[0]!);
  if (isApply(e, 'mul')) return isNegative(e.args[0]!) !== isNegative(e.args[1]!);
  return false;
}
function negated(e: Expr): Expr {
  if (isApply(e, 'mul')) return isNegative(e.args[0]!) ? mul(negated(e.args[0]!), e.args[1]!) : mul(e.args[0]!, negated(e.args[1]!));
  return neg(e);
}

/** The lower triangular L with positive diagonal and L L^T = m, for a positive definite matrix. */
export function choleskyOf(m: ArrayExpr): ArrayExpr {
  if (isScalarMatrix(m)) return build(m.dims, () => powOf(at(m, zero, zero), 0.5));
  const d = diagonalOf(m);
  if (d !== null) return diagonal(m.dims[0]!, (i) => powOf(d(i), 0.5));
  const root = squareRootOf(m),
    known = root === null ? null : wholeOf(root);
  if (root !== null && known !== null && known.array.fn === 'cholesky' && !known.transposed) return root;
  const scaling = scalingOf(m);
  if (scaling !== null && scaling.rows === null && !isNegative(scaling.scale)) {
    const inner = choleskyOf(scaling.core),
      scale = powOf(scaling.scale, 0.5);
    return build(m.dims, (i, j) => mul(scale, at(inner, i, j)));
  }
  return arrayOf('cholesky', [m], m.dims);
}

/** L L^T of a square matrix, in the form `choleskyOf`, `inverseOf` and `logdetOf` recognise. */
export function timesTranspose(l: ArrayExpr): ArrayExpr {
  const d = diagonalOf(l);
  if (d !== null) return diagonal(l.dims[0]!, (i) => powOf(d(i), 2));
  const whole = wholeOf(l);
  if (whole !== null && whole.array.fn === 'cholesky' && !whole.transposed) return whole.array.args[0]!;
  return build([l.dims[0]!, l.dims[0]!], (i, j) => sumOver(l.dims[1]!, (k) => mul(at(l, i, k), at(l, j, k)), 'k'));
}

/** `sum_{i < count} body(i)`, a product where the body does not depend on i. */
export function total(count: Expr, body: (i: Index) => Expr): Expr {
  const i = index('i');
  const e = body(i);
  return freeIndices(e).has(i) ? reduce('sum', i, zero, count, e) : mul(count, e);
}

/** The trace of the product of two symmetric matrices, `sum_ij A[i, j] B[i, j]`; a single sum where one is diagonal by its form. */
export function traceOfProduct(a: ArrayExpr, b: ArrayExpr): Expr {
  const left = diagonalOf(a),
    right = diagonalOf(b);
  if (left !== null || right !== null) {
    return total(a.dims[0]!, (i) => mul(left === null ? at(a, i, i) : left(i), right === null ? at(b, i, i) : right(i)));
  }
  return sumOver(a.dims[0]!, (i) => sumOver(a.dims[1]!, (j) => mul(at(a, i, j), at(b, i, j)), 'j'), 'i');
}

/** `sum_ij M[i, j] left(i) right(j)`; a single sum where M is diagonal by its form. */
export function bilinear(m: ArrayExpr, left: (i: Expr) => Expr, right: (j: Expr) => Expr): Expr {
  const d = diagonalOf(m);
  if (d !== null) return total(m.dims[0]!, (i) => mul(d(i), mul(left(i), right(i))));
  return sumOver(m.dims[0]!, (i) => sumOver(m.dims[1]!, (j) => mul(at(m, i, j), mul(left(i), right(j))), 'j'), 'i');
}

// --- simplify ---------------------------------------------------------------------------------

/** Constant-range reductions of at most this many terms are written out. */
const unrollLimit = 4;

/**
 * An equal, usually smaller expression: constants folded, tests decided, neutral elements dropped,
 * signs pulled outwards, `sum_i (i == e ? f(i) : 0)` contracted to `f(e)`, short constant ranges
 * written out. `ranges` are those of free indices; those of bound ones are found in the expression.
 */
export function simplify(e: Expr, ranges: readonly Range[] = []): Expr {
  const known = [...ranges, ...boundRanges(e)];
  const memo = new Map<Expr, Expr>();
  const go = (x: Expr): Expr => {
    const done = memo.get(x);
    if (done !== undefined) return done;
    const inner = mapChildren(x, go);
    const stepped = step(inner, known);
    const out = stepped === inner || equal(stepped, inner) ? inner : go(stepped);
    memo.set(x, out);
    memo.set(out, out);
    return out;
  };
  return go(e);
}

/** `simplify` of every element of an array. */
export function simplifyArray(a: ArrayExpr, ranges: readonly Range[] = []): ArrayExpr {
  const own = a.indices.map((i, d): Range => ({ index: i, from: zero, to: a.dims[d]! }));
  return { indices: a.indices, dims: a.dims.map((d) => simplify(d, ranges)), body: simplify(a.body, [...ranges, ...own]) };
}

/** Ranges of the indices bound inside; an index bound with two different ranges is left out. */
function boundRanges(e: Expr): readonly Range[] {
  const found = new Map<Index, Range | null>();
  const note = (i: Index, from: Expr, to: Expr): void => {
    const other = found.get(i);
    if (other === undefined) found.set(i, { index: i, from, to });
    else if (other !== null && !(equal(other.from, from) && equal(other.to, to))) found.set(i, null);
  };
  visit(e, (x) => {
    if (x.op === 'reduce') note(x.index, x.from, x.to);
    else if (x.op === 'element') for (const a of x.array.args) a.indices.forEach((i, d) => note(i, zero, a.dims[d]!));
  });
  return [...found.values()].filter((r) => r !== null);
}

/** One rewriting of a node whose children are simplified; the node itself where no rule applies. */
function step(e: Expr, ranges: readonly Range[]): Expr {
  switch (e.op) {
    case 'apply':
      return simplifyApply(e, ranges);
    case 'reduce':
      return simplifyReduce(e, ranges);
    case 'cond':
      return simplifyCond(e);
    default:
      return e;
  }
}

function simplifyCond(e: Cond): Expr {
  const { test, then, otherwise } = e;
  if (isApply(test, 'not')) return cond(test.args[0]!, otherwise, then);
  if (then.op === 'cond' && equal(then.test, test)) return cond(test, then.then, otherwise);
  if (otherwise.op === 'cond' && equal(otherwise.test, test)) return cond(test, then, otherwise.otherwise);
  return e;
}

function isTruth(e: Expr): boolean {
  return e.op === 'apply' && truths.has(e.fn);
}

function simplifyApply(e: Apply, ranges: readonly Range[]): Expr {
  const primitive = primitives.get(e.fn);
  if (primitive !== undefined && e.args.length === primitive.arity && e.args.every((a) => isConst(a))) {
    return num(primitive.evaluate(...e.args.map((a) => (isConst(a) ? a.value : Number.NaN))));
  }
  const a = e.args[0]!,
    b = e.args[1] ?? zero;
  switch (e.fn) {
    case 'add':
      if (isApply(b, 'neg')) return sub(a, b.args[0]!);
      if (isApply(a, 'neg')) return sub(b, a.args[0]!);
      if (isConst(b)) return add(b, a);
      if (isConst(a) && isApply(b, 'add') && isConst(b.args[0]!)) return add(num(a.value + b.args[0].value), b.args[1]!);
      return e;
    case 'sub':
      if (isApply(b, 'neg')) return add(a, b.args[0]!);
      // 1 - (1 - u), where u may be far smaller than the last digit of 1.
      if (isConst(a) && isApply(b, 'sub') && isConst(b.args[0]!)) return add(num(a.value - b.args[0].value), b.args[1]!);
      return equal(a, b) ? zero : e;
    case 'neg':
      if (isApply(a, 'sub')) return sub(a.args[1]!, a.args[0]!);
      if (isApply(a, 'mul') && isConst(a.args[0]!)) return mul(num(-a.args[0].value), a.args[1]!);
      return e;
    case 'mul':
      if (isApply(a, 'neg')) return neg(mul(a.args[0]!, b));
      if (isApply(b, 'neg')) return neg(mul(a, b.args[0]!));
      if (isConst(b)) return mul(b, a);
      if (isConst(a) && isApply(b, 'mul') && isConst(b.args[0]!)) return mul(num(a.value * b.args[0].value), b.args[1]!);
      if (!isConst(a) && isApply(b, 'mul') && isConst(b.args[0]!)) return mul(b.args[0], mul(a, b.args[1]!));
      if (isApply(a, 'mul') && isConst(a.args[0]!)) return mul(a.args[0], mul(a.args[1]!, b));
      return e;
    case 'pow':
      return isConst(b) ? powOf(a, b.value) : isConst(a, 1) ? one : e;
    case 'exp':
      return isApply(a, 'log') ? a.args[0]! : e;
    case 'log':
      return logOf(a);
    case 'log1p':
      return isApply(a, 'sub') && isConst(a.args[1]!, 1)
        ? logOf(a.args[0]!)
        : isApply(a, 'add') && isConst(a.args[0]!, -1)
          ? logOf(a.args[1]!)
          : e;
    case 'xlogy':
      return xlogy(a, b);
    case 'xlog1my':
      return xlog1my(a, b);
    case 'min':
    case 'max':
      return equal(a, b) ? a : e;
    case 'and':
      if (isConst(a, 0) || isConst(b, 0)) return zero;
      if (isConst(a) && isTruth(b)) return b;
      return isConst(b) && isTruth(a) ? a : e;
    case 'or':
      if ((isConst(a) && a.value !== 0) || (isConst(b) && b.value !== 0)) return one;
      if (isConst(a) && isTruth(b)) return b;
      return isConst(b) && isTruth(a) ? a : e;
    case 'eq':
      return decide(e, provablyEqual(a, b), provablyDistinct(a, b, ranges));
    case 'ne':
      return decide(e, provablyDistinct(a, b, ranges), provablyEqual(a, b));
    case 'lt':
      return decide(e, provablyLess(a, b, ranges), provablyNonNegative(sub(a, b), ranges));
    case 'gt':
      return decide(e, provablyLess(b, a, ranges), provablyNonNegative(sub(b, a), ranges));
    case 'le':
      return decide(e, provablyNonNegative(sub(b, a), ranges), provablyLess(b, a, ranges));
    case 'ge':
      return decide(e, provablyNonNegative(sub(a, b), ranges), provablyLess(a, b, ranges));
    default:
      return e;
  }
}

function decide(e: Expr, isTrue: boolean, isFalse: boolean): Expr {
  return isTrue ? one : isFalse ? zero : e;
}

function simplifyReduce(e: Reduce, ranges: readonly Range[]): Expr {
  const { kind, index: i, from, to, body } = e;
  const empty = kind === 'sum' ? zero : kind === 'prod' ? one : null;
  if (empty !== null && (isConst(body, empty.value) || provablyNonNegative(sub(from, to), ranges))) return empty;
  if (kind === 'argmax') return e;
  if (!freeIndices(body).has(i)) {
    if (kind === 'sum' && provablyNonNegative(sub(to, from), ranges)) return mul(sub(to, from), body);
    if ((kind === 'min' || kind === 'max') && provablyLess(from, to, ranges)) return body;
  }
  if (kind === 'sum') {
    const delta = deltaOf(body, i);
    if (delta !== null) return withinRange(delta.at, from, to, substitute(delta.rest, new Map([[i, delta.at]])), ranges);
    if ((isApply(body, 'add') || isApply(body, 'sub')) && body.args.some((a) => deltaOf(a, i) !== null)) {
      const [left, right] = body.args.map((a) => reduce('sum', i, from, to, a));
      return apply(body.fn, left!, right!);
    }
  }
  if (isConst(from) && isConst(to) && to.value - from.value <= unrollLimit && kind !== 'logsumexp') {
    const terms: Expr[] = [];
    for (let k = from.value; k < to.value; k++) terms.push(substitute(body, new Map([[i, num(k)]])));
    if (terms.length === 0) return e;
    const join = kind === 'sum' ? add : kind === 'prod' ? mul : (a: Expr, b: Expr): Expr => apply(kind, a, b);
    return terms.reduce(join);
  }
  return e;
}

/** `value` where from <= at < to, else 0; the test only as far as it cannot be proved. */
function withinRange(at: Expr, from: Expr, to: Expr, value: Expr, ranges: readonly Range[]): Expr {
  const above = provablyNonNegative(sub(at, from), ranges) ? one : apply('le', from, at);
  const below = provablyLess(at, to, ranges) ? one : apply('lt', at, to);
  return cond(above, cond(below, value, zero), zero);
}

interface Delta {
  readonly at: Expr;
  readonly rest: Expr;
}

/** `e` as `(i == at ? rest : 0)` with `at` free of i, or null. */
function deltaOf(e: Expr, i: Index): Delta | null {
  const map = (d: Delta | null, f: (rest: Expr) => Expr): Delta | null => (d === null ? null : { at: d.at, rest: f(d.rest) });
  if (e.op === 'cond') {
    if (!isConst(e.otherwise, 0)) return null;
    const solved = solveTest(e.test, i);
    if (solved !== null) return { at: solved.at, rest: cond(solved.rest, e.then, zero) };
    return map(deltaOf(e.then, i), (rest) => cond(e.test, rest, zero));
  }
  if (e.op === 'reduce') {
    if (e.kind !== 'sum' || freeIndices(e.from).has(i) || freeIndices(e.to).has(i)) return null;
    const inner = deltaOf(e.body, i);
    return inner === null || freeIndices(inner.at).has(e.index) ? null : map(inner, (rest) => reduce('sum', e.index, e.from, e.to, rest));
  }
  if (e.op !== 'apply') return null;
  const [a, b] = e.args;
  switch (e.fn) {
    case 'neg':
      return map(deltaOf(a!, i), neg);
    case 'div':
      return map(deltaOf(a!, i), (rest) => apply('div', rest, b!));
    case 'mul':
      return map(deltaOf(a!, i), (rest) => mul(rest, b!)) ?? map(deltaOf(b!, i), (rest) => mul(a!, rest));
    default:
      return null;
  }
}

/** True where an expression is an integer by its form. What is read counts as one: `lower` has no equation of an index with a real. */
function isWhole(e: Expr): boolean {
  switch (e.op) {
    case 'const':
      return Number.isInteger(e.value);
    case 'apply': {
      const kind = primitives.get(e.fn)?.integer ?? false;
      if (e.fn === 'pow') return isWhole(e.args[0]!) && isConst(e.args[1]!) && Number.isInteger(e.args[1].value) && e.args[1].value >= 0;
      return kind === true || (kind === 'inherit' && e.args.every(isWhole));
    }
    case 'cond':
      return isWhole(e.then) && isWhole(e.otherwise);
    case 'reduce':
      return e.kind === 'argmax' || (e.kind !== 'logsumexp' && isWhole(e.body));
    default:
      return true;
  }
}

/** The only i for which a test can hold, and what is left of the test there; null where there is no such i. */
function solveTest(test: Expr, i: Index): Delta | null {
  if (isApply(test, 'and')) {
    const [a, b] = test.args;
    const left = solveTest(a!, i);
    if (left !== null) return { at: left.at, rest: isConst(left.rest, 1) ? b! : apply('and', left.rest, b!) };
    const right = solveTest(b!, i);
    return right === null ? null : { at: right.at, rest: isConst(right.rest, 1) ? a! : apply('and', a!, right.rest) };
  }
  if (!isApply(test, 'eq')) return null;
  const form = difference(test.args[0]!, test.args[1]!);
  const own = form.terms.find((t) => t.term === i);
  const others = form.terms.filter((t) => t.term !== i);
  if (own === undefined || Math.abs(own.coefficient) !== 1 || others.some((t) => freeIndices(t.term).has(i))) return null;
  // No index is equal to 2.5, nor to n / 2 for every n.
  if (![form.constant, ...others.map((t) => t.coefficient)].every(Number.isInteger) || !others.every((t) => isWhole(t.term))) return null;
  // c i + r = 0 with c = 1 or -1, so i = -c r.
  const scale = -own.coefficient;
  return {
    at: fromAffine({ constant: scale * form.constant, terms: others.map((t) => ({ term: t.term, coefficient: scale * t.coefficient })) }),
    rest: one,
  };
}
