/**
 * Maps of arrays whose law has a density: affine maps by log |det A|, elementwise maps by the sum of log |T_i'|, and one
 * followed by the other.
 */
import {
  at,
  build,
  equal,
  freeIndices,
  index,
  isConst,
  mapChildren,
  mul,
  ref,
  rewrite,
  scalarOf,
  sub,
  substitute,
  sumOver,
  arrayOf,
  visit,
  zero,
  type ArrayExpr,
  type Expr,
  type Index,
} from '../../expr/expr.js';
import { differentiate } from '../../expr/gradient.js';
import { simplify } from '../../expr/simplify.js';
import { mentions, replaceArgument } from './argument.js';

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
