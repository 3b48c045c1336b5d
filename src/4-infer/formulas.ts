/**
 * Laws as formulas: the parameters of a closed form, its bounds, the weights of a finite unknown. They are the
 * coefficients of the statistics (`3-derive/conditional`) in the parameters that the family is known by.
 *
 * Invariant: the formulas of an element are its whole law up to a normaliser, family and bounds included.
 */
import { type ClosedForm, familyInterval, regionSupport, sameKind, type Slot, statisticTerm } from '../3-derive/closedForm.js';
import type { Bound, Collected, Contribution } from '../3-derive/conditional.js';
import type { DerivedModel } from '../3-derive/model.js';
import { elementTerms } from '../3-derive/occurrences.js';
import { factorsOf } from '../3-derive/normalForm.js';
import {
  add,
  addAll,
  apply,
  type ArrayExpr,
  cond,
  element,
  equal,
  type Expr,
  type Index,
  index,
  isConst,
  mul,
  mulAll,
  neg,
  nestedSum,
  num,
  one,
  pow,
  reduce,
  ref,
  rewrite,
  scalar,
  sub,
  substitute,
  zero,
} from '../expr/expr.js';
import { tidy } from '../expr/affine.js';
import { printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';

/** `from <= index < to`. */
export interface FormulaIndex {
  readonly index: Index;
  readonly from: Expr;
  readonly to: Expr;
}

/** A named quantity of a law, an array where it has indices. */
export interface Formula {
  readonly name: string;
  /** What the name is said of: the shape of 1/s^2. */
  readonly of?: Expr | undefined;
  /** What stands on the left side where it is no plain name: an element of inverse(scale). */
  readonly head?: ((at: readonly Index[]) => Expr) | undefined;
  readonly indices: readonly FormulaIndex[];
  readonly expr: Expr;
  /** Finite unknowns over which the quantity is to be averaged. */
  readonly expectationOver?: readonly string[] | undefined;
  /** A shorter form for the reader, in which `precision` is the law's own. */
  readonly shown?: Expr | undefined;
}

function single(name: string, expr: Expr, of?: Expr): Formula {
  return { name, of, indices: [], expr };
}

/** What is done to every coefficient: nothing, or an expectation. */
type Through = (coefficient: Expr) => Expr;
const asItIs: Through = (e) => e;

/** What is known of a closed form's law: its parameters, in the family's own names where these are simple, and its ends. */
export function formulasOf(form: ClosedForm, collected: Collected, model: DerivedModel, through: Through = asItIs): readonly Formula[] {
  const { region } = collected;
  const self = ref(region.variable.name, region.at);
  const slots = (slots: readonly Slot[]): readonly Expr[] => slots.map((s) => through(coefficient(s, collected.contributions, [])));
  const ends = endsOf(collected, model);
  switch (form.kind) {
    case 'finite':
      return [{ name: 'logWeight', ...weight(collected, model, form.low, form.high, through) }];
    case 'exponential':
      return region.eventRank === 0
        ? [...scalarParameters(form, slots(form.slots)), ...truncation(form, ends)]
        : eventParameters(form, collected, through);
    case 'powerGamma': {
      // With t = v^p the density t^((a + 1) / p - 1) e^(b t) is that of a Gamma.
      const [a, b] = slots(form.slots),
        power = pow(self, num(form.power));
      return [
        single('shape', distribute(mul(num(1 / form.power), add(a!, one))), power),
        single('rate', distribute(neg(b!)), power),
        ...shownEnds(ends, 0, Infinity),
      ];
    }
    case 'powerLaw':
      return [
        single('shape', distribute(sub(num(-1), slots(form.slots)[0]!))),
        single('minimum', ends.low),
        ...shownEnds(ends, null, Infinity),
      ];
    case 'tilted': {
      const [slope] = slots(form.slots);
      return [...(slope === undefined ? [] : [single('rate', distribute(neg(slope)))]), single('low', ends.low), single('high', ends.high)];
    }
    case 'piecewiseNormal':
      return form.slots.map((s, k) => single('coefficient', slots(form.slots)[k]!, presentable(statisticTerm(s.statistic, region))));
    case 'shiftedCount':
      return countParameters(form, slots(form.slots)[0]!);
  }
}

function scalarParameters(form: ClosedForm & { readonly kind: 'exponential' }, natural: readonly Expr[]): readonly Formula[] {
  if (form.family.name === 'Normal') {
    // precision and mean read better than mean and sd, and say the same.
    const power = (p: number): Expr => natural[form.slots.findIndex((s) => s.statistic.kind === 'power' && s.statistic.power === p)]!;
    const precision = distribute(mul(num(-2), power(2)));
    return [
      single('precision', precision),
      isConst(power(1), 0)
        ? single('mean', zero)
        : { ...single('mean', apply('div', power(1), precision)), shown: overPrecision(power(1), precision) },
    ];
  }
  const parameters = form.family.exponential!.parameters(natural.map(scalar));
  return Object.entries(parameters).map(([name, a]) => single(name, distribute(simplify(a.body))));
}

/** A longer precision is not written out a second time. */
const longestPrecision = 40;

function overPrecision(linear: Expr, precision: Expr): Expr | undefined {
  return printText(precision).length > longestPrecision ? apply('div', linear, ref('precision')) : undefined;
}

function eventParameters(
  form: ClosedForm & { readonly kind: 'exponential' },
  { region, contributions }: Collected,
  through: Through,
): readonly Formula[] {
  const size = region.eventDims[0]!;
  const at = (i: Index): FormulaIndex => ({ index: i, from: zero, to: size });
  const [i, j] = [index('i'), index('j')];
  const slotOf = (kind: Slot['statistic']['kind']): Slot => form.slots.find((s) => s.statistic.kind === kind)!;
  const natural = (kind: Slot['statistic']['kind'], indices: readonly Index[]): Expr =>
    through(coefficient(slotOf(kind), contributions, indices));
  const matrix = (kind: Slot['statistic']['kind']): ArrayExpr => ({ indices: [i, j], dims: [size, size], body: natural(kind, [i, j]) });
  /** -2 times the symmetric part. */
  const symmetric = (q: Expr): Expr =>
    distribute(
      neg(
        add(
          q,
          substitute(
            q,
            new Map<Index, Expr>([
              [i, j],
              [j, i],
            ]),
          ),
        ),
      ),
    );
  const matrices = [at(i), at(j)];
  switch (form.family.name) {
    case 'MvNormal':
      return [
        { name: 'precision', indices: matrices, expr: symmetric(natural('pair', [i, j])) },
        { name: 'shift', indices: [at(i)], expr: natural('power', [i]) },
      ];
    case 'Dirichlet':
      return [{ name: 'alpha', indices: [at(i)], expr: simplify(add(one, natural('log', [i]))) }];
    case 'InverseWishart': {
      const { df } = form.family.exponential!.parameters([matrix('inverse'), scalar(natural('logdet', []))]);
      return [
        single('df', distribute(simplify(df!.body))),
        { name: 'scale', indices: matrices, expr: symmetric(natural('inverse', [i, j])) },
      ];
    }
    case 'Wishart': {
      const { df } = form.family.exponential!.parameters([matrix('power'), scalar(natural('logdet', []))]);
      const whole = scalar(ref('scale'));
      return [
        single('df', distribute(simplify(df!.body))),
        {
          name: 'inverse(scale)',
          head: (indices) => element({ fn: 'inverse', args: [whole], dims: [size, size] }, indices),
          indices: matrices,
          expr: symmetric(natural('power', [i, j])),
        },
      ];
    }
    default:
      return form.slots.map((s): Formula => {
        const indices = [i, j].slice(0, s.rank);
        return {
          name: 'coefficient',
          of: statisticTerm(s.statistic, region, indices),
          indices: indices.map(at),
          expr: through(coefficient(s, contributions, indices)),
        };
      });
  }
}

/** n - shift is a count: the slope of n is the log of what multiplies its weight with each step. */
function countParameters(form: ClosedForm & { readonly kind: 'shiftedCount' }, slope: Expr): readonly Formula[] {
  const shift = simplify(form.shift),
    total = form.total === null ? zero : form.total;
  const ratio = exponentialOf(slope);
  switch (form.family) {
    case 'Poisson':
      return [single('shift', shift), single('rate', ratio)];
    case 'Binomial':
      return [single('shift', shift), single('n', simplify(sub(total, shift))), single('odds', ratio)];
    case 'NegativeBinomial':
      return [single('shift', shift), single('r', simplify(add(total, shift))), single('p', simplify(sub(one, ratio)))];
  }
}

/** e^x with the logarithms that are added up in x as factors. */
function exponentialOf(x: Expr): Expr {
  const above: Expr[] = [],
    below: Expr[] = [],
    rest: Expr[] = [];
  const walk = (e: Expr, sign: 1 | -1): void => {
    if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub')) {
      walk(e.args[0]!, sign);
      walk(e.args[1]!, e.fn === 'add' ? sign : sign === 1 ? -1 : 1);
    } else if (e.op === 'apply' && e.fn === 'neg') walk(e.args[0]!, sign === 1 ? -1 : 1);
    else if (e.op === 'apply' && e.fn === 'log') (sign === 1 ? above : below).push(e.args[0]!);
    else rest.push(sign === 1 ? e : neg(e));
  };
  walk(x, 1);
  const exponent = simplify(addAll(rest));
  const product = mulAll(
    isConst(exponent, 0) ? above : isConst(exponent) ? [num(Math.exp(exponent.value)), ...above] : [...above, apply('exp', exponent)],
  );
  return simplify(below.length === 0 ? product : apply('div', product, mulAll(below)));
}

// --- bounds -----------------------------------------------------------------------------------

interface Ends {
  readonly low: Expr;
  readonly high: Expr;
}

/** Where an element's law begins and ends: its own support, cut by what other factors say. */
function endsOf(collected: Collected, model: DerivedModel): Ends {
  const support = regionSupport(collected.region);
  const own = support.kind === 'interval' || support.kind === 'integers' ? support : { low: num(-Infinity), high: num(Infinity) };
  return { low: endOf('low', model.inline(own.low), collected.bounds), high: endOf('high', model.inline(own.high), collected.bounds) };
}

function endOf(side: Bound['side'], own: Expr, bounds: readonly Bound[]): Expr {
  const fold = side === 'low' ? 'max' : 'min',
    nothing = num(side === 'low' ? -Infinity : Infinity);
  // A number over a plate that may be empty says nothing where the support ends there anyway.
  const weaker = (e: Expr): boolean => isConst(e) && isConst(own) && (side === 'low' ? e.value <= own.value : e.value >= own.value);
  const found = [
    presentable(own),
    ...bounds
      .filter((b) => b.side === side && !weaker(simplify(b.value)))
      .map((b) => {
        const where = [...b.guards].reverse().reduce<Expr>((e, g) => cond(g, e, nothing), b.value);
        return presentable([...b.binders].reverse().reduce<Expr>((e, x) => reduce(fold, x.index, x.from, x.to, e), where));
      }),
  ];
  const numbers = found.flatMap((e) => (isConst(e) ? [e.value] : []));
  const strictest = num(side === 'low' ? Math.max(-Infinity, ...numbers) : Math.min(Infinity, ...numbers));
  const others = found.filter((e, k) => !isConst(e) && found.findIndex((o) => equal(o, e)) === k);
  return (
    [...(isConst(strictest, nothing.value) ? [] : [strictest]), ...others].reduceRight<Expr | null>(
      (rest, e) => (rest === null ? e : apply(fold, e, rest)),
      null,
    ) ?? nothing
  );
}

/** The ends that are not where the family's own support ends anyway; null for one that is shown elsewhere. */
function shownEnds({ low, high }: Ends, ownLow: number | null, ownHigh: number | null): readonly Formula[] {
  return [
    ...(ownLow === null || isConst(low, ownLow) ? [] : [single('low', low)]),
    ...(ownHigh === null || isConst(high, ownHigh) ? [] : [single('high', high)]),
  ];
}
function truncation(form: ClosedForm & { readonly kind: 'exponential' }, ends: Ends): readonly Formula[] {
  if (!form.bounded) return [];
  const natural = familyInterval(form.family);
  return shownEnds(ends, natural?.low ?? -Infinity, natural?.high ?? Infinity);
}

// --- coefficients -----------------------------------------------------------------------------

/** The coefficient of a statistic as one formula over event indices. */
export function coefficient(slot: Slot, contributions: readonly Contribution[], event: readonly Index[]): Expr {
  const own = contributions.filter((c) => sameKind(c.statistic, slot.statistic));
  return presentable(
    addAll(
      own.map((c) => {
        const map = new Map<Index, Expr>();
        const guards: Expr[] = [...c.guards];
        const binders = [...c.binders];
        c.event.forEach((e, d) => {
          const i = event[d];
          if (i === undefined) return;
          const at = binders.findIndex((b) => b.index === e && !map.has(b.index));
          if (at >= 0) {
            map.set(binders[at]!.index, i);
            binders.splice(at, 1);
          } else guards.push(apply('eq', i, e));
        });
        const put = (e: Expr): Expr => substitute(e, map);
        const where = guards.reduce<Expr>((e, g) => cond(put(g), e, zero), put(c.coefficient));
        return nestedSum(
          binders.map((b) => ({ index: b.index, from: put(b.from), to: put(b.to) })),
          where,
        );
      }),
    ),
  );
}

/** Small rewritings for the reader: gaps in data are not named by their storage. */
export function presentable(e: Expr): Expr {
  return simplify(
    rewrite(e, (x) => {
      if (x.op === 'ref' && x.variable.endsWith('!')) return ref(x.variable.slice(0, -1), x.at);
      if (x.op === 'ref' && x.variable.endsWith('?')) return apply('missing', ref(x.variable.slice(0, -1), x.at));
      return x;
    }),
  );
}

/** The log weight of value k of a finite latent: every factor that mentions it, at that value. */
function weight(collected: Collected, model: DerivedModel, low: Expr, high: Expr, through: Through): Pick<Formula, 'indices' | 'expr'> {
  const k = index('k');
  const expr = presentable(
    addAll(
      elementTerms(collected.region, collected.factors, k).map((t) => {
        const where = t.guards.reduce<Expr>((e, g) => cond(g, e, zero), t.value);
        return nestedSum(t.binders, where);
      }),
    ),
  );
  return { indices: [valuesOf(k, model, low, high)], expr: through(expr) };
}
function valuesOf(k: Index, model: DerivedModel, low: Expr, high: Expr): FormulaIndex {
  return { index: k, from: simplify(model.inline(low)), to: simplify(tidy(add(model.inline(high), one))) };
}

/** Expected log weights of a finite latent's values, from contributions to its values counted from 0. */
export function weightFormulas(
  form: ClosedForm & { readonly kind: 'finite' },
  collected: Collected,
  model: DerivedModel,
): readonly Formula[] {
  const k = index('k'),
    values = valuesOf(k, model, form.low, form.high);
  const fromZero = coefficient({ statistic: { kind: 'onehot' }, rank: 1 }, collected.contributions, [k]);
  return [
    {
      name: 'logWeight',
      indices: [values],
      expr: simplify(substitute(fromZero, new Map([[k, simplify(sub(k, values.from))]])), [{ index: k, from: values.from, to: values.to }]),
    },
  ];
}

/** -2 * (a + b) reads as -2 a - 2 b: constants go into sums. */
function distribute(e: Expr): Expr {
  if (e.op !== 'apply') return simplify(e);
  const [a, b] = e.args;
  if ((e.fn === 'add' || e.fn === 'sub') && a !== undefined && b !== undefined) return apply(e.fn, distribute(a), distribute(b));
  if (e.fn === 'neg' && a !== undefined) return scaled(-1, a);
  return e.fn === 'mul' && a !== undefined && b !== undefined && isConst(a) ? scaled(a.value, b) : simplify(e);
}
function scaled(c: number, e: Expr): Expr {
  if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub')) return apply(e.fn, scaled(c, e.args[0]!), scaled(c, e.args[1]!));
  if (e.op === 'reduce' && e.kind === 'sum') return { ...e, body: scaled(c, e.body) };
  if (e.op === 'cond' && isConst(e.otherwise, 0)) return { ...e, then: scaled(c, e.then) };
  if (e.op === 'cond' && isConst(e.then, 0)) return { ...e, otherwise: scaled(c, e.otherwise) };
  const factors = factorsOf(e);
  const constant = factors.reduce((p, f) => (isConst(f) ? p * f.value : p), c);
  return simplify(mul(num(constant), mulAll(factors.filter((f) => !isConst(f)))));
}
