/**
 * Moves of many unknowns at once along which some factors do not change: an intercept and effects in the same sum shifted
 * against each other, effects and their scale stretched together (Liu and Sabatti 2000; interweaving, Yu and Meng 2011).
 *
 * A move has one new unknown, its parameter, in whose place it is a substitution in the factors: the conditional of the
 * parameter is derived like any other. What does not change is found by algebra; no family is named here.
 */
import type { Plate, Statement, Variable } from '../2-graph/graph.js';
import {
  add,
  children,
  cond,
  div,
  equal,
  type Expr,
  freeIndices,
  type Index,
  index,
  isConst,
  log,
  mapChildren,
  mul,
  neg,
  num,
  pow,
  ref,
  type Ref,
  reduce,
  rewrite,
  substitute,
  sub,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { regionSupport } from './closedForm.js';
import { factorMentions } from './conditional.js';
import type { DerivedModel, Factor, LatentRegion } from './model.js';
import { monomialExpr, normalForm } from './normalForm.js';

/** One variable of a move: where its element at an address goes, as an expression of the state and the parameter. */
export interface Moved {
  readonly region: LatentRegion;
  readonly to: (at: readonly Expr[]) => Expr;
}

export interface Move {
  readonly kind: 'shift' | 'stretch';
  /** Of a shift: true where some go up as others go down. */
  readonly opposed: boolean;
  /** All that moves: for a stretch the scale first. */
  readonly moved: readonly Moved[];
  /** The parameter, as a latent region of a model that knows it. */
  readonly parameter: LatentRegion;
  readonly model: DerivedModel;
  /** The factors that change, in terms of the parameter. Of a stretch the law of the effects and the Jacobian cancel. */
  readonly factors: readonly Factor[];
  /** Statements that mention what moves and do not change. */
  readonly unchanged: readonly Statement[];
  /** Numbers of the state that a stretch keeps while its parameter moves: `ratio[at] = of(at)`. */
  readonly ratio: { readonly variable: string; readonly region: LatentRegion; readonly of: (at: readonly Expr[]) => Expr } | null;
}

/** How the elements of a variable are told by those of another. */
type AddressMap = (at: readonly Expr[]) => readonly Expr[];

/** A variable of a shift: its elements plus `sign` times the parameter at `address`. */
interface Shifted {
  readonly region: LatentRegion;
  readonly sign: 1 | -1;
  readonly address: AddressMap;
  /** True where all elements move alike. */
  readonly total: boolean;
}

/** The whole grid of a region: its loops and those over its events. */
export function gridOf(region: LatentRegion): { readonly plates: readonly Plate[]; readonly at: readonly Expr[] } {
  const event = region.eventDims.map((d): Plate => ({ index: index('i'), from: zero, to: d }));
  return { plates: [...region.plates, ...event], at: [...region.at, ...event.map((p) => p.index)] };
}

/**
 * The shifts and stretches of some regions.
 * @param regions those that may move: all of a variable, one statement each.
 * @param fresh a name for a parameter, unused in the program.
 * @param apart whether a set of variables is worth moving: not where a sweep draws all of it together.
 */
export function movesOf(
  model: DerivedModel,
  factors: readonly Factor[],
  regions: readonly LatentRegion[],
  fresh: (hint: string) => string,
  apart: (names: readonly string[]) => boolean,
): readonly Move[] {
  const whole = regions.filter((r) => isWholeGrid(r, model));
  const free = whole.filter((r) => isUnbounded(r));
  const out: Move[] = [];
  const take = (move: Move | null): boolean => {
    if (move !== null) out.push(move);
    return move !== null;
  };
  // Two addends of one sum, against each other; what is linked through others is left to them.
  const link = new Map(free.map((r) => [r, r]));
  const root = (r: LatentRegion): LatentRegion => (link.get(r) === r ? r : root(link.get(r)!));
  const rank = (r: LatentRegion): number => r.variable.dims.length;
  const ordered = [...free].sort((a, b) => rank(a) - rank(b));
  // Programs may have thousands of regions, few of which meet: each factor is looked through once.
  const mentioning = factorsByVariable(factors),
    addends = addendsByVariable(factors);
  const factorsOf = (r: LatentRegion): ReadonlySet<Factor> => mentioning.get(r.variable.name) ?? new Set();
  let attempts = 0;
  ordered.forEach((u, k) => {
    const beside = addends.get(u.variable.name);
    for (const v of ordered.slice(k + 1)) {
      if (beside?.has(v.variable.name) !== true || attempts >= mostAttempts) continue;
      const shared = [...factorsOf(u)].filter((f) => f.statement !== u.statement && f.statement !== v.statement && factorsOf(v).has(f));
      if (shared.length === 0 || root(u) === root(v) || !apart([u.variable.name, v.variable.name])) continue;
      attempts++;
      const found = opposite(u, v).some((pair) => {
        const sides = pair.flatMap((side) => withMeans(model, factors, free, side, fresh));
        // A mean of both sides stays where it is.
        const once = sides.filter((s) => sides.every((o) => o === s || o.region !== s.region));
        const move = shiftMove(model, factors, once, fresh);
        return move?.unchanged.some((s) => shared.some((f) => f.statement === s)) === true && take(move);
      });
      if (found) link.set(root(v), root(u));
    }
  });
  // Effects and their scale.
  const positive = whole.filter((r) => isPositive(r));
  for (const v of free) {
    if (v.eventRank > 0) continue;
    for (const s of positive)
      if (
        [...factorsOf(v)].some((f) => factorsOf(s).has(f)) &&
        apart([s.variable.name, v.variable.name]) &&
        take(stretchMove(model, factors, s, v, fresh))
      )
        break;
  }
  return out;
}

/** True where the region is all of its variable, its loops one for each dimension, and no recursion follows it. */
function isWholeGrid(r: LatentRegion, model: DerivedModel): boolean {
  const { name, dims } = r.variable;
  return (
    r.guards.length === 0 &&
    !r.variable.ragged &&
    r.variable.scalar === 'real' &&
    model.statusOf(name) === 'latent' &&
    (model.definitions.get(name) ?? []).length === 1 &&
    model.recursionsOf(name).size === 0 &&
    r.plates.length === r.at.length &&
    r.at.every((a, d) => a === r.plates[d]!.index && isConst(r.plates[d]!.from, 0) && equal(r.plates[d]!.to, dims[d]!))
  );
}
function isUnbounded(r: LatentRegion): boolean {
  const s = regionSupport(r);
  return (
    r.variable.constraint.kind === 'none' &&
    !r.movingSupport &&
    ((s.kind === 'vector' && r.eventRank === 1) ||
      (s.kind === 'interval' && s.periodic !== true && isConst(s.low, -Infinity) && isConst(s.high, Infinity)))
  );
}
function isPositive(r: LatentRegion): boolean {
  const s = regionSupport(r);
  return r.eventRank === 0 && !r.movingSupport && s.kind === 'interval' && isConst(s.low, 0) && isConst(s.high, Infinity);
}
/** Pairs that are tried: a program of hundreds of addends has its moves among the first of them, or hardly any. */
const mostAttempts = 400;
/** Parts of a factor that are looked at for its sums. */
const mostParts = 20_000;

/**
 * For each variable those that are addends of a sum with it, multiplied by the same: only such steps can cancel. The test is of
 * names, so it lets pairs through that do not cancel, and is cheap.
 */
function addendsByVariable(factors: readonly Factor[]): ReadonlyMap<string, ReadonlySet<string>> {
  const out = new Map<string, Set<string>>();
  for (const { logDensity } of factors) {
    const groups = new Map<string, Set<string>>();
    let sums = 0,
      parts = 0;
    const inSum = (e: Expr, sum: number, by: readonly string[]): void => {
      if (++parts > mostParts) return;
      if (e.op === 'ref') {
        const key = `${sum} ${[...by].sort().join(' ')}`;
        groups.set(key, (groups.get(key) ?? new Set()).add(e.variable));
      }
      const [a, b] = e.op === 'apply' ? e.args : [];
      if (e.op === 'apply' && (e.fn === 'add' || e.fn === 'sub' || e.fn === 'neg')) for (const x of e.args) inSum(x, sum, by);
      else if (e.op === 'apply' && e.fn === 'mul') {
        inSum(a!, sum, [...by, ...multipliers(b!)]);
        inSum(b!, sum, [...by, ...multipliers(a!)]);
      } else if (e.op === 'apply' && e.fn === 'div') {
        inSum(a!, sum, [...by, '/', ...multipliers(b!)]);
        inSum(b!, ++sums, []);
      } else if (e.op === 'cond') {
        inSum(e.test, ++sums, []);
        inSum(e.then, sum, by);
        inSum(e.otherwise, sum, by);
      } else if (e.op === 'reduce' && e.kind === 'sum') inSum(e.body, sum, by);
      else for (const x of children(e)) inSum(x, ++sums, []);
    };
    inSum(logDensity, 0, []);
    for (const names of groups.values())
      for (const name of names) {
        const beside = out.get(name) ?? new Set();
        for (const other of names) beside.add(other);
        out.set(name, beside);
      }
  }
  return out;
}
/** What a factor of a product is made of, signs aside. */
function multipliers(e: Expr): readonly string[] {
  const out = new Set(variablesOf(e));
  visit(e, (x) => {
    if (x.op === 'const' && Math.abs(x.value) !== 1) out.add(String(Math.abs(x.value)));
  });
  return [...out];
}

/** The factors that refer to each variable. */
function factorsByVariable(factors: readonly Factor[]): ReadonlyMap<string, ReadonlySet<Factor>> {
  const out = new Map<string, Set<Factor>>();
  for (const f of factors)
    for (const e of [f.logDensity, ...f.guards, ...f.conditions])
      for (const name of variablesOf(e)) out.set(name, (out.get(name) ?? new Set()).add(f));
  return out;
}

// --- shifts ----------------------------------------------------------------------------------------------

/**
 * What moves on one side: where all its elements move alike the means that they are drawn around do so too, and theirs, so
 * that the laws in between do not hold them back.
 */
function withMeans(
  model: DerivedModel,
  factors: readonly Factor[],
  free: readonly LatentRegion[],
  side: Shifted,
  fresh: (hint: string) => string,
): readonly Shifted[] {
  const out = [side];
  if (!side.total) return out;
  for (const { region } of out) {
    const own = factors.find((f) => f.statement === region.statement);
    for (const mean of free) {
      if (own === undefined || out.some((o) => o.region === mean) || !factorMentions(own, mean.variable.name)) continue;
      const pair = [mean, region].map((r): Shifted => ({ region: r, sign: side.sign, address: () => [], total: true }));
      if (shiftMove(model, [own], pair, fresh)?.unchanged.includes(region.statement) === true) out.push(pair[0]!);
    }
  }
  return out;
}

/** Which element of u the law of an element of v reads: one address, of data and the loops of v; null where there is none. */
function addressIn(own: Factor, u: LatentRegion, v: LatentRegion, model: DerivedModel): AddressMap | null {
  const found: Ref[] = [];
  for (const e of [own.logDensity, ...own.conditions])
    visit(e, (x) => {
      if (x.op === 'ref' && x.variable === u.variable.name) found.push(x);
    });
  const plates = v.plates.map((p) => p.index),
    indices: ReadonlySet<Index> = new Set(plates);
  const inner = (a: Expr): boolean => a.op === 'index' && !indices.has(a);
  const first = found[0];
  if (first === undefined) return null;
  // The last index may run over the event of v, by whatever name a sum gives it.
  const alike = (r: Ref): boolean => r.at.every((a, d) => equal(a, first.at[d]!) || (inner(a) && inner(first.at[d]!)));
  const free = first.at.filter(inner);
  if (!found.every(alike) || free.length > v.eventRank || (free.length === 1 && !inner(first.at[first.at.length - 1]!))) return null;
  if (first.at.some((a) => !inner(a) && ([...freeIndices(a)].some((i) => !indices.has(i)) || model.dependsOnLatents(a)))) return null;
  return (at) => {
    const map = new Map(plates.map((i, d): [Index, Expr] => [i, at[d]!]));
    return first.at.map((a) => (inner(a) ? at[at.length - 1]! : substitute(a, map)));
  };
}

/** u against v: element by element along the last or the first dimensions they share, else all of both. */
function opposite(u: LatentRegion, v: LatentRegion): readonly (readonly Shifted[])[] {
  const short = u.variable.dims,
    long = v.variable.dims;
  const skip = long.length - short.length;
  const pair = (own: AddressMap, address: AddressMap, total: boolean): readonly Shifted[] => [
    { region: u, sign: -1, address: own, total },
    { region: v, sign: 1, address, total },
  ];
  const along = (from: number): boolean => short.length > 0 && short.every((d, k) => equal(d, long[from + k]!));
  const out: (readonly Shifted[])[] = [];
  if (along(skip))
    out.push(
      pair(
        (at) => at,
        (at) => at.slice(skip),
        false,
      ),
    );
  if (skip > 0 && along(0))
    out.push(
      pair(
        (at) => at,
        (at) => at.slice(0, short.length),
        false,
      ),
    );
  return [
    ...out,
    pair(
      () => [],
      () => [],
      true,
    ),
  ];
}

/** The shift of some variables; null where no factor stays as it is. The parameter is one number where all move alike, else it has the grid of the first. */
function shiftMove(
  model: DerivedModel,
  factors: readonly Factor[],
  shifted: readonly Shifted[],
  fresh: (hint: string) => string,
): Move | null {
  const first = shifted[0]!.region;
  const { plates, at } = gridOf(first);
  const own = shifted[0]!.total ? { plates: [], at: [] } : { plates, at };
  const name = fresh('shift');
  const known = withParameter(model, name, first, own, { kind: 'none' });
  const by = new Map(shifted.map((s) => [s.region.variable.name, s]));
  const increment = (r: Ref): Expr => {
    const s = by.get(r.variable)!;
    const step = ref(name, s.address(r.at));
    return s.sign === 1 ? step : neg(step);
  };
  const change = new Shift(known.model, new Set(by.keys()), increment);
  const changed: Factor[] = [],
    unchanged: Statement[] = [];
  for (const f of factors) {
    if (![...by.keys()].some((v) => factorMentions(f, v))) continue;
    const next = { ...f, logDensity: change.of(f.logDensity), conditions: f.conditions.map((c) => change.of(c)), guards: f.guards };
    if (factorMentions(next, name)) changed.push(next);
    else unchanged.push(f.statement);
  }
  if (unchanged.length === 0) return null;
  const moved = shifted.map(
    (s): Moved => ({ region: s.region, to: (to) => add(ref(s.region.variable.name, to), increment(ref(s.region.variable.name, to))) }),
  );
  return { kind: 'shift', opposed: shifted.some((s) => s.sign < 0), moved, ...known, factors: changed, unchanged, ratio: null };
}

/** Factors after a shift. Where the steps of a sum cancel it stays as it is, so that what contains it does not change. */
class Shift {
  private readonly model: DerivedModel;
  private readonly names: ReadonlySet<string>;
  private readonly increment: (r: Ref) => Expr;
  private readonly known = { of: new Map<Expr, Expr>(), step: new Map<Expr, Expr | null>(), moves: new Map<Expr, boolean>() };

  constructor(model: DerivedModel, names: ReadonlySet<string>, increment: (r: Ref) => Expr) {
    this.model = model;
    this.names = names;
    this.increment = increment;
  }

  of(e: Expr): Expr {
    return remembered(this.known.of, e, () => {
      if (!this.moves(e)) return e;
      const step = this.step(e);
      if (step === null) return mapChildren(e, (child) => this.of(child));
      return normalForm(step, this.model).length === 0 ? e : add(e, step);
    });
  }

  private moves(e: Expr): boolean {
    return remembered(
      this.known.moves,
      e,
      () => (e.op === 'ref' && this.names.has(e.variable)) || children(e).some((child) => this.moves(child)),
    );
  }

  /** What is added to an expression that is linear in what moves; null for any other. */
  private step(e: Expr): Expr | null {
    return remembered(this.known.step, e, () => (this.moves(e) ? this.stepOf(e) : zero));
  }

  private stepOf(e: Expr): Expr | null {
    switch (e.op) {
      case 'ref':
        return this.names.has(e.variable) ? this.increment(e) : null;
      case 'apply': {
        const [a, b] = e.args;
        if (e.fn === 'neg') return mapped(this.step(a!), neg);
        if (b === undefined) return null;
        if (e.fn === 'add' || e.fn === 'sub') {
          const left = this.step(a!),
            right = this.step(b);
          return left === null || right === null ? null : e.fn === 'add' ? add(left, right) : sub(left, right);
        }
        if (e.fn === 'mul' && this.moves(a!) !== this.moves(b))
          return this.moves(b) ? mapped(this.step(b), (s) => mul(a!, s)) : mapped(this.step(a!), (s) => mul(s, b));
        return e.fn === 'div' && !this.moves(b) ? mapped(this.step(a!), (s) => div(s, b)) : null;
      }
      case 'cond': {
        if (this.moves(e.test)) return null;
        const then = this.step(e.then),
          otherwise = this.step(e.otherwise);
        return then === null || otherwise === null ? null : cond(e.test, then, otherwise);
      }
      case 'reduce':
        return e.kind !== 'sum' || this.moves(e.from) || this.moves(e.to)
          ? null
          : mapped(this.step(e.body), (s) => reduce('sum', e.index, e.from, e.to, s));
      default:
        return null;
    }
  }
}
/** What is shared in an expression, or asked for on several levels of it, is looked through once. */
function remembered<T>(known: Map<Expr, T>, e: Expr, make: () => T): T {
  const found = known.get(e);
  if (found !== undefined) return found;
  const made = make();
  known.set(e, made);
  return made;
}
function mapped(e: Expr | null, f: (e: Expr) => Expr): Expr | null {
  return e === null ? null : f(e);
}

// --- stretches -------------------------------------------------------------------------------------------

/**
 * v and its scale s stretched about a centre c: in the coordinates s and r = (v - c) / s^p the law of v says nothing of s, and
 * s is drawn given r. The Jacobian is s^p for each element of v, which the law of v takes up.
 */
function stretchMove(
  model: DerivedModel,
  factors: readonly Factor[],
  s: LatentRegion,
  v: LatentRegion,
  fresh: (hint: string) => string,
): Move | null {
  const own = factors.find((f) => f.statement === v.statement);
  if (own === undefined || !factorMentions(own, s.variable.name)) return null;
  const address = addressIn(own, s, v, model);
  if (address === null) return null;
  const name = fresh('stretched'),
    kept = fresh('ratio');
  const known = withParameter(model, name, s, gridOf(s), { kind: 'positive' });
  const indices = v.plates.map((p) => p.index),
    names = [s.variable.name, v.variable.name];
  for (const centre of centresOf(own, v, s))
    for (const power of powers) {
      const centreAt = (at: readonly Expr[]): Expr => substitute(centre, new Map(indices.map((i, d): [Index, Expr] => [i, at[d]!])));
      const to = (at: readonly Expr[]): Expr => add(centreAt(at), mul(pow(ref(name, address(at)), num(power)), ref(kept, at)));
      const put = (e: Expr): Expr =>
        rewrite(e, (x) => (x.op !== 'ref' ? x : x.variable === names[1] ? to(x.at) : x.variable === names[0] ? ref(name, x.at) : x));
      const stretched = (f: Factor): Factor => ({ ...f, logDensity: put(f.logDensity), conditions: f.conditions.map(put) });
      const law = stretched(own),
        jacobian = mul(num(power), log(ref(name, address(indices))));
      if (normalForm(add(law.logDensity, jacobian), known.model).some((m) => variablesOf(monomialExpr(m)).has(name))) continue;
      return {
        kind: 'stretch',
        opposed: false,
        moved: [
          { region: s, to: (at) => ref(name, at) },
          { region: v, to },
        ],
        ...known,
        factors: factors.filter((f) => f !== own && names.some((n) => factorMentions(f, n))).map(stretched),
        unchanged: [v.statement],
        ratio: {
          variable: kept,
          region: v,
          of: (at) => div(sub(ref(v.variable.name, at), centreAt(at)), pow(ref(s.variable.name, address(at)), num(power))),
        },
      };
    }
  return null;
}

/** What a scale is a power of: a standard deviation, a variance, a precision. */
const powers: readonly number[] = [1, 0.5, -0.5];

/** Where a law may be centred: at 0, or at one of its parameters. */
function centresOf(own: Factor, v: LatentRegion, s: LatentRegion): readonly Expr[] {
  const read: Expr[] = [zero];
  visit(own.logDensity, (x) => {
    if (x.op !== 'apply' || x.fn !== 'sub') return;
    const [a, b] = [x.args[0]!, x.args[1]!];
    if (
      a.op === 'ref' &&
      a.variable === v.variable.name &&
      ![v, s].some((r) => variablesOf(b).has(r.variable.name)) &&
      !read.some((e) => equal(e, b))
    )
      read.push(b);
  });
  const indices = new Set(v.plates.map((p) => p.index));
  return read.filter((e) => [...freeIndices(e)].every((i) => indices.has(i)));
}

/** The model with a parameter on a grid of its own. */
function withParameter(
  model: DerivedModel,
  name: string,
  like: LatentRegion,
  { plates, at }: { readonly plates: readonly Plate[]; readonly at: readonly Expr[] },
  constraint: Variable['constraint'],
): Pick<Move, 'parameter' | 'model'> {
  const variable: Variable = {
    name,
    origin: 'param',
    scalar: 'real',
    dims: plates.map((p) => p.to),
    eventRank: 0,
    constraint,
    ragged: false,
    reported: false,
    span: like.variable.span,
  };
  return {
    model: model.with(variable),
    parameter: {
      variable,
      statement: like.statement,
      target: { variable: name, at },
      plates,
      guards: [],
      at,
      eventRank: 0,
      eventDims: [],
      law: null,
      movingSupport: true,
    },
  };
}
