/**
 * A function of one real argument taken apart into pieces on which it is monotone, constant or a
 * rounded monotone function, by walking its expression from the argument outwards. Conditions and kinks cut the interval of the
 * argument first. The pieces cover the given interval without overlap. What has no such form is an `Underivable` that names the
 * part of the expression.
 */
import {
  addAll,
  apply,
  cond,
  equal,
  isConst,
  neg,
  num,
  one,
  rewrite,
  sub,
  substitute,
  zero,
  type Apply,
  type Expr,
} from '../../expr/expr.js';
import { truths } from '../../expr/primitives.js';
import { simplify } from '../../expr/simplify.js';
import type { Known } from './monotone.js';
import { ratioIn } from './ratioOfQuadratics.js';
import { mostPieces, isEmpty, Underivable, notOf, cut, intervals, type Piece, type Interval, type MonotonePiece } from './pieces.js';
import { depends, type Setting } from './setting.js';
import { folded } from './oneToOne.js';
import { applied } from './applied.js';
import { invertedPieces } from './numericalInverse.js';
import { quadraticPieces } from './quadratics.js';

export interface Pieces {
  readonly pieces: readonly Piece[];
  /** Expressions that must not be zero for the pieces to be right. */
  readonly nonzero: readonly Expr[];
}

/**
 * The pieces of a map on an interval.
 * @param argument name of the variable whose references (without indices) are the argument.
 * @param integers true where the argument takes whole numbers only, so that single points matter.
 * @param known bounds of what the map mentions beside its argument.
 * @throws Underivable with the part of the map that stands in the way.
 */
export function piecesOf(map: Expr, argument: string, domain: Interval, integers: boolean = false, known: Known = () => null): Pieces {
  const setting: Setting = { argument, integers, known, nonzero: [] };
  const pieces = piecesIn(setting, simplify(writtenOut(map)), domain).filter((p) => !p.when.some((t) => isConst(t, 0)));
  return { pieces, nonzero: setting.nonzero };
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

function piecesIn(setting: Setting, e: Expr, domain: Interval): readonly Piece[] {
  if (isEmpty(domain.low, domain.high)) return [];
  if (!depends(setting, e)) return [{ kind: 'constant', when: [], atLow: domain.low, atHigh: domain.high, value: e }];
  const choice = choiceIn(setting, e);
  if (choice !== null) return choose(setting, e, choice, domain);
  if (e.op === 'ref' && e.variable === setting.argument) {
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
  if (e.op === 'element' && e.array.fn.startsWith('host:')) throw new Underivable('calls a host function, which cannot be seen into', null);
  if (e.op !== 'apply') throw new Underivable('is not a function with a known inverse', e);
  const inner = e.args.filter((a) => depends(setting, a));
  if (inner.length > 1) return repeated(setting, e, domain);
  const out = piecesIn(setting, inner[0]!, domain).flatMap((p) => applied(setting, e, inner[0]!, p));
  if (out.length > mostPieces) throw new Underivable(`has more than ${mostPieces} branches`, e);
  return out;
}

/** A condition, comparison or kink on the argument somewhere inside, innermost first; null where there is none. */
function choiceIn(setting: Setting, e: Expr): Expr | null {
  let found: Expr | null = null;
  // Shared subtrees are looked at once: compositions share what they are made of.
  const seen = new Set<Expr>();
  const go = (x: Expr): void => {
    if (found !== null || seen.has(x)) return;
    seen.add(x);
    if (!depends(setting, x)) return;
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
    else if (x.fn === 'abs' && x !== e && occurrences(setting, e) > occurrences(setting, x)) found = x;
  };
  go(e);
  return found;
}

function occurrences(setting: Setting, e: Expr, known: Map<Expr, number> = new Map()): number {
  const count =
    known.get(e) ??
    (e.op === 'ref'
      ? e.variable === setting.argument
        ? 1
        : 0
      : e.op === 'apply'
        ? e.args.reduce((n, a) => n + occurrences(setting, a, known), 0)
        : depends(setting, e)
          ? 1
          : 0);
  known.set(e, count);
  return count;
}

function choose(setting: Setting, e: Expr, choice: Expr, domain: Interval): readonly Piece[] {
  const put = (value: Expr): Expr => simplify(rewrite(e, (x) => (x === choice || equal(x, choice) ? value : x)));
  if (choice.op === 'cond') return alternatives(setting, choice.test, domain, (holds) => put(holds ? choice.then : choice.otherwise));
  const {
    fn,
    args: [a, b],
  } = choice as Apply;
  if (truths.has(fn)) return alternatives(setting, choice, domain, (holds) => put(num(holds ? 1 : 0)));
  if (fn === 'abs') return alternatives(setting, apply('ge', a!, zero), domain, (holds) => put(holds ? a! : neg(a!)));
  if (fn === 'sign')
    return alternatives(setting, apply('gt', a!, zero), domain, (holds) =>
      put(holds ? one : setting.integers ? cond(apply('lt', a!, zero), num(-1), zero) : num(-1)),
    );
  return alternatives(setting, apply('lt', a!, b!), domain, (holds) => put(holds === (fn === 'min') ? a! : b!));
}

function alternatives(setting: Setting, test: Expr, domain: Interval, branch: (holds: boolean) => Expr): readonly Piece[] {
  return regions(setting, test, domain).flatMap((r) =>
    piecesIn(setting, branch(r.holds), r).map((p): Piece => ({ ...p, when: [...r.when, ...p.when] })),
  );
}

/** The parts of an interval on which a test holds, and those on which it does not. */
function regions(
  setting: Setting,
  test: Expr,
  domain: Interval,
): readonly (Interval & { readonly holds: boolean; readonly when: readonly Expr[] })[] {
  if (!depends(setting, test)) {
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
      return regions(setting, a!, domain).map((r) => ({ ...r, holds: !r.holds }));
    case 'and':
    case 'or': {
      const decided = test.fn === 'or';
      return regions(setting, a!, domain).flatMap((r) =>
        r.holds === decided ? [r] : regions(setting, b!, r).map((inner) => ({ ...inner, when: [...r.when, ...inner.when] })),
      );
    }
    case 'eq':
    case 'ne':
      // One point has no probability under a density.
      return setting.integers ? pointRegions(setting, test, domain) : [{ ...domain, holds: test.fn === 'ne', when: [] }];
  }
  if (depends(setting, a!) && depends(setting, b!)) return regions(setting, apply(test.fn, sub(a!, b!), zero), domain);
  const flipped: Readonly<Record<string, string>> = { lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' };
  const [u, c, fn] = depends(setting, a!) ? [a!, b!, test.fn] : [b!, a!, flipped[test.fn]!];
  const below = fn === 'lt' || fn === 'le';
  return piecesIn(setting, u, domain).flatMap((p) => {
    if (p.kind === 'step') throw new Underivable('is a condition on a rounded value', test);
    if (p.kind === 'constant') {
      const holds = folded(fn, p.value, c);
      return [true, false]
        .map((h) => ({ low: p.atLow, high: p.atHigh, holds: h, when: [...p.when, h ? holds : notOf(holds)] }))
        .filter((r) => !r.when.some((t) => isConst(t, 0)));
    }
    const [under, over] = cut(setting, p, c, fn === 'lt' || fn === 'ge');
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
function pointRegions(setting: Setting, test: Apply, domain: Interval): ReturnType<typeof regions> {
  const [a, b] = test.args as [Expr, Expr];
  const [u, c] = depends(setting, a) ? (depends(setting, b) ? [sub(a, b), zero] : [a, b]) : [b, a];
  return piecesIn(setting, u, domain).flatMap((p) => {
    if (p.kind !== 'monotone') throw new Underivable('is a condition on a rounded or constant value', test);
    const [below, rest] = cut(setting, p, c, true),
      [at, above] = rest === null ? [null, null] : cut(setting, rest, c, false);
    return [below, at, above].flatMap((part) =>
      part === null ? [] : intervals(part).map((r) => ({ ...r, holds: (part === at) === (test.fn === 'eq') })),
    );
  });
}

/** The argument occurs more than once: a ratio of polynomials of degree two in one function of it, or what is inverted numerically. */
function repeated(setting: Setting, e: Apply, domain: Interval): readonly Piece[] {
  const marked = setting.nonzero.length;
  try {
    return ratioPieces(setting, e, domain);
  } catch (thrown) {
    if (!(thrown instanceof Underivable)) throw thrown;
    setting.nonzero.splice(marked);
    const pieces = invertedPieces(setting, e, domain);
    if (pieces !== null) return pieces;
    throw thrown;
  }
}

function ratioPieces(setting: Setting, e: Apply, domain: Interval): readonly Piece[] {
  const found = ratioIn(e, (x) => depends(setting, x));
  // What is one function of itself only is no ratio of anything simpler.
  if (found === null || equal(found.atom, e))
    throw new Underivable('has no inverse in closed form, and it is not certain where it rises and falls', e);
  const { atom, numerator, denominator } = found;
  const [c, b, a] = numerator,
    [f, g, d] = denominator;
  return piecesIn(setting, atom, domain).flatMap((p): readonly Piece[] => {
    if (p.kind !== 'monotone') throw new Underivable('has no inverse in closed form', e);
    return quadraticPieces(setting, p, a, b, c, d, g, f, e);
  });
}
