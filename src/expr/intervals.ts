/**
 * Bounds of the values of an expression from bounds of what it is made of, by interval arithmetic (Moore, Interval Analysis,
 * 1966): the bounds hold for every value of the parts, and are widest where one part occurs several times.
 *
 * Ends are not rounded outwards: what they say holds up to the last place. An end may be open: `(0, inf)` is positive.
 * For real functions; ranges of integers before and after data are known are `3-derive/finiteRange.ts` and `2-graph/compute.ts`,
 * extremes of affine forms over loops `2-graph/shapes.ts`.
 */
import type { Apply, Expr } from './expr.js';
import { equal, isConst } from './expr.js';
import { primitives } from './primitives.js';

export interface Bounds {
  readonly low: number;
  readonly high: number;
  /** True where the end itself is never taken. */
  readonly lowOpen: boolean;
  readonly highOpen: boolean;
}

export const everything: Bounds = { low: -Infinity, high: Infinity, lowOpen: true, highOpen: true };
/** The interval of one number. */
export function exactly(x: number): Bounds {
  return { low: x, high: x, lowOpen: false, highOpen: false };
}
/** An interval with closed ends, unless said otherwise. */
export function interval(low: number, high: number, lowOpen = false, highOpen = false): Bounds {
  return { low, high, lowOpen, highOpen };
}
/** True where all values are above 0. */
export function isPositive(b: Bounds): boolean {
  return b.low > 0 || (b.low === 0 && b.lowOpen);
}
/** True where all values are below 0. */
export function isNegative(b: Bounds): boolean {
  return b.high < 0 || (b.high === 0 && b.highOpen);
}

/** Functions that rise everywhere they are defined, with the ends of where that is. */
const rising: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['exp', [-Infinity, Infinity]],
  ['expm1', [-Infinity, Infinity]],
  ['log', [0, Infinity]],
  ['log1p', [-1, Infinity]],
  ['log2', [0, Infinity]],
  ['log10', [0, Infinity]],
  ['sigmoid', [-Infinity, Infinity]],
  ['logit', [0, 1]],
  ['softplus', [-Infinity, Infinity]],
  ['tanh', [-Infinity, Infinity]],
  ['atan', [-Infinity, Infinity]],
  ['erf', [-Infinity, Infinity]],
  ['Phi', [-Infinity, Infinity]],
  ['logPhi', [-Infinity, Infinity]],
  ['normalQuantile', [0, 1]],
]);
/** Limits that are approached and never reached. */
const limits: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['exp', [0, Infinity]],
  ['expm1', [-1, Infinity]],
  ['sigmoid', [0, 1]],
  ['softplus', [0, Infinity]],
  ['tanh', [-1, 1]],
  ['erf', [-1, 1]],
  ['Phi', [0, 1]],
]);

function bounds(low: number, high: number, lowOpen: boolean, highOpen: boolean): Bounds {
  return Number.isNaN(low) || Number.isNaN(high) ? everything : { low, high, lowOpen, highOpen };
}

/**
 * Bounds of an expression. `of` gives those of references and indices, and of any other part it knows more about; null elsewhere.
 */
export function boundsOf(e: Expr, of: (part: Expr) => Bounds | null): Bounds {
  const memo = new Map<Expr, Bounds>();
  const go = (x: Expr): Bounds => {
    const known = memo.get(x);
    if (known !== undefined) return known;
    const out = of(x) ?? compute(x, go);
    memo.set(x, out);
    return out;
  };
  return go(e);
}

function compute(e: Expr, go: (e: Expr) => Bounds): Bounds {
  switch (e.op) {
    case 'const':
      return Number.isNaN(e.value) ? everything : exactly(e.value);
    case 'size':
    case 'index':
      return interval(0, Infinity);
    case 'cond':
      return hull(go(e.then), go(e.otherwise));
    case 'apply':
      return applied(e, go);
    case 'reduce': {
      const body = go(e.body);
      if (e.kind === 'min' || e.kind === 'max') return body;
      // A sum of any number of terms of one sign, none included.
      return e.kind !== 'sum' ? everything : body.low >= 0 ? interval(0, Infinity) : body.high <= 0 ? interval(-Infinity, 0) : everything;
    }
    case 'ref':
    case 'element':
      return everything;
  }
}

/** The least bounds that hold for both. */
export function hull(a: Bounds, b: Bounds): Bounds {
  const [low, lowOpen] = a.low < b.low || (a.low === b.low && !a.lowOpen) ? [a.low, a.lowOpen] : [b.low, b.lowOpen];
  const [high, highOpen] = a.high > b.high || (a.high === b.high && !a.highOpen) ? [a.high, a.highOpen] : [b.high, b.highOpen];
  return { low, high, lowOpen, highOpen };
}
function negated(a: Bounds): Bounds {
  return { low: -a.high, high: -a.low, lowOpen: a.highOpen, highOpen: a.lowOpen };
}
function sum(a: Bounds, b: Bounds): Bounds {
  return bounds(a.low + b.low, a.high + b.high, a.lowOpen || b.lowOpen, a.highOpen || b.highOpen);
}

interface End {
  readonly value: number;
  readonly open: boolean;
}
function product(a: Bounds, b: Bounds): Bounds {
  const ends = (x: Bounds): readonly [End, End] => [
    { value: x.low, open: x.lowOpen },
    { value: x.high, open: x.highOpen },
  ];
  let low: End = { value: Infinity, open: false },
    high: End = { value: -Infinity, open: false };
  for (const x of ends(a)) {
    for (const y of ends(b)) {
      // An infinite end is never taken: what is 0 stays 0. A zero that is taken makes the product one that is.
      const value = x.value === 0 || y.value === 0 ? 0 : x.value * y.value;
      const open = (x.open || y.open) && !(x.value === 0 && !x.open) && !(y.value === 0 && !y.open);
      if (value < low.value || (value === low.value && !open)) low = { value, open };
      if (value > high.value || (value === high.value && !open)) high = { value, open };
    }
  }
  return bounds(low.value, high.value, low.open, high.open);
}
function reciprocal(a: Bounds): Bounds {
  if (!isPositive(a) && !isNegative(a)) return everything;
  if (isNegative(a)) return negated(reciprocal(negated(a)));
  return bounds(
    a.high === Infinity ? 0 : 1 / a.high,
    a.low === 0 ? Infinity : 1 / a.low,
    a.highOpen || a.high === Infinity,
    a.lowOpen || a.low === 0,
  );
}
/** An increasing function of a. */
function mapped(a: Bounds, f: (x: number) => number): Bounds {
  return bounds(f(a.low), f(a.high), a.lowOpen, a.highOpen);
}

function power(a: Bounds, n: number): Bounds {
  if (n < 0) return reciprocal(power(a, -n));
  if (!Number.isInteger(n)) return a.low >= 0 ? mapped(a, (x) => x ** n) : bounds(0, a.high ** n, false, a.highOpen);
  if (n % 2 === 1 || a.low >= 0) return mapped(a, (x) => x ** n);
  if (a.high <= 0) return power(negated(a), n);
  const [far, open] = -a.low > a.high ? [-a.low, a.lowOpen] : [a.high, a.highOpen];
  return bounds(0, far ** n, false, open);
}

/** Sine or cosine, which is 1 at `peak`: whole periods take everything, shorter intervals their ends and what lies between. */
function wave(a: Bounds, f: (x: number) => number, peak: number): Bounds {
  if (!(a.high - a.low < 2 * Math.PI) || Math.abs(a.low) > 1e8) return interval(-1, 1);
  const slack = 1e-7;
  const contains = (phase: number): boolean =>
    Math.floor((a.high - phase + slack) / (2 * Math.PI)) > Math.floor((a.low - phase - slack) / (2 * Math.PI));
  const ends = [f(a.low), f(a.high)];
  return interval(contains(peak + Math.PI) ? -1 : Math.min(...ends), contains(peak) ? 1 : Math.max(...ends));
}

function applied(e: Apply, go: (e: Expr) => Bounds): Bounds {
  const [first, second] = e.args;
  const a = first === undefined ? everything : go(first),
    b = second === undefined ? a : go(second);
  switch (e.fn) {
    case 'add':
      return sum(a, b);
    case 'sub':
      return equal(first!, second!) ? exactly(0) : sum(a, negated(b));
    case 'neg':
      return negated(a);
    case 'mul':
      return equal(first!, second!) ? power(a, 2) : product(a, b);
    case 'div':
      return product(a, reciprocal(b));
    case 'pow':
      if (isConst(second!)) return power(a, second.value);
      return isPositive(a) ? mapped(product(b, mapped(a, Math.log)), Math.exp) : a.low >= 0 ? interval(0, Infinity) : everything;
    case 'abs':
      return a.low >= 0 ? a : a.high <= 0 ? negated(a) : interval(0, Math.max(-a.low, a.high));
    case 'min':
      return bounds(Math.min(a.low, b.low), Math.min(a.high, b.high), false, false);
    case 'max':
      return bounds(Math.max(a.low, b.low), Math.max(a.high, b.high), false, false);
    case 'cos':
      return wave(a, Math.cos, 0);
    case 'sin':
      return wave(a, Math.sin, 0.5 * Math.PI);
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
    case 'eq':
    case 'ne':
    case 'and':
    case 'or':
    case 'not':
      return interval(0, 1);
    case 'sign':
      return interval(-1, 1);
    case 'missing':
      return interval(0, 1);
  }
  const domain = rising.get(e.fn);
  if (domain === undefined || e.args.length !== 1) return everything;
  const f = primitives.get(e.fn)!;
  const out = bounds(
    f.evaluate(Math.max(a.low, domain[0])),
    f.evaluate(Math.min(a.high, domain[1])),
    a.lowOpen || a.low < domain[0],
    a.highOpen || a.high > domain[1],
  );
  // A limit to which a value was rounded is not taken.
  const limit = limits.get(e.fn);
  return limit === undefined
    ? out
    : { ...out, lowOpen: out.low <= limit[0] || out.lowOpen, highOpen: out.high >= limit[1] || out.highOpen };
}
