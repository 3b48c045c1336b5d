/**
 * The canonical form: a log density as a sum of monomials.
 *
 *   sum over binders, where guards hold, of  coefficient * product of atoms
 *
 * Coefficients are free of latents; an atom is an irreducible function of latents to a power. Products
 * and integer powers distribute; logs of products, powers of products and inverse/logdet of scaled
 * matrices are rewritten under what is known of supports. What cannot be expanded is an atom of its
 * own (an opaque function of latents) and is named by whoever reads the form.
 */
import {
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  at,
  cond,
  equal,
  freeIndices,
  hash,
  index,
  isConst,
  log,
  mul,
  mulAll,
  nestedSum,
  num,
  one,
  pow,
  reduce,
  rewrite,
  sub,
  substitute,
  sumOver,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import { truths } from '../expr/primitives.js';
import { inverseOf, logOf, logdetOf, simplify } from '../expr/simplify.js';
import { type DerivedModel, type Label, givenPartOf, maskOf } from './model.js';

/** A summation index with its range; ranges may use outer binders, data and discrete latents. */
export interface Binder {
  readonly index: Index;
  readonly from: Expr;
  readonly to: Expr;
}

export interface Atom {
  readonly base: Expr;
  readonly power: Expr;
}

export interface Monomial {
  readonly binders: readonly Binder[];
  /** 0/1 expressions; the monomial counts where all are non-zero. */
  readonly guards: readonly Expr[];
  readonly coefficient: readonly Expr[];
  readonly atoms: readonly Atom[];
}

/** Products larger than this stay unexpanded (the factor is then a single opaque atom). */
const largestExpansion = 4000;

/** Expressions that are told apart by more tests than this stay whole, too: tests within tests make 2^n cases. */
const mostTests = 1000;

/** Values of a label by which functions of sums are told apart: there is a term for each, to be differentiated and evaluated. */
const mostLabelValues = 8;

class TooLarge extends Error {}

/**
 * The canonical form of an expression (lets inlined). Falls back to one opaque atom where expansion would
 * explode. Where some data lie far from zero, sums and differences of such data and of unknowns that may
 * follow them stay whole unless a continuous `self` stands in them: nothing is to be learnt of `self` by expanding them,
 * and their squares would cancel.
 */
export function normalForm(e: Expr, model: DerivedModel, self: string | null = null): readonly Monomial[] {
  const expander = new Expander(model, self);
  try {
    return combine(expander.expand(e));
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return [{ binders: [], guards: [], coefficient: [], atoms: [{ base: e, power: one }] }];
  }
}

/** The expression a monomial stands for. */
export function monomialExpr(m: Monomial): Expr {
  let body = mulAll([...m.coefficient, ...m.atoms.map((a) => pow(a.base, a.power))]);
  for (const g of m.guards) body = cond(g, body, zero);
  return nestedSum(m.binders, body);
}

class Expander {
  private readonly model: DerivedModel;
  /** Elements of partly missing data that are taken as missing where the expansion stands. */
  private readonly missing: Expr[] = [];
  private readonly self: string | null;
  /** How often something was told apart by a test. */
  private tests = 0;
  constructor(model: DerivedModel, self: string | null) {
    this.model = model;
    this.self = self;
  }

  expand(e: Expr): readonly Monomial[] {
    if (!this.model.dependsOnLatents(e)) return isConst(e, 0) ? [] : [{ binders: [], guards: [], coefficient: [e], atoms: [] }];
    switch (e.op) {
      case 'const':
      case 'index':
      case 'size':
        return [{ binders: [], guards: [], coefficient: [e], atoms: [] }];
      case 'ref':
        return this.reference(e, e.variable);
      case 'reduce':
        return this.reduction(e);
      case 'cond':
        return this.conditional(e);
      case 'element':
        return this.elementOf(e);
      case 'apply':
        return this.application(e.fn, e.args, e);
    }
  }

  private reference(e: Expr & { op: 'ref' }, name: string): readonly Monomial[] {
    const cases = this.fixedCases(e);
    if (cases !== null) return this.expand(cond(cases.test, cases.then, cases.otherwise));
    if (this.model.statusOf(name) !== 'partial' || this.missing.some((x) => equal(x, e))) return [atom(e)];
    const missing: Expr = { op: 'ref', variable: maskOf(name), at: e.at };
    return [
      { binders: [], guards: [missing], coefficient: [], atoms: [{ base: e, power: one }] },
      { binders: [], guards: [apply('not', missing)], coefficient: [given(e)], atoms: [] },
    ];
  }

  /** The first element of partly missing data that an expression reads outside its own sums. */
  private gap(e: Expr): (Expr & { op: 'ref' }) | null {
    let found: (Expr & { op: 'ref' }) | null = null;
    const search = (x: Expr, bound: ReadonlySet<Index>): void => {
      if (found !== null) return;
      if (x.op === 'ref') {
        const inside = [...freeIndices(x)].some((i) => bound.has(i));
        if (!inside && this.model.statusOf(x.variable) === 'partial' && !this.missing.some((y) => equal(y, x))) found = x;
        return;
      }
      if (x.op === 'apply') for (const a of x.args) search(a, bound);
      else if (x.op === 'cond') {
        search(x.test, bound);
        search(x.then, bound);
        search(x.otherwise, bound);
      } else if (x.op === 'reduce') {
        search(x.from, bound);
        search(x.to, bound);
        search(x.body, new Set([...bound, x.index]));
      }
    };
    search(e, new Set());
    return found;
  }

  /** An expansion of a function that does not distribute over a gap's two cases: one for each case. */
  private byCase(gap: Expr & { op: 'ref' }, e: Expr, expand: (x: Expr) => readonly Monomial[]): readonly Monomial[] {
    const test: Expr = { op: 'ref', variable: maskOf(gap.variable), at: gap.at };
    this.missing.push(gap);
    const unknown = expand(e);
    this.missing.pop();
    const known = expand(rewrite(e, (x) => (x.op === 'ref' && equal(x, gap) ? given(gap) : x)));
    return [
      ...unknown.map((m) => ({ ...m, guards: [test, ...m.guards] })),
      ...known.map((m) => ({ ...m, guards: [apply('not', test), ...m.guards] })),
    ];
  }

  private reduction(e: Expr & { op: 'reduce' }): readonly Monomial[] {
    if (e.kind !== 'sum') return this.opaque(e);
    // Fresh binders for each expansion: a square of a sum needs two different indices.
    const fresh = index(e.index.name);
    const body = substitute(e.body, new Map([[e.index, fresh]]));
    const binder: Binder = { index: fresh, from: e.from, to: e.to };
    return this.expand(body).map((m) => ({ ...m, binders: [binder, ...m.binders] }));
  }

  private conditional(e: Expr & { op: 'cond' }): readonly Monomial[] {
    if (!this.isGuard(e.test)) return this.opaque(e);
    this.countTest();
    const { test, then, otherwise } = e;
    // `n > 0 && z[n - 1] == 1`: the first part keeps the second inside its variable, so each is a guard of its own.
    if (test.op === 'cond') return this.expand(cond(test.test, cond(test.then, then, otherwise), cond(test.otherwise, then, otherwise)));
    const cases = this.fixedCases(test);
    if (cases !== null) return this.expand(cond(cases.test, cond(cases.then, then, otherwise), cond(cases.otherwise, then, otherwise)));
    return [
      ...this.expand(then).map((m) => ({ ...m, guards: [test, ...m.guards] })),
      ...this.expand(otherwise).map((m) => ({ ...m, guards: [not(test), ...m.guards] })),
    ];
  }

  private countTest(): void {
    this.tests++;
    if (this.tests > mostTests) throw new TooLarge();
  }

  private isGuard(test: Expr): boolean {
    return isGuard(test, this.model);
  }

  private application(fn: string, args: readonly Expr[], e: Expr): readonly Monomial[] {
    const [a, b] = args;
    if ((fn === 'sub' || fn === 'add') && this.isResidual(e)) return [atom(e)];
    if (truths.has(fn)) return this.isGuard(e) ? [{ binders: [], guards: [e], coefficient: [], atoms: [] }] : this.opaque(e);
    switch (fn) {
      case 'add':
        return bounded([...this.expand(a!), ...this.expand(b!)]);
      case 'sub':
        return bounded([...this.expand(a!), ...negated(this.expand(b!))]);
      case 'neg':
        return negated(this.expand(a!));
      case 'mul':
        return product(this.expand(a!), this.expand(b!));
      case 'div':
        return product(this.expand(a!), this.power(b!, num(-1)));
      case 'pow':
        return this.power(a!, b!);
      case 'log':
        return this.logarithm(a!);
      case 'log1p':
        return this.logarithmOfSum(a!);
      case 'xlogy':
        return product(this.expand(a!), this.logarithm(b!));
      case 'xlog1my':
        return product(this.expand(a!), this.logarithm(sub(one, b!)));
      case 'lchoose':
        return this.expand(sub(sub(apply('lgamma', add(a!, one)), apply('lgamma', add(b!, one))), apply('lgamma', add(sub(a!, b!), one))));
      // A difference of log gammas of one unknown is no statistic of any family, and keeps its digits for large ones only as it is.
      case 'lbeta':
        if (!this.model.dependsOnLatents(a!) || !this.model.dependsOnLatents(b!)) return this.opaque(e);
        return this.expand(sub(add(apply('lgamma', a!), apply('lgamma', b!)), apply('lgamma', add(a!, b!))));
      // The same; the count of it is one.
      case 'logRisingFactorial':
        if (!this.model.dependsOnLatents(b!)) return this.opaque(e);
        return this.expand(sub(apply('lgamma', add(a!, b!)), apply('lgamma', a!)));
      case 'abs': {
        const one_ = single(combine(this.expand(a!)));
        if (one_ === null || one_.binders.length > 0 || one_.guards.length > 0) return this.opaque(e);
        const outside = one_.coefficient.map((c) => apply('abs', c));
        return [
          {
            ...one_,
            coefficient: outside,
            atoms: one_.atoms.map((x) => (this.model.isPositive(x.base) ? x : { base: apply('abs', x.base), power: x.power })),
          },
        ];
      }
      default:
        return this.opaque(e);
    }
  }

  private isResidual(e: Expr): boolean {
    if (this.self === null || this.model.offCentre.size === 0) return false;
    // A discrete unknown has no statistics to be found, only values to be weighed.
    if (variablesOf(e).has(this.self) && this.model.graph.variables.get(this.self)?.scalar === 'real') return false;
    const degrees = this.degrees(e);
    return degrees !== null && degrees.size > 0;
  }
  /**
   * What an expression says of quantities that may lie far from zero, data and unknowns of either sign, with the
   * degree of each; null where it is not a polynomial of degree one in each of them.
   */
  private degrees(e: Expr): ReadonlyMap<string, number> | null {
    switch (e.op) {
      case 'ref':
        return this.model.offCentre.has(e.variable) || this.mayBeFar(e) ? new Map([[e.variable, 1]]) : new Map();
      case 'reduce':
        return e.kind === 'sum' ? this.degrees(e.body) : this.constantDegrees(e);
      case 'cond':
        return merged([this.degrees(e.then), this.degrees(e.otherwise)], Math.max);
      case 'apply':
        switch (e.fn) {
          case 'add':
          case 'sub':
            return merged(
              e.args.map((a) => this.degrees(a)),
              Math.max,
            );
          case 'neg':
            return this.degrees(e.args[0]!);
          case 'mul':
            return merged(
              e.args.map((a) => this.degrees(a)),
              (a, b) => a + b,
            );
          case 'div':
            return merged([this.degrees(e.args[0]!), this.constantDegrees(e.args[1]!)], (a, b) => a + b);
          default:
            return this.constantDegrees(e);
        }
      default:
        return this.constantDegrees(e);
    }
  }
  private mayBeFar(e: Expr & { op: 'ref' }): boolean {
    return (
      this.model.statusOf(e.variable) !== 'given' &&
      this.model.graph.variables.get(e.variable)?.scalar === 'real' &&
      !this.model.isNonNegative(e)
    );
  }
  private constantDegrees(e: Expr): ReadonlyMap<string, number> | null {
    return this.model.dependsOnLatents(e) || [...variablesOf(e)].some((name) => this.model.offCentre.has(name)) ? null : new Map();
  }

  private power(base: Expr, exponent: Expr): readonly Monomial[] {
    if (!this.model.dependsOnLatents(base) && !this.model.dependsOnLatents(exponent)) {
      return [{ binders: [], guards: [], coefficient: [pow(base, exponent)], atoms: [] }];
    }
    if (this.model.dependsOnLatents(exponent)) {
      if (this.model.dependsOnLatents(base)) return this.opaque(pow(base, exponent));
      return this.opaque(pow(base, exponent));
    }
    const gap = integral(exponent) && isConst(exponent) && exponent.value > 0 ? null : this.gap(base);
    if (gap !== null) return this.byCase(gap, base, (x) => this.power(x, exponent));
    const split = this.byTests(base, (e) => pow(e, exponent));
    if (split !== null) return split;
    if (
      base.op === 'apply' &&
      base.fn === 'pow' &&
      (this.model.isPositive(base.args[0]!) || integral(exponent)) &&
      !this.model.dependsOnLatents(base.args[1]!)
    ) {
      return this.power(base.args[0]!, exponentProduct(base.args[1]!, exponent));
    }
    if (base.op === 'apply' && base.fn === 'exp') return this.expand(apply('exp', mul(base.args[0]!, exponent)));
    const terms = combine(this.expand(base));
    const alone = single(terms);
    if (alone !== null && alone.binders.length === 0 && alone.guards.length === 0) {
      // (c a b)^p = c^p a^p b^p for whole p, or where all but one factor are known to be positive.
      const whole = integral(exponent);
      const allPositive = alone.atoms.every((x) => this.model.isPositive(x.base));
      if (whole || allPositive) {
        // Factors of a coefficient may both be negative: only their product has the power.
        return [
          {
            binders: [],
            guards: [],
            coefficient: alone.coefficient.length === 0 ? [] : [pow(mulAll(alone.coefficient), exponent)],
            atoms: alone.atoms.map((x) => ({ base: x.base, power: exponentProduct(x.power, exponent) })),
          },
        ];
      }
    }
    if (isConst(exponent) && Number.isInteger(exponent.value) && exponent.value >= 2 && exponent.value <= 4) {
      let out = terms;
      for (let k = 1; k < exponent.value; k++) out = combine(product(out, terms.map(refresh)));
      return out;
    }
    const byLabel = this.byLabel(base, terms, (e) => pow(e, exponent));
    if (byLabel !== null) return byLabel;
    // What does not expand to one product may have been written as one: (v (1 + z))^-1.
    const [left, right] = base.op === 'apply' && base.fn === 'mul' ? base.args : [];
    if (left !== undefined && right !== undefined && (integral(exponent) || this.splits(left, right)))
      return product(this.power(left, exponent), this.power(right, exponent));
    return this.opaque(pow(rebuild(terms), exponent));
  }

  /** log(1 + a): where nothing is to be taken apart it stays as it is, for small a has no digits in 1 + a. */
  private logarithmOfSum(a: Expr): readonly Monomial[] {
    const out = this.logarithm(add(one, a));
    const alone = single(out),
      base = alone?.atoms[0]?.base;
    const whole =
      alone !== null &&
      alone.binders.length === 0 &&
      alone.guards.length === 0 &&
      alone.coefficient.length === 0 &&
      alone.atoms.length === 1 &&
      isConst(alone.atoms[0]!.power, 1) &&
      base?.op === 'apply' &&
      base.fn === 'log' &&
      base.args[0]!.op === 'apply' &&
      base.args[0]!.fn === 'add';
    return whole ? [atom(apply('log1p', this.canonical(a)))] : out;
  }

  private logarithm(argument: Expr): readonly Monomial[] {
    if (!this.model.dependsOnLatents(argument)) return [{ binders: [], guards: [], coefficient: [logOf(argument)], atoms: [] }];
    const gap = this.gap(argument);
    if (gap !== null) return this.byCase(gap, argument, (x) => this.logarithm(x));
    const direct = logOf(argument);
    if (!(direct.op === 'apply' && direct.fn === 'log')) return this.expand(direct);
    const split = this.byTests(argument, logOf);
    if (split !== null) return split;
    if (argument.op === 'reduce' && argument.kind === 'prod' && this.model.isNonNegative(argument.body))
      return this.expand(reduce('sum', argument.index, argument.from, argument.to, logOf(argument.body)));
    if (argument.op === 'apply') {
      const [a, b] = argument.args;
      if (argument.fn === 'mul' && this.splits(a!, b!)) return [...this.logarithm(a!), ...this.logarithm(b!)];
      if (argument.fn === 'div' && this.splits(a!, b!)) return [...this.logarithm(a!), ...negated(this.logarithm(b!))];
      if (argument.fn === 'pow' && !this.model.dependsOnLatents(b!) && this.model.isPositive(a!))
        return product(this.expand(b!), this.logarithm(a!));
    }
    const terms = combine(this.expand(argument));
    const alone = single(terms);
    if (
      alone !== null &&
      alone.binders.length === 0 &&
      alone.guards.length === 0 &&
      alone.atoms.every((x) => this.model.isPositive(x.base) || alone.atoms.length === 1)
    ) {
      const a0 = alone.atoms[0];
      if (alone.atoms.length === 1 && alone.coefficient.length === 0 && a0 !== undefined && isConst(a0.power, 1))
        return [atom(log(a0.base))];
      if (alone.atoms.every((x) => this.model.isPositive(x.base))) {
        const out: Monomial[] = [];
        if (alone.coefficient.length > 0) out.push({ binders: [], guards: [], coefficient: [logOf(mulAll(alone.coefficient))], atoms: [] });
        for (const x of alone.atoms) out.push(...product(this.expand(x.power), [this.logAtom(x.base)]));
        return out;
      }
    }
    const byLabel = this.byLabel(argument, terms, logOf);
    if (byLabel !== null) return byLabel;
    const complement = oneMinusOf(terms);
    if (complement !== null) return [atom(log(sub(one, complement)))];
    return this.opaque(log(rebuild(terms)));
  }
  /**
   * A function of a sum in which labels choose among other unknowns, told apart by what they are: `log(1 - z p)` is log(1 - p) where z
   * is 1 and log 1 where it is 0, and so for `(z == 2) p`. Null for other sums.
   */
  private byLabel(argument: Expr, terms: readonly Monomial[], of: (e: Expr) => Expr): readonly Monomial[] | null {
    const label = this.labelBesideOthers(terms, freeIndices(argument));
    if (label === null) return null;
    return this.byValue(argument, label, of);
  }
  private byValue(e: Expr, { at: label, values }: Label, of: (e: Expr) => Expr): readonly Monomial[] {
    const where = (value: Expr): Expr => of(simplify(rewrite(e, (x) => (equal(x, label) ? value : x))));
    const [first, ...others] = [...values].reverse();
    return this.expand(others.reduce<Expr>((otherwise, value) => cond(apply('eq', label, value), where(value), otherwise), where(first!)));
  }
  /**
   * A function of something that tests decide, told apart by their outcomes; by the values of a label that two of them read, lest there be
   * an outcome that cannot be (`z == 0` and `z == 1` both false), where the function may have no value. Null where nothing is decided.
   */
  private byTests(e: Expr, of: (e: Expr) => Expr): readonly Monomial[] | null {
    const split = splitCondition(e, (t) => this.isGuard(t));
    if (split === null) return null;
    this.countTest();
    const tests: Expr[] = [];
    visit(e, (x) => {
      if (x.op === 'cond' && this.model.dependsOnLatents(x.test) && !tests.some((t) => equal(t, x.test))) tests.push(x.test);
    });
    for (const test of tests) {
      const label = this.model.labelIn(test, mostLabelValues, freeIndices(e));
      if (label !== null && tests.some((t) => t !== test && hasPart(t, label.at))) return this.byValue(e, label, of);
    }
    return this.expand(cond(split.test, of(split.then), of(split.otherwise)));
  }
  /** An element of few values that multiplies another unknown, or decides where one counts. */
  private labelBesideOthers(terms: readonly Monomial[], outside: ReadonlySet<Index>): Label | null {
    if (terms.length < 2) return null;
    for (const { atoms, guards } of terms) {
      if (atoms.every(({ base }) => isGuard(base, this.model))) continue;
      for (const { base } of atoms) {
        const label = base.op === 'ref' && this.model.isBinary(base) ? this.model.labelIn(base, 2, outside) : null;
        if (label !== null) return label;
      }
      for (const guard of guards) {
        const label = this.model.labelIn(guard, mostLabelValues, outside);
        if (label !== null) return label;
      }
    }
    return null;
  }
  /** log(a b) = log a + log b needs to know that no two negatives meet: all latent factors are at least 0. */
  private splits(a: Expr, b: Expr): boolean {
    const fine = (x: Expr): boolean => !this.model.dependsOnLatents(x) || this.model.isNonNegative(x);
    return fine(a) && fine(b);
  }
  private logAtom(base: Expr): Monomial {
    return atom(logOf(base));
  }

  private elementOf(e: Expr & { op: 'element' }): readonly Monomial[] {
    const { fn, args } = e.array;
    if (fn === 'cumsum') {
      const v = args[0]!;
      const j = index('j');
      return this.expand(reduce('sum', j, zero, add(e.at[0]!, one), at(v, j)));
    }
    if (fn === 'solve' && args[1]!.indices.length === 1) {
      const inverse = inverseOf(args[0]!);
      return this.expand(sumOver(args[1]!.dims[0]!, (j) => mul(at(inverse, e.at[0]!, j), at(args[1]!, j)), 'j'));
    }
    if (fn === 'inverse' || fn === 'logdet') {
      const again = fn === 'inverse' ? at(inverseOf(args[0]!), ...e.at) : logdetOf(args[0]!);
      if (!(again.op === 'element' && again.array.fn === fn)) return this.expand(again);
      return [atom(e)];
    }
    return this.opaque(e);
  }

  /** A function that cannot be expanded; its argument is put into canonical order so that equal functions compare equal. */
  private opaque(e: Expr): readonly Monomial[] {
    const split = this.byTests(e, (x) => x);
    if (split !== null) return split;
    const cases = this.fixedCases(e);
    if (cases !== null) return this.expand(cond(cases.test, cases.then, cases.otherwise));
    if (e.op === 'apply' && e.args.length === 1 && e.fn !== 'pow') return [atom(apply(e.fn, this.canonical(e.args[0]!)))];
    return [atom(e)];
  }

  /**
   * An expression by the outcomes of a test of data and indices within an address or a test, as `w[n > 0 ? z[n - 1] : 0]`: the element
   * under it may be in its variable only where the test holds, so an expectation over its values has to be taken there.
   */
  private fixedCases(e: Expr): { readonly test: Expr; readonly then: Expr; readonly otherwise: Expr } | null {
    let found: Expr | null = null;
    const outside = freeIndices(e);
    visit(e, (x) => {
      if (x.op !== 'cond' || found !== null || this.model.dependsOnLatents(x.test)) return;
      if (![x.then, x.otherwise].some((branch) => this.model.dependsOnLatents(branch))) return;
      if ([...freeIndices(x.test)].every((i) => outside.has(i))) found = x.test;
    });
    const test = found as Expr | null;
    if (test === null) return null;
    const where = (holds: boolean): Expr =>
      rewrite(e, (x) => (x.op === 'cond' && equal(x.test, test) ? (holds ? x.then : x.otherwise) : x));
    return { test, then: where(true), otherwise: where(false) };
  }
  private canonical(e: Expr): Expr {
    if (!this.model.dependsOnLatents(e)) return e;
    return rebuild(combine(this.expand(e)));
  }
}

/** Degrees of a sum or product from those of its parts; null where one of them exceeds one. */
function merged(
  parts: readonly (ReadonlyMap<string, number> | null)[],
  join: (a: number, b: number) => number,
): ReadonlyMap<string, number> | null {
  const out = new Map<string, number>();
  for (const part of parts) {
    if (part === null) return null;
    for (const [name, degree] of part) {
      const known = out.get(name);
      const next = known === undefined ? degree : join(known, degree);
      if (next > 1) return null;
      out.set(name, next);
    }
  }
  return out;
}

/** Guards may depend on data, indices and discrete latents, never on continuous ones. */
export function isGuard(test: Expr, model: DerivedModel): boolean {
  for (const name of variablesOf(test)) {
    if (model.statusOf(name) === 'given') continue;
    const v = model.graph.variables.get(name);
    if (v !== undefined && (model.statusOf(name) === 'deterministic' || v.scalar === 'real')) return false;
  }
  return true;
}

function hasPart(e: Expr, part: Expr): boolean {
  let found = false;
  visit(e, (x) => {
    if (equal(x, part)) found = true;
  });
  return found;
}
function atom(base: Expr): Monomial {
  return { binders: [], guards: [], coefficient: [], atoms: [{ base, power: one }] };
}
/** The given part of a partly missing variable, read where the mask is 0: never changes during a run. */
function given(e: Expr & { op: 'ref' }): Expr {
  return { op: 'ref', variable: givenPartOf(e.variable), at: e.at };
}
function not(test: Expr): Expr {
  return test.op === 'apply' && test.fn === 'not' ? test.args[0]! : isConst(test) ? num(test.value === 0 ? 1 : 0) : apply('not', test);
}
/** A product of exponents in which what divides cancels: `-k * (-1 / k)` is 1. */
function exponentProduct(a: Expr, b: Expr): Expr {
  let scale = 1;
  const powers: { base: Expr; power: number }[] = [];
  for (const f of [...factorsOf(a), ...factorsOf(b)]) {
    if (isConst(f)) {
      scale *= f.value;
      continue;
    }
    const [base, power] = f.op === 'apply' && f.fn === 'pow' && isConst(f.args[1]!) ? [f.args[0]!, f.args[1].value] : [f, 1];
    const same = powers.find((p) => equal(p.base, base));
    if (same) same.power += power;
    else powers.push({ base, power });
  }
  return mulAll([num(scale), ...powers.filter((p) => p.power !== 0).map((p) => pow(p.base, num(p.power)))]);
}
function integral(e: Expr): boolean {
  return isConst(e) && Number.isInteger(e.value);
}
function single(terms: readonly Monomial[]): Monomial | null {
  return terms.length === 1 ? terms[0]! : null;
}
function bounded(terms: readonly Monomial[]): readonly Monomial[] {
  if (terms.length > largestExpansion) throw new TooLarge();
  return terms;
}
function negated(terms: readonly Monomial[]): readonly Monomial[] {
  return terms.map((m) => ({ ...m, coefficient: [num(-1), ...m.coefficient] }));
}

/** A copy with new binders, so that it can be multiplied with the original. */
export function refresh(m: Monomial): Monomial {
  if (m.binders.length === 0) return m;
  const map = new Map<Index, Expr>();
  const binders = m.binders.map((b): Binder => {
    const i = index(b.index.name);
    const out = { index: i, from: substitute(b.from, map), to: substitute(b.to, map) };
    map.set(b.index, i);
    return out;
  });
  return substituteMonomial({ ...m, binders }, map);
}
/** Substitution in guards, coefficient and atoms (binders are left to the caller). */
function substituteMonomial(m: Monomial, map: ReadonlyMap<Index, Expr>): Monomial {
  return {
    binders: m.binders,
    guards: m.guards.map((g) => substitute(g, map)),
    coefficient: m.coefficient.map((c) => substitute(c, map)),
    atoms: m.atoms.map((a) => ({ base: substitute(a.base, map), power: substitute(a.power, map) })),
  };
}

function product(left: readonly Monomial[], right: readonly Monomial[]): readonly Monomial[] {
  if (left.length * right.length > largestExpansion) throw new TooLarge();
  const out: Monomial[] = [];
  for (const a of left)
    for (const b of right) {
      out.push({
        binders: [...a.binders, ...b.binders],
        guards: [...a.guards, ...b.guards],
        coefficient: [...a.coefficient, ...b.coefficient],
        atoms: mergeAtoms([...a.atoms, ...b.atoms]),
      });
    }
  return out;
}
function mergeAtoms(atoms: readonly Atom[]): readonly Atom[] {
  const out: Atom[] = [];
  for (const a of atoms) {
    const k = out.findIndex((o) => equal(o.base, a.base));
    if (k < 0) {
      out.push(a);
      continue;
    }
    const power = tidy(add(out[k]!.power, a.power));
    if (isConst(power, 0)) out.splice(k, 1);
    else out[k] = { base: a.base, power };
  }
  return out;
}

/** Adds up monomials that differ in their coefficients only, and drops those whose guards contradict or that vanish. */
export function combine(terms: readonly Monomial[]): readonly Monomial[] {
  const buckets = new Map<string, { m: Monomial; parts: Expr[] }[]>();
  const order: { m: Monomial; parts: Expr[] }[] = [];
  for (const raw of terms) {
    const m = tidyMonomial(raw);
    if (m === null) continue;
    const key = signature(m);
    const bucket = buckets.get(key) ?? [];
    if (bucket.length === 0) buckets.set(key, bucket);
    const same = bucket.find((o) => sameShape(o.m, m));
    if (same === undefined) {
      const entry = { m, parts: [mulAll(m.coefficient)] };
      bucket.push(entry);
      order.push(entry);
    } else {
      const map = new Map(m.binders.map((b, k): [Index, Expr] => [b.index, same.m.binders[k]!.index]));
      same.parts.push(substitute(mulAll(m.coefficient), map));
    }
  }
  const out: Monomial[] = [];
  for (const { m, parts } of order) {
    if (parts.length === 1) {
      out.push(m);
      continue;
    }
    const coefficient = addLike(parts);
    if (isConst(coefficient, 0)) continue;
    out.push({ ...m, coefficient: isConst(coefficient, 1) ? [] : factorsOf(coefficient) });
  }
  return out;
}

/** Sum of expressions with equal ones counted: `2 a - 2 a` vanishes. */
function addLike(parts: readonly Expr[]): Expr {
  let constant = 0;
  const rest: { readonly factors: readonly Expr[]; count: number }[] = [];
  for (const p of parts) {
    const { scale, factors } = leadingConstant(p);
    if (factors.length === 0) {
      constant += scale;
      continue;
    }
    // Products are equal whatever the order of their factors.
    const same = rest.find((r) => matched(r.factors, factors, (x, y) => equal(x, y)));
    if (same) same.count += scale;
    else rest.push({ factors, count: scale });
  }
  return addAll([...rest.filter((r) => r.count !== 0).map((r) => mul(num(r.count), mulAll(r.factors))), num(constant)]);
}
/** The numeric factors multiplied out, and the others. */
function leadingConstant(e: Expr): { scale: number; factors: readonly Expr[] } {
  let scale = 1;
  const factors: Expr[] = [];
  for (const f of factorsOf(e)) {
    if (isConst(f)) scale *= f.value;
    else factors.push(f);
  }
  return { scale, factors };
}
/** Factors of a product, negation as -1. */
export function factorsOf(e: Expr): readonly Expr[] {
  if (e.op === 'apply' && e.fn === 'mul') return e.args.flatMap(factorsOf);
  if (e.op === 'apply' && e.fn === 'neg') return [num(-1), ...factorsOf(e.args[0]!)];
  if (e.op === 'apply' && e.fn === 'div') return [...factorsOf(e.args[0]!), ...factorsOf(e.args[1]!).map((f) => pow(f, num(-1)))];
  return [e];
}

function tidyMonomial(m: Monomial): Monomial | null {
  let scale = 1;
  const rest: Expr[] = [];
  for (const c of m.coefficient.flatMap(factorsOf)) {
    if (isConst(c)) scale *= c.value;
    else rest.push(c);
  }
  if (scale === 0) return null;
  const guards: Expr[] = [];
  for (const g of m.guards) {
    if (isConst(g)) {
      if (g.value === 0) return null;
      continue;
    }
    if (guards.some((o) => equal(o, g))) continue;
    if (guards.some((o) => equal(not(o), g) || equal(o, not(g)))) return null;
    guards.push(g);
  }
  // Constants raised to powers may appear as atoms' leftovers; a power of 0 was removed by mergeAtoms.
  return { binders: m.binders, guards, coefficient: scale === 1 ? rest : [num(scale), ...rest], atoms: m.atoms };
}

function signature(m: Monomial): string {
  const memo = new Map<Expr, number>();
  const atoms = m.atoms.map((a) => hash(a.base, memo) ^ Math.imul(hash(a.power, memo), 31)).sort((x, y) => x - y);
  const guards = m.guards.map((g) => hash(g, memo)).sort((x, y) => x - y);
  return `${m.binders.length}|${guards.join(',')}|${atoms.join(',')}`;
}
function sameShape(a: Monomial, b: Monomial): boolean {
  if (a.binders.length !== b.binders.length || a.guards.length !== b.guards.length || a.atoms.length !== b.atoms.length) return false;
  const bound = new Map<Index, Index>();
  for (let k = 0; k < a.binders.length; k++) {
    const x = a.binders[k]!,
      y = b.binders[k]!;
    if (!equal(x.from, y.from, bound) || !equal(x.to, y.to, bound)) return false;
    bound.set(x.index, y.index);
  }
  return (
    matched(a.guards, b.guards, (x, y) => equal(x, y, bound)) &&
    matched(a.atoms, b.atoms, (x, y) => equal(x.base, y.base, bound) && equal(x.power, y.power, bound))
  );
}
function matched<T>(left: readonly T[], right: readonly T[], same: (a: T, b: T) => boolean): boolean {
  if (left.length !== right.length) return false;
  const rest = [...right];
  for (const x of left) {
    const k = rest.findIndex((y) => same(x, y));
    if (k < 0) return false;
    rest.splice(k, 1);
  }
  return true;
}

/** Sum of monomials as an expression, in an order that does not depend on how it was written. */
function rebuild(terms: readonly Monomial[]): Expr {
  const memo = new Map<Expr, number>();
  const keyed = terms.map((m) => {
    const e = monomialExpr(m);
    return { e, key: hash(e, memo) };
  });
  keyed.sort((a, b) => a.key - b.key);
  return addAll(keyed.map((k) => k.e));
}

/** `x` where the terms are exactly 1 - x for a single atom x. */
function oneMinusOf(terms: readonly Monomial[]): Expr | null {
  if (terms.length !== 2) return null;
  const constant = terms.find((m) => m.atoms.length === 0 && m.binders.length === 0 && m.guards.length === 0);
  const other = terms.find((m) => m.atoms.length === 1);
  if (constant === undefined || other === undefined || other.binders.length > 0 || other.guards.length > 0) return null;
  if (!isConst(mulAll(constant.coefficient), 1) || !isConst(mulAll(other.coefficient), -1)) return null;
  const a = other.atoms[0]!;
  return isConst(a.power, 1) ? a.base : null;
}

/** The first condition inside a function's argument that can be lifted out of it. */
export function splitCondition(e: Expr, allowed: (test: Expr) => boolean): { test: Expr; then: Expr; otherwise: Expr } | null {
  let found: (Expr & { op: 'cond' }) | null = null;
  const search = (x: Expr, bound: ReadonlySet<Index>): void => {
    if (found !== null) return;
    if (x.op === 'cond' && allowed(x.test)) {
      let free = true;
      for (const i of freeIndices(x.test)) if (bound.has(i)) free = false;
      if (free) {
        found = x;
        return;
      }
    }
    switch (x.op) {
      case 'apply':
        for (const a of x.args) search(a, bound);
        return;
      case 'cond':
        search(x.then, bound);
        search(x.otherwise, bound);
        return;
      case 'reduce':
        search(x.body, new Set([...bound, x.index]));
        return;
      default:
        return;
    }
  };
  search(e, new Set());
  const target = found as (Expr & { op: 'cond' }) | null;
  if (target === null) return null;
  const put = (x: Expr, then: boolean): Expr => {
    if (x.op === 'cond' && equal(x.test, target.test)) return put(then ? x.then : x.otherwise, then);
    switch (x.op) {
      case 'apply':
        return apply(x.fn, ...x.args.map((a) => put(a, then)));
      case 'cond':
        return cond(x.test, put(x.then, then), put(x.otherwise, then));
      case 'reduce':
        return reduce(x.kind, x.index, x.from, x.to, put(x.body, then));
      default:
        return x;
    }
  };
  return { test: target.test, then: put(e, true), otherwise: put(e, false) };
}
