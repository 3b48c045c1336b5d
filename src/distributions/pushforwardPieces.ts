/**
 * A function of one real argument taken apart into pieces on which it is monotone, constant or a
 * rounded monotone function, by walking its expression from the argument outwards.
 *
 * Each piece knows its ends, its image, its inverse and log |dT/dt| as a function of the value: what
 * the change-of-variables theorem needs. The pieces cover the given interval without overlap. What
 * has no such form is an `Underivable` that names the part of the expression.
 */
import { InternalError } from '../errors/diagnostic.js';
import {
  add,
  addAll,
  apply,
  cond,
  div,
  equal,
  exp,
  isConst,
  log,
  mul,
  neg,
  num,
  one,
  pow,
  ref,
  rewrite,
  square,
  sub,
  substitute,
  visit,
  zero,
} from '../expr/expr.js';
import type { Apply, Expr } from '../expr/expr.js';
import { differentiate } from '../expr/gradient.js';
import { rootOf } from '../expr/implicit.js';
import { boundsOf, isNegative, isPositive } from '../expr/intervals.js';
import { primitives } from '../expr/primitives.js';
import { logOf, powOf, simplify } from '../expr/simplify.js';
import { type Known, limitAt, stretchesOf } from './monotone.js';
import { ratioIn } from './pushforwardRatio.js';

/** An end of an interval. `shared` ends come from cutting: a neighbour ends there too, and `open` says who owns the point. */
export interface End {
  readonly value: Expr;
  readonly open: boolean;
  readonly shared: boolean;
}
export interface Interval {
  readonly low: End;
  readonly high: End;
}

interface Part {
  /** Tests without the argument, all non-zero where the piece exists. */
  readonly when: readonly Expr[];
  /** Ends of the argument's interval that belong to the least and the greatest value; for a constant simply its two ends. */
  readonly atLow: End;
  readonly atHigh: End;
}
export interface MonotonePiece extends Part {
  readonly kind: 'monotone';
  readonly imageLow: End;
  readonly imageHigh: End;
  /** 0 or 1; an expression where it depends on the sign of an unknown. */
  readonly increasing: Expr;
  inverse(y: Expr): Expr;
  /** log |dT/dt| at the inverse of y. */
  logSlope(y: Expr): Expr;
}
export interface ConstantPiece extends Part {
  readonly kind: 'constant';
  readonly value: Expr;
}
/** `forward(rounding(inner(t)))` with forward one-to-one on the integers. */
export interface StepPiece extends Part {
  readonly kind: 'step';
  readonly rounding: Rounding;
  readonly inner: MonotonePiece;
  /** True for the rounded value itself. */
  readonly plain: boolean;
  forward(k: Expr): Expr;
  backward(y: Expr): Expr;
}
export type Piece = MonotonePiece | ConstantPiece | StepPiece;
export type Rounding = 'floor' | 'ceil' | 'round';

export interface Pieces {
  readonly pieces: readonly Piece[];
  /** Expressions that must not be zero for the pieces to be right. */
  readonly nonzero: readonly Expr[];
}

/** Why no pieces can be given: a sentence without full stop, about `part` of the map or the whole of it. */
export class Underivable extends Error {
  readonly reason: string;
  readonly part: Expr | null;
  constructor(reason: string, part: Expr | null) {
    super(reason);
    this.reason = reason;
    this.part = part;
  }
}

export function mentions(e: Expr, argument: string): boolean {
  let found = false;
  visit(e, (x) => {
    if (x.op === 'ref' && x.variable === argument) found = true;
  });
  return found;
}
/** The expression with every reference to the argument replaced. */
export function replaceArgument(e: Expr, argument: string, value: (at: readonly Expr[]) => Expr): Expr {
  return rewrite(e, (x) => (x.op === 'ref' && x.variable === argument ? value(x.at) : x));
}

const minusInfinity = num(-Infinity),
  infinity = num(Infinity);
function isInfinite(e: Expr): boolean {
  return isConst(e) && !Number.isFinite(e.value);
}
function isEmpty(low: End, high: End): boolean {
  if (!isConst(low.value) || !isConst(high.value)) return false;
  return low.value.value > high.value.value || (low.value.value === high.value.value && (low.open || high.open));
}
function folded(fn: string, ...args: readonly Expr[]): Expr {
  const values = args.map((a) => (isConst(a) ? a.value : null));
  if (values.every((v) => v !== null)) return num(primitives.get(fn)!.evaluate(...values));
  return apply(fn, ...args);
}
function notOf(a: Expr): Expr {
  return isConst(a) ? num(a.value === 0 ? 1 : 0) : apply('not', a);
}
/** 1 where two tests agree. */
function agree(a: Expr, b: Expr): Expr {
  return isConst(a) ? (a.value !== 0 ? b : notOf(b)) : isConst(b) ? (b.value !== 0 ? a : notOf(a)) : apply('eq', a, b);
}

/** The sign that an expression has by its form; 0 where that is not known. */
function signOf(e: Expr): -1 | 0 | 1 {
  switch (e.op) {
    case 'const':
      return e.value > 0 ? 1 : e.value < 0 ? -1 : 0;
    case 'size':
      return 1;
    case 'apply': {
      const [a, b] = e.args;
      switch (e.fn) {
        case 'exp':
        case 'sigmoid':
        case 'softplus':
        case 'Phi':
          return 1;
        case 'neg':
          return -signOf(a!) as -1 | 0 | 1;
        case 'mul':
        case 'div':
          return (signOf(a!) * signOf(b!)) as -1 | 0 | 1;
        case 'add':
          return signOf(a!) === signOf(b!) ? signOf(a!) : 0;
        case 'sub':
          return signOf(a!) === -signOf(b!) ? signOf(a!) : 0;
        case 'pow':
          return signOf(a!) === 1 ? 1 : 0;
        default:
          return 0;
      }
    }
    default:
      return 0;
  }
}
/** log |e| without the bars where the sign is known. */
function logAbsolute(e: Expr): Expr {
  const sign = signOf(e);
  return sign > 0 ? logOf(e) : sign < 0 ? logOf(neg(e)) : isConst(e) ? num(Math.log(Math.abs(e.value))) : log(apply('abs', e));
}

/** A one-to-one function u -> y on the image of a piece. */
interface Step {
  readonly increasing: Expr;
  /** Its value, limits at infinite ends included. */
  at(u: Expr): Expr;
  inverse(y: Expr): Expr;
  /** log |dy/du|, from u and y = at(u) whichever is simpler. */
  logSlope(u: Expr, y: Expr): Expr;
}

const halfLogTwoPi = num(0.5 * Math.log(2 * Math.PI));
const logNormal = (u: Expr): Expr => sub(mul(num(-0.5), square(u)), halfLogTwoPi);
const logGamma = (a: Expr, x: Expr): Expr => sub(sub(mul(sub(a, one), log(x)), x), apply('lgamma', a));
const logBeta = (x: Expr, a: Expr, b: Expr): Expr =>
  sub(add(mul(sub(a, one), log(x)), mul(sub(b, one), apply('log1p', neg(x)))), apply('lbeta', a, b));
const logStudent = (t: Expr, df: Expr): Expr =>
  sub(
    mul(mul(num(-0.5), add(df, one)), apply('log1p', div(square(t), df))),
    add(mul(num(0.5), log(df)), apply('lbeta', mul(num(0.5), df), num(0.5))),
  );

/** Increasing functions of one argument; the domain is all values that can occur, cut by `domains`. */
const increasing: Readonly<Record<string, { inverse(y: Expr): Expr; logSlope(u: Expr, y: Expr): Expr }>> = {
  exp: { inverse: log, logSlope: (u) => u },
  expm1: { inverse: (y) => apply('log1p', y), logSlope: (u) => u },
  log: { inverse: exp, logSlope: (_, y) => neg(y) },
  log1p: { inverse: (y) => apply('expm1', y), logSlope: (_, y) => neg(y) },
  log2: { inverse: (y) => exp(mul(num(Math.LN2), y)), logSlope: (_, y) => sub(num(-Math.log(Math.LN2)), mul(num(Math.LN2), y)) },
  log10: { inverse: (y) => exp(mul(num(Math.LN10), y)), logSlope: (_, y) => sub(num(-Math.log(Math.LN10)), mul(num(Math.LN10), y)) },
  sigmoid: { inverse: (y) => apply('logit', y), logSlope: (_, y) => add(log(y), apply('log1p', neg(y))) },
  logit: { inverse: (y) => apply('sigmoid', y), logSlope: (_, y) => add(apply('softplus', y), apply('softplus', neg(y))) },
  // y + log(1 - e^-y), which keeps its digits for small and for large y.
  softplus: { inverse: (y) => add(y, log(neg(apply('expm1', neg(y))))), logSlope: (_, y) => log(neg(apply('expm1', neg(y)))) },
  tanh: {
    inverse: (y) => mul(num(0.5), sub(apply('log1p', y), apply('log1p', neg(y)))),
    logSlope: (_, y) => add(apply('log1p', y), apply('log1p', neg(y))),
  },
  atan: { inverse: (y) => apply('tan', y), logSlope: (u) => neg(apply('log1p', square(u))) },
  erf: {
    inverse: (y) => mul(num(Math.SQRT1_2), apply('normalQuantile', mul(num(0.5), add(y, one)))),
    logSlope: (u) => sub(num(Math.log(2 / Math.sqrt(Math.PI))), square(u)),
  },
  Phi: { inverse: (y) => apply('normalQuantile', y), logSlope: (u) => logNormal(u) },
  normalQuantile: { inverse: (y) => apply('Phi', y), logSlope: (_, y) => neg(logNormal(y)) },
};
/** Where the functions that are not defined everywhere are. */
const domains: Readonly<Record<string, readonly [number, number]>> = {
  log: [0, Infinity],
  log2: [0, Infinity],
  log10: [0, Infinity],
  log1p: [-1, Infinity],
  logit: [0, 1],
  normalQuantile: [0, 1],
};
/** Distribution functions and their inverses: position of the argument, inverse, log density at (value, other arguments). */
const parametric: Readonly<
  Record<
    string,
    {
      readonly position: number;
      readonly inverse: string;
      readonly isQuantile: boolean;
      density(x: Expr, ...others: readonly Expr[]): Expr;
    }
  >
> = {
  gammaP: { position: 1, inverse: 'gammaPInverse', isQuantile: false, density: (x, a) => logGamma(a!, x) },
  gammaPInverse: { position: 1, inverse: 'gammaP', isQuantile: true, density: (x, a) => logGamma(a!, x) },
  betaI: { position: 0, inverse: 'betaIInverse', isQuantile: false, density: (x, a, b) => logBeta(x, a!, b!) },
  betaIInverse: { position: 0, inverse: 'betaI', isQuantile: true, density: (x, a, b) => logBeta(x, a!, b!) },
  studentCdf: { position: 0, inverse: 'studentQuantile', isQuantile: false, density: (x, df) => logStudent(x, df!) },
  studentQuantile: { position: 0, inverse: 'studentCdf', isQuantile: true, density: (x, df) => logStudent(x, df!) },
};

const comparisons: ReadonlySet<string> = new Set(['lt', 'le', 'gt', 'ge', 'eq', 'ne']);
const truths: ReadonlySet<string> = new Set([...comparisons, 'and', 'or', 'not']);
/** More pieces than this are no closed form. */
const mostPieces = 64;

/**
 * The pieces of a map on an interval.
 * @param argument name of the variable whose references (without indices) are the argument.
 * @param integers true where the argument takes whole numbers only, so that single points matter.
 * @param known bounds of what the map mentions beside its argument.
 * @throws Underivable with the part of the map that stands in the way.
 */
export function piecesOf(map: Expr, argument: string, domain: Interval, integers: boolean = false, known: Known = () => null): Pieces {
  const walk = new Walk(argument, integers, known);
  const pieces = walk.pieces(simplify(writtenOut(map)), domain).filter((p) => !p.when.some((t) => isConst(t, 0)));
  return { pieces, nonzero: walk.nonzero };
}

function isApplied(e: Expr, fn: string): e is Apply {
  return e.op === 'apply' && e.fn === fn;
}

/** Short sums whose length is a number, term by term; log(1 + u) as the function that keeps the digits of a small u. */
function writtenOut(map: Expr): Expr {
  return rewrite(map, (x) => {
    if (isApplied(x, 'log') && isApplied(x.args[0]!, 'add')) {
      const [a, b] = (x.args[0] as Apply).args as [Expr, Expr];
      if (isConst(a, 1) || isConst(b, 1)) return apply('log1p', isConst(a, 1) ? b : a);
    }
    if (x.op !== 'reduce' || x.kind !== 'sum') return x;
    const from = simplify(x.from),
      to = simplify(x.to);
    if (!isConst(from) || !isConst(to) || to.value - from.value > mostPieces) return x;
    return addAll(
      Array.from({ length: Math.max(0, to.value - from.value) }, (_, k) => substitute(x.body, new Map([[x.index, num(from.value + k)]]))),
    );
  });
}

class Walk {
  readonly nonzero: Expr[] = [];
  private readonly argument: string;
  private readonly integers: boolean;
  private readonly known: Known;

  constructor(argument: string, integers: boolean, known: Known) {
    this.argument = argument;
    this.integers = integers;
    this.known = known;
  }

  private has(e: Expr): boolean {
    return mentions(e, this.argument);
  }

  pieces(e: Expr, domain: Interval): readonly Piece[] {
    if (isEmpty(domain.low, domain.high)) return [];
    if (!this.has(e)) return [{ kind: 'constant', when: [], atLow: domain.low, atHigh: domain.high, value: e }];
    const choice = this.choiceIn(e);
    if (choice !== null) return this.choose(e, choice, domain);
    if (e.op === 'ref' && e.variable === this.argument) {
      return [
        {
          kind: 'monotone',
          when: [],
          atLow: domain.low,
          atHigh: domain.high,
          imageLow: domain.low,
          imageHigh: domain.high,
          increasing: one,
          inverse: (y) => y,
          logSlope: () => zero,
        },
      ];
    }
    if (e.op === 'element' && e.array.fn.startsWith('host:'))
      throw new Underivable('calls a host function, which cannot be seen into', null);
    if (e.op !== 'apply') throw new Underivable('is not a function with a known inverse', e);
    const inner = e.args.filter((a) => this.has(a));
    if (inner.length > 1) return this.several(e, domain);
    const out = this.pieces(inner[0]!, domain).flatMap((p) => this.outside(e, inner[0]!, p));
    if (out.length > mostPieces) throw new Underivable(`has more than ${mostPieces} branches`, e);
    return out;
  }

  // --- choices --------------------------------------------------------------------------------

  /** A condition, comparison or kink on the argument somewhere inside, innermost first; null where there is none. */
  private choiceIn(e: Expr): Expr | null {
    let found: Expr | null = null;
    // Shared subtrees are looked at once: compositions share what they are made of.
    const seen = new Set<Expr>();
    const go = (x: Expr): void => {
      if (found !== null || seen.has(x)) return;
      seen.add(x);
      if (!this.has(x)) return;
      if (x.op === 'cond') {
        go(x.test);
        found ??= x;
        return;
      }
      if (x.op !== 'apply') return;
      if (truths.has(x.fn)) {
        found ??= x;
        return;
      }
      for (const a of x.args) go(a);
      if (found !== null) return;
      if (x.fn === 'sign' || x.fn === 'min' || x.fn === 'max') found = x;
      else if (x.fn === 'abs' && x !== e && this.occurrences(e) > this.occurrences(x)) found = x;
    };
    go(e);
    return found;
  }
  private occurrences(e: Expr, known: Map<Expr, number> = new Map()): number {
    const count =
      known.get(e) ??
      (e.op === 'ref'
        ? e.variable === this.argument
          ? 1
          : 0
        : e.op === 'apply'
          ? e.args.reduce((n, a) => n + this.occurrences(a, known), 0)
          : this.has(e)
            ? 1
            : 0);
    known.set(e, count);
    return count;
  }

  private choose(e: Expr, choice: Expr, domain: Interval): readonly Piece[] {
    const put = (value: Expr): Expr => simplify(rewrite(e, (x) => (x === choice || equal(x, choice) ? value : x)));
    if (choice.op === 'cond') return this.alternatives(choice.test, domain, (holds) => put(holds ? choice.then : choice.otherwise));
    const {
      fn,
      args: [a, b],
    } = choice as Apply;
    if (truths.has(fn)) return this.alternatives(choice, domain, (holds) => put(num(holds ? 1 : 0)));
    if (fn === 'abs') return this.alternatives(apply('ge', a!, zero), domain, (holds) => put(holds ? a! : neg(a!)));
    if (fn === 'sign')
      return this.alternatives(apply('gt', a!, zero), domain, (holds) =>
        put(holds ? one : this.integers ? cond(apply('lt', a!, zero), num(-1), zero) : num(-1)),
      );
    return this.alternatives(apply('lt', a!, b!), domain, (holds) => put(holds === (fn === 'min') ? a! : b!));
  }
  private alternatives(test: Expr, domain: Interval, branch: (holds: boolean) => Expr): readonly Piece[] {
    return this.regions(test, domain).flatMap((r) =>
      this.pieces(branch(r.holds), r).map((p): Piece => ({ ...p, when: [...r.when, ...p.when] })),
    );
  }

  /** The parts of an interval on which a test holds, and those on which it does not. */
  private regions(test: Expr, domain: Interval): readonly (Interval & { readonly holds: boolean; readonly when: readonly Expr[] })[] {
    if (!this.has(test)) {
      if (isConst(test)) return [{ ...domain, holds: test.value !== 0, when: [] }];
      return [
        { ...domain, holds: true, when: [test] },
        { ...domain, holds: false, when: [notOf(test)] },
      ];
    }
    if (test.op !== 'apply' || !truths.has(test.fn)) throw new Underivable('is not a condition that can be solved', test);
    const [a, b] = test.args;
    switch (test.fn) {
      case 'not':
        return this.regions(a!, domain).map((r) => ({ ...r, holds: !r.holds }));
      case 'and':
      case 'or': {
        const decided = test.fn === 'or';
        return this.regions(a!, domain).flatMap((r) =>
          r.holds === decided ? [r] : this.regions(b!, r).map((inner) => ({ ...inner, when: [...r.when, ...inner.when] })),
        );
      }
      case 'eq':
      case 'ne':
        // One point has no probability under a density.
        return this.integers ? this.points(test, domain) : [{ ...domain, holds: test.fn === 'ne', when: [] }];
    }
    if (this.has(a!) && this.has(b!)) return this.regions(apply(test.fn, sub(a!, b!), zero), domain);
    const flipped: Readonly<Record<string, string>> = { lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' };
    const [u, c, fn] = this.has(a!) ? [a!, b!, test.fn] : [b!, a!, flipped[test.fn]!];
    const below = fn === 'lt' || fn === 'le';
    return this.pieces(u, domain).flatMap((p) => {
      if (p.kind === 'step') throw new Underivable('is a condition on a rounded value', test);
      if (p.kind === 'constant') {
        const holds = folded(fn, p.value, c);
        return [true, false]
          .map((h) => ({ low: p.atLow, high: p.atHigh, holds: h, when: [...p.when, h ? holds : notOf(holds)] }))
          .filter((r) => !r.when.some((t) => isConst(t, 0)));
      }
      const [under, over] = this.cut(p, c, fn === 'lt' || fn === 'ge');
      return [
        [under, below],
        [over, !below],
      ].flatMap(([part, holds]) => {
        const piece = part as MonotonePiece | null;
        if (piece === null) return [];
        return intervals(piece).map((r) => ({ ...r, holds: holds as boolean }));
      });
    });
  }

  /** The regions of `u == c` among whole numbers: below, at and above each solution. */
  private points(test: Apply, domain: Interval): ReturnType<Walk['regions']> {
    const [a, b] = test.args as [Expr, Expr];
    const [u, c] = this.has(a) ? (this.has(b) ? [sub(a, b), zero] : [a, b]) : [b, a];
    return this.pieces(u, domain).flatMap((p) => {
      if (p.kind !== 'monotone') throw new Underivable('is a condition on a rounded or constant value', test);
      const [below, rest] = this.cut(p, c, true),
        [at, above] = rest === null ? [null, null] : this.cut(rest, c, false);
      return [below, at, above].flatMap((part) =>
        part === null ? [] : intervals(part).map((r) => ({ ...r, holds: (part === at) === (test.fn === 'eq') })),
      );
    });
  }

  // --- functions ------------------------------------------------------------------------------

  /** The pieces of `e`, which is a function of `u` alone, on a piece of `u`. */
  private outside(e: Apply, u: Expr, p: Piece): readonly Piece[] {
    if (p.kind === 'constant') return [{ ...p, value: simplify(rewrite(e, (x) => (x === u ? p.value : x))) }];
    const position = e.args.indexOf(u),
      other = e.args[1 - position];
    if (p.kind === 'step') {
      const step = this.affineStep(e.fn, position, other);
      if (step === null) throw new Underivable('is applied to a rounded value', e);
      return [{ ...p, plain: false, forward: (k) => step.at(p.forward(k)), backward: (y) => p.backward(step.inverse(y)) }];
    }
    const affineStep = this.affineStep(e.fn, position, other);
    if (affineStep !== null) return [outward(p, affineStep)];
    switch (e.fn) {
      case 'div':
        return this.power(p, -1, e).map((q) => outward(q, scaling(other!)));
      case 'pow': {
        if (position === 1) {
          if (signOf(other!) < 0 || isConst(other!, 0)) throw new Underivable('has a base that is not positive', e);
          // c^u = e^(u log c).
          this.nonzero.push(sub(other!, one));
          return [outward(outward(p, scaling(logOf(other!))), simple('exp'))];
        }
        if (isConst(other!)) return this.power(p, other!.value, e);
        return [this.unknownPower(p, other!, e)];
      }
      case 'abs': {
        const [below, above] = this.cut(p, zero, false);
        return [...(below === null ? [] : [outward(below, scaling(num(-1)))]), ...(above === null ? [] : [above])];
      }
      case 'floor':
      case 'ceil':
      case 'round':
        return [
          {
            kind: 'step',
            when: p.when,
            atLow: p.atLow,
            atHigh: p.atHigh,
            rounding: e.fn,
            inner: p,
            plain: true,
            forward: (k) => k,
            backward: (y) => y,
          },
        ];
      case 'sin':
        return this.cosine(outward(p, shifting(num(-Math.PI / 2))), e);
      case 'cos':
        return this.cosine(p, e);
      case 'tan':
        return this.tangent(p, e);
    }
    if (increasing[e.fn] !== undefined) {
      const range = domains[e.fn];
      if (range !== undefined) this.within(p, range[0], range[1], e);
      return [outward(p, simple(e.fn))];
    }
    const known = parametric[e.fn];
    if (known !== undefined && position === known.position) {
      if (known.isQuantile) this.within(p, 0, 1, e);
      const others = e.args.filter((_, k) => k !== position);
      const call = (fn: string, x: Expr): Expr => folded(fn, ...(known.position === 0 ? [x, ...others] : [...others, x]));
      return [
        outward(p, {
          increasing: one,
          at: (x) => call(e.fn, x),
          inverse: (y) => call(known.inverse, y),
          logSlope: (x, y) => (known.isQuantile ? neg(known.density(y, ...others)) : known.density(x, ...others)),
        }),
      ];
    }
    throw new Underivable('has no known inverse', e);
  }

  /** Sums, differences and multiples; null for any other function. */
  private affineStep(fn: string, position: number, other: Expr | undefined): Step | null {
    switch (fn) {
      case 'neg':
        return scaling(num(-1));
      case 'add':
        return shifting(other!);
      case 'sub':
        return position === 0 ? shifting(neg(other!)) : reflecting(other!);
      case 'mul':
        this.needNonzero(other!);
        return scaling(other!);
      case 'div':
        if (position === 1) {
          this.needNonzero(other!);
          return null;
        }
        this.needNonzero(other!);
        return scaling(powOf(other!, -1));
      default:
        return null;
    }
  }
  private needNonzero(e: Expr): void {
    if (signOf(e) === 0) this.nonzero.push(e);
  }

  /** Refuses arguments that are certainly outside of a function's domain. */
  private within(p: MonotonePiece, low: number, high: number, e: Expr): void {
    const {
      imageLow: { value: a },
      imageHigh: { value: b },
    } = p;
    if ((isConst(a) && a.value < low) || (isConst(b) && b.value > high)) {
      throw new Underivable(
        `is not defined for all values that can occur (its argument must be ${high === Infinity ? `at least ${low}` : `between ${low} and ${high}`})`,
        e,
      );
    }
  }

  /** u^n for a constant n. */
  private power(p: MonotonePiece, n: number, e: Expr): readonly MonotonePiece[] {
    if (n === 0) throw new Underivable('is constant', e);
    if (n === 1) return [p];
    const isInteger = Number.isInteger(n),
      even = n % 2 === 0;
    if (!isInteger) this.within(p, 0, Infinity, e);
    const {
      imageLow: { value: least },
    } = p;
    if (n > 0 && isInteger && !even && !(isConst(least) && least.value >= 0)) {
      // Odd powers are one-to-one on the whole line.
      return [
        outward(p, {
          increasing: one,
          at: (u) => folded('pow', u, num(n)),
          inverse: (y) => mul(apply('sign', y), pow(apply('abs', y), num(1 / n))),
          logSlope: (u) => add(num(Math.log(n)), mul(num(n - 1), log(apply('abs', u)))),
        }),
      ];
    }
    const [below, above] = isInteger ? this.cut(p, zero, n > 0) : [null, p];
    const slope = (u: Expr): Expr => add(num(Math.log(Math.abs(n))), mul(num(n - 1), log(apply('abs', u))));
    const out: MonotonePiece[] = [];
    if (below !== null) {
      // (-1)^n (-u)^n: values of -u are non-negative.
      const sign = even ? 1 : -1;
      const rising = n > 0 !== even;
      out.push(
        outward(below, {
          increasing: num(rising ? 1 : 0),
          at: (u) =>
            isConst(u, 0)
              ? num(n > 0 ? 0 : sign * Infinity)
              : isConst(u, -Infinity)
                ? num(n > 0 ? sign * Infinity : 0)
                : folded('pow', u, num(n)),
          inverse: (y) => (n === -1 ? powOf(y, -1) : neg(pow(sign > 0 ? y : neg(y), num(1 / n)))),
          logSlope: slope,
        }),
      );
    }
    if (above !== null) {
      out.push(
        outward(above, {
          increasing: num(n > 0 ? 1 : 0),
          at: (u) =>
            isConst(u, 0) ? num(n > 0 ? 0 : Infinity) : isConst(u, Infinity) ? num(n > 0 ? Infinity : 0) : folded('pow', u, num(n)),
          inverse: (y) => pow(y, num(1 / n)),
          logSlope: (_, y) => add(num(Math.log(Math.abs(n))), mul(num((n - 1) / n), log(y))),
        }),
      );
    }
    return out;
  }
  /** u^c for an exponent that is not known yet; u must not be negative. */
  private unknownPower(p: MonotonePiece, c: Expr, e: Expr): MonotonePiece {
    const { imageLow } = p;
    if (!isConst(imageLow.value) || imageLow.value.value < 0)
      throw new Underivable('is a power of values that may be negative with an exponent that is not a number of the program', e);
    this.needNonzero(c);
    return outward(p, {
      increasing: apply('gt', c, zero),
      at: (u) =>
        isConst(u, 0)
          ? cond(apply('gt', c, zero), zero, infinity)
          : isConst(u, Infinity)
            ? cond(apply('gt', c, zero), infinity, zero)
            : pow(u, c),
      inverse: (y) => pow(y, powOf(c, -1)),
      logSlope: (u) => add(logAbsolute(c), mul(sub(c, one), log(u))),
    });
  }

  /** Integers k with the interval [k pi, (k + 1) pi] inside or across the image of a piece. */
  private periods(p: MonotonePiece, e: Expr, offset: number): readonly number[] {
    const {
      imageLow: { value: a },
      imageHigh: { value: b },
    } = p;
    if (!isConst(a) || !isConst(b) || isInfinite(a) || isInfinite(b))
      throw new Underivable('has infinitely many branches unless its argument lies between two known numbers', e);
    const first = Math.floor((a.value - offset) / Math.PI + 1e-12),
      last = Math.ceil((b.value - offset) / Math.PI - 1e-12);
    if (last - first > mostPieces) throw new Underivable(`has more than ${mostPieces} branches`, e);
    return Array.from({ length: last - first }, (_, k) => first + k);
  }
  private cosine(p: MonotonePiece, e: Expr): readonly MonotonePiece[] {
    return this.periods(p, e, 0).flatMap((k) => {
      const part = this.between(p, num(k * Math.PI), num((k + 1) * Math.PI));
      const even = k % 2 === 0;
      // acos(y) = 2 atan(sqrt((1 - y) / (1 + y))).
      const arc = (y: Expr): Expr => mul(num(2), apply('atan', pow(div(sub(one, y), add(one, y)), num(0.5))));
      return part === null
        ? []
        : [
            outward(part, {
              increasing: num(even ? 0 : 1),
              at: (u) => folded('cos', u),
              inverse: (y) => (even ? add(num(k * Math.PI), arc(y)) : sub(num((k + 1) * Math.PI), arc(y))),
              logSlope: (_, y) => mul(num(0.5), add(apply('log1p', y), apply('log1p', neg(y)))),
            }),
          ];
    });
  }
  private tangent(p: MonotonePiece, e: Expr): readonly MonotonePiece[] {
    return this.periods(p, e, -Math.PI / 2).flatMap((k) => {
      const low = (k - 0.5) * Math.PI,
        high = (k + 0.5) * Math.PI;
      const part = this.between(p, num(low), num(high));
      return part === null
        ? []
        : [
            outward(part, {
              increasing: one,
              // The pole is not exactly a floating point number.
              at: (u) =>
                isConst(u) && u.value <= low + 1e-15 * Math.abs(low)
                  ? minusInfinity
                  : isConst(u) && u.value >= high - 1e-15 * Math.abs(high)
                    ? infinity
                    : folded('tan', u),
              inverse: (y) => add(num(k * Math.PI), apply('atan', y)),
              logSlope: (_, y) => apply('log1p', square(y)),
            }),
          ];
    });
  }

  // --- cutting --------------------------------------------------------------------------------

  /** The parts of a piece with values below and above c; `lowerIsOpen` says which of them leaves out c itself. */
  private cut(p: MonotonePiece, c: Expr, lowerIsOpen: boolean): readonly [MonotonePiece | null, MonotonePiece | null] {
    const { imageLow, imageHigh, atLow, atHigh } = p;
    // One point has no probability under a density.
    if (isConst(c) && isConst(imageLow.value)) {
      if (c.value < imageLow.value.value || (c.value === imageLow.value.value && (lowerIsOpen || imageLow.open || !this.integers)))
        return [null, p];
    }
    if (isConst(c) && isConst(imageHigh.value)) {
      if (c.value > imageHigh.value.value || (c.value === imageHigh.value.value && (!lowerIsOpen || imageHigh.open || !this.integers)))
        return [p, null];
    }
    const notAbove = folded('le', c, imageLow.value),
      notBelow = folded('ge', c, imageHigh.value);
    const t = cond(notAbove, atLow.value, cond(notBelow, atHigh.value, simplify(p.inverse(c))));
    const value = cond(notAbove, imageLow.value, cond(notBelow, imageHigh.value, c));
    const end = (of: Expr, open: boolean): End => ({ value: of, open, shared: true });
    return [
      { ...p, imageHigh: end(value, lowerIsOpen), atHigh: end(t, lowerIsOpen) },
      { ...p, imageLow: end(value, !lowerIsOpen), atLow: end(t, !lowerIsOpen) },
    ];
  }
  /** The part of a piece with values between two numbers; null where there is none. */
  private between(p: MonotonePiece, low: Expr, high: Expr): MonotonePiece | null {
    const above = this.cut(p, low, true)[1];
    return above === null ? null : this.cut(above, high, false)[0];
  }

  // --- ratios of polynomials ------------------------------------------------------------------

  /** The argument occurs more than once: a ratio of polynomials of degree two in one function of it, or what is inverted numerically. */
  private several(e: Apply, domain: Interval): readonly Piece[] {
    const marked = this.nonzero.length;
    try {
      return this.ratio(e, domain);
    } catch (thrown) {
      if (!(thrown instanceof Underivable)) throw thrown;
      this.nonzero.splice(marked);
      const pieces = this.inverted(e, domain);
      if (pieces !== null) return pieces;
      throw thrown;
    }
  }
  private ratio(e: Apply, domain: Interval): readonly Piece[] {
    const found = ratioIn(e, (x) => this.has(x));
    if (found === null) throw new Underivable('has no inverse in closed form, and it is not certain where it rises and falls', e);
    const { atom, numerator, denominator } = found;
    const [c, b, a] = numerator,
      [f, g, d] = denominator;
    return this.pieces(atom, domain).flatMap((p): readonly Piece[] => {
      if (p.kind !== 'monotone') throw new Underivable('has no inverse in closed form', e);
      return this.quadratic(p, a, b, c, d, g, f, e);
    });
  }

  // --- numerical inverses ---------------------------------------------------------------------

  /** The parts of `e` on which it is certain to rise or to fall, each inverted by finding a root; null where they are not found. */
  private inverted(e: Apply, domain: Interval): readonly MonotonePiece[] | null {
    const isArgument = (x: Expr): boolean => x.op === 'ref' && x.variable === this.argument;
    const slope = this.derivative(e),
      curvature = slope === null ? null : this.derivative(slope);
    if (slope === null) return null;
    const low = boundsOf(domain.low.value, this.known).low,
      high = boundsOf(domain.high.value, this.known).high;
    const stretches = stretchesOf(slope, curvature, isArgument, low, high, this.known);
    // Between ends that are unknown only a map without turning points is one whose pieces are known.
    if (
      stretches === null ||
      (stretches.length > 1 && !(isConst(domain.low.value) && isConst(domain.high.value))) ||
      stretches.length > mostPieces
    )
      return null;
    const put = (of: Expr, t: Expr): Expr => simplify(rewrite(of, (x) => (isArgument(x) ? t : x)));
    this.needSlope(slope, put, low, high);
    const ends = [domain.low, ...stretches.slice(1).map((s): End => ({ value: num(s.low), open: false, shared: true })), domain.high];
    const pieces: MonotonePiece[] = [];
    for (const [k, { rising }] of stretches.entries()) {
      const from = k === 0 ? ends[0]! : { ...ends[k]!, open: true },
        to = ends[k + 1]!;
      const image = (end: End, direction: -1 | 1): End | null => {
        const value = isInfinite(end.value) ? limitAt(e, direction, isArgument, this.known) : put(e, end.value);
        if (value === null || (isConst(value) && Number.isNaN(value.value))) return null;
        // At a pole the sign of infinity is that of the side.
        const outermost = isInfinite(value) ? num(direction > 0 === rising ? Infinity : -Infinity) : value;
        return { value: outermost, open: end.open || isInfinite(end.value) || isInfinite(value), shared: end.shared && !isInfinite(value) };
      };
      const atStart = image(from, -1),
        atEnd = image(to, 1);
      if (atStart === null || atEnd === null) return null;
      const inverse = (y: Expr): Expr => rootOf(e, isArgument, rising, y, from.value, to.value)!;
      if (rootOf(e, isArgument, rising, zero, from.value, to.value) === null) return null;
      pieces.push({
        kind: 'monotone',
        when: [],
        increasing: num(rising ? 1 : 0),
        inverse,
        logSlope: (y) => logAbsolute(put(slope, inverse(y))),
        ...(rising
          ? { atLow: from, atHigh: to, imageLow: atStart, imageHigh: atEnd }
          : { atLow: to, atHigh: from, imageLow: atEnd, imageHigh: atStart }),
      });
    }
    return pieces;
  }
  private derivative(e: Expr): Expr | null {
    try {
      return differentiate(e, ref(this.argument));
    } catch (thrown) {
      // The word of `differentiate` for functions without a derivative.
      if (thrown instanceof InternalError) return null;
      throw thrown;
    }
  }
  /**
   * A slope that is never negative but may vanish for some values of unknowns must not vanish everywhere: it is looked at in three places.
   */
  private needSlope(slope: Expr, put: (of: Expr, t: Expr) => Expr, low: number, high: number): void {
    const inside =
      Number.isFinite(low) && Number.isFinite(high)
        ? [0.271, 0.503, 0.761].map((share) => low + share * (high - low))
        : Number.isFinite(low)
          ? [low + 0.37, low + 1.13, low + 2.71]
          : Number.isFinite(high)
            ? [high - 0.37, high - 1.13, high - 2.71]
            : [-1.37, 0.13, 1.71];
    const somewhere = simplify(inside.reduce((total: Expr, t) => add(total, put(slope, num(t))), zero)),
      bounds = boundsOf(somewhere, this.known);
    if (!isPositive(bounds) && !isNegative(bounds)) this.nonzero.push(somewhere);
  }
  /** (a u^2 + b u + c) / (d u^2 + g u + f). */
  private quadratic(p: MonotonePiece, a: Expr, b: Expr, c: Expr, d: Expr, g: Expr, f: Expr, e: Expr): readonly MonotonePiece[] {
    const none = (x: Expr): boolean => isConst(x, 0);
    if (!none(d)) {
      if (none(a)) return this.quadratic(p, d, g, f, zero, b, c, e).flatMap((q) => this.power(q, -1, e));
      const share = ratioOf(a, d);
      const rest = (x: Expr, y: Expr): Expr => simplify(sub(x, mul(share, y)));
      const [b2, c2] = [rest(b, g), rest(c, f)];
      if (none(b2) && none(c2)) throw new Underivable('is constant', e);
      return this.quadratic(p, zero, b2, c2, d, g, f, e).map((q) => outward(q, shifting(share)));
    }
    if (none(g)) {
      this.needNonzero(f);
      const [A, B, C] = [ratioOf(a, f), ratioOf(b, f), ratioOf(c, f)];
      if (none(A)) {
        if (none(B)) throw new Underivable('is constant', e);
        this.needNonzero(B);
        return [outward(outward(p, scaling(B)), shifting(C))];
      }
      this.needNonzero(A);
      const half = ratioOf(B, mul(num(2), A));
      return this.power(outward(p, shifting(half)), 2, e).map((q) =>
        outward(outward(q, scaling(A)), shifting(simplify(sub(C, mul(A, square(half)))))),
      );
    }
    // With h = g u + f the ratio is alpha h + beta + gamma / h.
    this.needNonzero(g);
    const inner = outward(outward(p, scaling(g)), shifting(f));
    const alpha = simplify(div(a, square(g)));
    const beta = simplify(sub(div(b, g), div(mul(mul(num(2), a), f), square(g))));
    const gamma = simplify(add(sub(c, div(mul(b, f), g)), div(mul(a, square(f)), square(g))));
    const moved = (q: MonotonePiece): MonotonePiece => outward(q, shifting(beta));
    if (none(gamma)) {
      if (none(alpha)) throw new Underivable('is constant', e);
      return [moved(outward(inner, scaling(alpha)))];
    }
    this.needNonzero(gamma);
    if (none(alpha)) return this.power(inner, -1, e).map((q) => moved(outward(q, scaling(gamma))));
    const signs = signOf(alpha) * signOf(gamma);
    if (signs === 0) throw new Underivable('has an inverse whose branches depend on the signs of its coefficients', e);
    const [below, above] = this.cut(inner, zero, true);
    return (
      [
        [-1, below],
        [1, above],
      ] as const
    ).flatMap(([side, piece]) => {
      if (piece === null) return [];
      if (signs < 0) return [moved(outward(piece, hyperbola(alpha, gamma, side, null)))];
      // One-to-one on either side of the critical point; beyond it lies the part that goes to infinity.
      const critical = simplify(mul(num(side), pow(div(gamma, alpha), num(0.5))));
      return this.cut(piece, critical, true).flatMap((part, k) =>
        part === null ? [] : [moved(outward(part, hyperbola(alpha, gamma, side, side > 0 === (k === 1))))],
      );
    });
  }
}

/**
 * alpha h + gamma / h on one side of the pole, one-to-one: for alpha gamma < 0 on the whole side, else on its
 * outer (beyond the critical point) or inner part. The root is taken in the form that does not cancel.
 */
function hyperbola(alpha: Expr, gamma: Expr, side: -1 | 1, outer: boolean | null): Step {
  const rootOf = (y: Expr): Expr => pow(apply('max', sub(square(y), mul(num(4), mul(alpha, gamma))), zero), num(0.5));
  const rising = outer === null || outer ? signOf(alpha) : -signOf(alpha);
  return {
    increasing: num(rising > 0 ? 1 : 0),
    at: (h) => {
      if (isConst(h, 0)) return num(side * signOf(gamma) * Infinity);
      if (isInfinite(h)) return num(side * signOf(alpha) * Infinity);
      return simplify(add(mul(alpha, h), div(gamma, h)));
    },
    inverse: (y) => {
      // Roots of alpha h^2 - y h + gamma = 0: q / alpha and gamma / q with q = (y + sign(y) root) / 2.
      const root = rootOf(y);
      const q = mul(num(0.5), cond(apply('ge', y, zero), add(y, root), sub(y, root)));
      const large = div(q, alpha),
        small = div(gamma, q);
      if (outer !== null) return outer ? large : small;
      // alpha gamma < 0: one root is positive, the other negative; q has the sign of y.
      const positive = cond(apply('ge', y, zero), signOf(alpha) > 0 ? large : small, signOf(alpha) > 0 ? small : large);
      const negative = cond(apply('ge', y, zero), signOf(alpha) > 0 ? small : large, signOf(alpha) > 0 ? large : small);
      return side > 0 ? positive : negative;
    },
    // |alpha - gamma / h^2| = root / |h|.
    logSlope: (h, y) => sub(log(rootOf(y)), log(apply('abs', h))),
  };
}

function ratioOf(a: Expr, b: Expr): Expr {
  return isConst(a, 0) ? zero : simplify(div(a, b));
}

function simple(fn: string): Step {
  const row = increasing[fn]!;
  return { increasing: one, at: (u) => folded(fn, u), inverse: row.inverse, logSlope: row.logSlope };
}
function shifting(c: Expr): Step {
  return { increasing: one, at: (u) => (isInfinite(u) ? u : simplify(add(c, u))), inverse: (y) => sub(y, c), logSlope: () => zero };
}
function reflecting(c: Expr): Step {
  return { increasing: zero, at: (u) => (isInfinite(u) ? neg(u) : simplify(sub(c, u))), inverse: (y) => sub(c, y), logSlope: () => zero };
}
function scaling(c: Expr): Step {
  const sign = signOf(c),
    slope = logAbsolute(c);
  const at = (u: Expr): Expr => {
    if (isConst(u, 0)) return zero;
    if (isInfinite(u)) return sign === 0 ? mul(apply('sign', c), u) : num((u as { value: number }).value * sign);
    return simplify(mul(c, u));
  };
  return {
    increasing: sign === 0 ? apply('gt', c, zero) : num(sign > 0 ? 1 : 0),
    at,
    inverse: (y) => (isConst(c) ? mul(num(1 / c.value), y) : mul(y, powOf(c, -1))),
    logSlope: () => slope,
  };
}

/** A piece followed by a one-to-one function. */
function outward(p: MonotonePiece, step: Step): MonotonePiece {
  const endOf = (end: End): End => {
    const value = step.at(end.value);
    return { value, open: end.open || isInfinite(end.value), shared: end.shared && !isInfinite(end.value) };
  };
  const least = endOf(p.imageLow),
    greatest = endOf(p.imageHigh);
  const rising = step.increasing;
  const pick = (a: End, b: End, outermost: Expr): End => {
    if (isConst(rising)) return rising.value !== 0 ? a : b;
    if (isInfinite(p.imageLow.value) && isInfinite(p.imageHigh.value)) return { value: outermost, open: true, shared: false };
    return { value: cond(rising, a.value, b.value), open: a.open || b.open, shared: a.shared && b.shared };
  };
  const place = (a: End, b: End): End =>
    isConst(rising)
      ? rising.value !== 0
        ? a
        : b
      : { value: cond(rising, a.value, b.value), open: a.open || b.open, shared: a.shared && b.shared };
  return {
    ...p,
    imageLow: pick(least, greatest, minusInfinity),
    imageHigh: pick(greatest, least, infinity),
    atLow: place(p.atLow, p.atHigh),
    atHigh: place(p.atHigh, p.atLow),
    increasing: agree(p.increasing, rising),
    inverse: (y) => p.inverse(step.inverse(y)),
    logSlope: (y) => {
      const u = step.inverse(y);
      return add(step.logSlope(u, y), p.logSlope(u));
    },
  };
}

/** The interval of the argument that a piece covers; two with a test each where its direction is unknown. */
function intervals(p: MonotonePiece): readonly (Interval & { readonly when: readonly Expr[] })[] {
  const rising = { low: p.atLow, high: p.atHigh, when: p.when },
    falling = { low: p.atHigh, high: p.atLow, when: p.when };
  if (isConst(p.increasing)) return [p.increasing.value !== 0 ? rising : falling];
  return [
    { ...rising, when: [...p.when, p.increasing] },
    { ...falling, when: [...p.when, notOf(p.increasing)] },
  ];
}
