/**
 * The joint density as factors: what is known, what is latent, and one log density per statement.
 *
 * Deterministic quantities are inlined (recursive ones stay references), so a factor speaks of data,
 * latents and indices only. Nothing here knows an inference algorithm.
 */
import type { Given } from '../2-graph/bound.js';
import type { Law, ModelGraph, Plate, Statement, Target, Variable } from '../2-graph/graph.js';
import { supportOf } from '../distributions/law/form.js';
import { families } from '../distributions/registry.js';
import { affine, fromAffine, provablyEqual, provablyLess, provablyNonNegative, tidy } from '../expr/affine.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  type Ref,
  apply,
  build,
  cond,
  equal,
  freeIndices,
  index,
  isConst,
  mapArray,
  mulAll,
  num,
  one,
  reduce,
  ref,
  rewrite,
  sub,
  substitute,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import { truths } from '../expr/primitives.js';
import { InternalError } from '../errors/diagnostic.js';
import { hull, isWithin, outermost, type Span, spanOf } from './finiteRange.js';

export type LatentStatus = 'given' | 'latent' | 'partial' | 'deterministic';

/** One statement that defines latent elements: the unit for which a conditional is derived. */
export interface LatentRegion {
  readonly variable: Variable;
  readonly statement: Statement;
  readonly target: Target;
  /** Loops over the region's elements; for elements of partly missing vectors the event indices too. */
  readonly plates: readonly Plate[];
  readonly guards: readonly Expr[];
  /** Address of the element (all leading dimensions up to the event). */
  readonly at: readonly Expr[];
  /** Rank of one block: 0 scalars, 1 vectors, 2 matrices. */
  readonly eventRank: number;
  readonly eventDims: readonly Expr[];
  readonly law: Law | null;
  /** True where other unknowns bound the element's support. */
  readonly movingSupport: boolean;
}

/** An additive term of the log joint: `sum over plates where guards hold of logDensity`. */
export interface Factor {
  readonly id: number;
  readonly statement: Statement;
  readonly plates: readonly Plate[];
  readonly guards: readonly Expr[];
  readonly logDensity: Expr;
  /** 0/1 tests; where one fails the density is zero. Only those that depend on latents. */
  readonly conditions: readonly Expr[];
}

/** Name of the storage that is 1 where an element of a partly given variable is missing. */
export function maskOf(variable: string): string {
  return `${variable}?`;
}
/** Name of the storage that holds the given elements of a partly given variable (missing ones are 0). */
export function givenPartOf(variable: string): string {
  return `${variable}!`;
}

/** An element of an unknown that takes few values, and these in growing order. */
export interface Label {
  readonly at: Ref;
  readonly values: readonly Expr[];
}

export class DerivedModel {
  readonly graph: ModelGraph;
  readonly status: ReadonlyMap<string, LatentStatus>;
  readonly definitions: ReadonlyMap<string, readonly Statement[]>;
  /** Data whose squares cancel where residuals are expanded. */
  readonly offCentre: ReadonlySet<string>;
  private readonly given: Given;
  private readonly extremes: ReadonlyMap<string, { readonly low: number; readonly high: number }>;
  /** Variables with recursive definitions that are computed during a run. */
  readonly recursive: readonly string[];
  /** Ranges of finite variables found so far. */
  private readonly ranges = new Map<string, Span | null>();
  /** Ranges that are being computed, with what is assumed of them meanwhile. */
  private readonly assumed = new Map<string, Span | null>();
  /** What is being asked: `positive NAME`, `unit NAME`. */
  private readonly asked = new Set<string>();

  constructor(graph: ModelGraph, given: Given) {
    this.graph = graph;
    this.given = given;
    this.offCentre = given.offCentre ?? new Set();
    this.extremes = given.extremes ?? new Map();
    const definitions = new Map<string, Statement[]>();
    for (const s of graph.statements) {
      const target = targetOf(s);
      if (target === null) continue;
      const list = definitions.get(target.variable);
      if (list) list.push(s);
      else definitions.set(target.variable, [s]);
    }
    this.definitions = definitions;
    this.status = statuses(graph, given, definitions);
    this.recursive = [...definitions].flatMap(([name, list]) =>
      list.some((s) => s.kind === 'let' && s.recursive) && this.statusOf(name) !== 'given' ? [name] : [],
    );
  }

  /** Masks, given parts and tables of data count as given; one-hot variables and expectations change during a run. */
  statusOf(name: string): LatentStatus {
    return this.status.get(name) ?? (name.endsWith('=') || name.startsWith('E|') ? 'latent' : 'given');
  }
  variable(name: string): Variable {
    const v = this.graph.variables.get(name);
    if (v === undefined) throw new InternalError(`variable ${name} is not in the graph`);
    return v;
  }

  /** The same model with one unknown more, which no statement defines. */
  with(variable: Variable): DerivedModel {
    return new DerivedModel({ ...this.graph, variables: new Map([...this.graph.variables, [variable.name, variable]]) }, this.given);
  }

  /** True where the expression's value depends on anything that is not given. */
  dependsOnLatents(e: Expr): boolean {
    for (const name of variablesOf(e)) if (this.statusOf(name) !== 'given') return true;
    return false;
  }

  /** True for latents that only take finitely many integer values known before a run. */
  isFinite(name: string): boolean {
    const range = this.finiteRange(name);
    return range !== null;
  }

  /**
   * `[low, high]` (inclusive) of a finite integer latent, free of latents: where a bound of its support is another
   * finite latent, all that it can be. Null otherwise. Of the element at an address where one is given; else
   * ends may mention the plates of its statements.
   */
  finiteRange(name: string, at: readonly Expr[] | null = null): Span | null {
    if (at !== null) {
      const whole = this.finiteRange(name);
      if (whole === null || (freeIndices(whole.low).size === 0 && freeIndices(whole.high).size === 0)) return whole;
    }
    const known = at === null ? this.ranges.get(name) : undefined;
    if (known !== undefined) return known;
    const assumed = this.assumed.get(name);
    if (assumed !== undefined) return assumed;
    const v = this.graph.variables.get(name);
    if (v === undefined || v.scalar === 'real' || v.eventRank > 0) return null;
    const open = this.assumed.size > 0;
    this.assumed.set(name, null);
    const range = this.rangeOver(name, at);
    this.assumed.delete(name);
    // What was found while other ranges were open may rest on them.
    if (at === null && !open) this.ranges.set(name, range);
    return range;
  }
  /** Least and greatest value that an integer expression takes in any state, free of latents; null where none is known. */
  spanOf(e: Expr): Span | null {
    return spanOf(this.inline(e), {
      isFixed: (x) => !this.dependsOnLatents(x),
      isNonNegative: (x) => this.isNonNegative(x),
      ofReference: (r) => (this.statusOf(r.variable) === 'given' ? this.spanOfData(r) : this.finiteRange(r.variable, r.at)),
    });
  }
  /** Of data looked up by an unknown: the extremes along the dimensions that it chooses from. */
  private spanOfData({ variable, at }: Ref): Span | null {
    const dims = this.graph.variables.get(variable)?.dims;
    if (dims === undefined) return null;
    const chosen = at.flatMap((a, d) => (this.dependsOnLatents(a) ? [{ index: index('i'), d }] : []));
    const body = ref(
      variable,
      at.map((a, d) => chosen.find((c) => c.d === d)?.index ?? a),
    );
    const over = (kind: 'min' | 'max'): Expr => chosen.reduce<Expr>((e, c) => reduce(kind, c.index, zero, dims[c.d]!, e), body);
    return { low: over('min'), high: over('max') };
  }

  private rangeOver(name: string, at: readonly Expr[] | null): Span | null {
    const parts = (this.definitions.get(name) ?? []).map((s) => {
      if (s.kind !== 'sample' && s.kind !== 'observe' && s.kind !== 'predict') return undefined;
      const bounds = finiteBounds(s.law),
        member = at === null ? null : membership(s, at);
      if (bounds === null) return null;
      const put = (e: Expr): Expr => (member === null ? this.inline(e) : substitute(this.inline(e), member.map));
      return { low: put(bounds.low), high: put(bounds.high), conditions: member?.conditions ?? [] };
    });
    const own = parts.flatMap((p) => (p === undefined || p === null ? [] : [p]));
    if (own.length === 0 || parts.includes(null)) return null;
    const mentionsItself = own.some((p) => [p.low, p.high].some((e) => variablesOf(e).has(name)));
    if (mentionsItself) return this.recursiveRange(name, own);
    const spans = own.map((p) => {
      const low = this.spanOf(p.low),
        high = this.spanOf(p.high);
      return low === null || high === null ? null : { low: low.low, high: high.high, conditions: p.conditions };
    });
    if (spans.some((s) => s === null)) return null;
    return spans
      .map((s) => s!)
      .reduce((a, b) =>
        at === null
          ? { ...hull(a, b), conditions: [] }
          : { low: cond(mulTests(b.conditions), b.low, a.low), high: cond(mulTests(b.conditions), b.high, a.high), conditions: [] },
      );
  }
  /**
   * Bounds that are elements of the variable itself (`m[t] ~ Binomial(m[t - 1], p)`): what the other ends and
   * the elements defined by `let` say is assumed of all elements, and is their range if it follows from itself.
   */
  private recursiveRange(name: string, own: readonly Span[]): Span | null {
    const lets = (this.definitions.get(name) ?? []).flatMap((s) => (s.kind === 'let' ? [this.spanOf(s.value)] : []));
    if (lets.some((s) => s === null)) return null;
    const end = (side: 'low' | 'high'): Expr | null => {
      const kind = side === 'low' ? 'min' : 'max';
      const values = [
        ...lets.map((s) => s![side]),
        ...own.flatMap((p) => (variablesOf(p[side]).has(name) ? [] : [this.spanOf(p[side])?.[side] ?? null])),
      ];
      return values.length === 0 || values.some((e) => e === null) ? null : values.map((e) => e!).reduce((a, b) => outermost(kind, a, b));
    };
    const low = end('low'),
      high = end('high');
    if (low === null || high === null) return null;
    const guess = { low, high };
    this.assumed.set(name, guess);
    const follows = own.every((p) => {
      const least = this.spanOf(p.low),
        greatest = this.spanOf(p.high);
      return least !== null && greatest !== null && isWithin('min', least.low, low) && isWithin('max', greatest.high, high);
    });
    return follows ? guess : null;
  }

  /**
   * Every reference to a non-recursive deterministic variable replaced by its definition. A definition
   * that reads its own variable reads other statements' elements, or it would be recursive: `within`
   * holds the statements whose values enclose the expression.
   */
  inline(e: Expr, within: readonly Statement[] = []): Expr {
    return rewrite(e, (x) => {
      if (x.op !== 'ref') return x;
      const statements = this.definitions.get(x.variable);
      if (statements === undefined) return x;
      const lets = statements.filter((s) => s.kind === 'let');
      if (lets.length === 0 || lets.some((s) => s.kind === 'let' && s.recursive)) return x;
      if (this.statusOf(x.variable) === 'given') return x;
      const drawn = statements.length > lets.length;
      // A region with more plates is the general case: it becomes the last alternative, without a test.
      const ordered = lets.filter((s) => !within.includes(s)).sort((a, b) => a.plates.length - b.plates.length);
      if (ordered.length === 0) return x;
      let out: Expr = x;
      const inlined = ordered.map((s) => {
        const member = membership(s, x.at);
        return {
          test: mulTests(member.conditions),
          value: s.kind === 'let' ? this.inline(substitute(s.value, member.map), [...within, s]) : x,
        };
      });
      if (!drawn) out = inlined.pop()!.value;
      for (const { test, value } of inlined.reverse()) out = cond(test, value, out);
      return out;
    });
  }
  inlineArray(a: ArrayExpr): ArrayExpr {
    return mapArray(a, (e) => this.inline(e));
  }

  /**
   * Variables with recursive definitions that change with a latent, through any definitions between:
   * factors that read one of them depend on the latent although they do not name it. Contains the
   * latent itself where some of its own elements are computed by recursion.
   */
  recursionsOf(latent: string): ReadonlySet<string> {
    const out = new Set<string>();
    for (const name of this.recursive) if (this.follows(name, latent)) out.add(name);
    return out;
  }
  private follows(name: string, latent: string): boolean {
    const seen = new Set([name]);
    for (const next of seen) {
      if (next === latent) return true;
      for (const s of this.definitions.get(next) ?? []) {
        if (s.kind !== 'let') continue;
        for (const e of [s.value, ...s.guards, ...s.plates.flatMap((p) => [p.from, p.to])]) for (const v of variablesOf(e)) seen.add(v);
      }
    }
    return false;
  }

  /** True where the value is positive for every state in the support (sound, incomplete). */
  isPositive(e: Expr): boolean {
    switch (e.op) {
      case 'const':
        return e.value > 0;
      case 'size':
        return true;
      case 'index':
        return false;
      case 'ref':
        return this.isPositiveVariable(e.variable) || this.isDiagonalElement(e);
      case 'cond':
        return this.isPositive(e.then) && this.isPositive(e.otherwise);
      case 'reduce':
        return (e.kind === 'prod' || e.kind === 'sum' || e.kind === 'min' || e.kind === 'max') && this.isPositive(e.body);
      case 'element':
        return e.array.fn === 'det' && this.isPositiveDefinite(e.array.args[0]!);
      case 'apply':
        switch (e.fn) {
          case 'exp':
          case 'sigmoid':
          case 'softplus':
          case 'Phi':
            return true;
          case 'mul':
          case 'add':
          case 'div':
          case 'min':
            return e.args.every((a) => this.isPositive(a));
          case 'max':
            return e.args.some((a) => this.isPositive(a));
          case 'pow':
            return this.isPositive(e.args[0]!);
          case 'sub':
            return isConst(e.args[0]!, 1) && this.isUnit(e.args[1]!);
          default:
            return false;
        }
    }
  }
  /** True where the value is at least 0 for every state in the support (sound, incomplete). */
  isNonNegative(e: Expr): boolean {
    switch (e.op) {
      case 'const':
        return e.value >= 0;
      case 'ref':
        if (this.isCount(e.variable) || (this.extremes.get(e.variable)?.low ?? -1) >= 0 || this.isFromZero(e)) return true;
        break;
      case 'cond':
        return this.isNonNegative(e.then) && this.isNonNegative(e.otherwise);
      case 'reduce':
        return ['prod', 'sum', 'min', 'max'].includes(e.kind) && this.isNonNegative(e.body);
      case 'apply':
        if (truths.has(e.fn)) return true;
        switch (e.fn) {
          case 'abs':
            return true;
          case 'mul':
          case 'add':
          case 'div':
          case 'min':
            if (e.args.every((a) => this.isNonNegative(a))) return true;
            break;
          case 'max':
            if (e.args.some((a) => this.isNonNegative(a))) return true;
            break;
          case 'pow':
            if (this.isNonNegative(e.args[0]!) || (isConst(e.args[1]!) && e.args[1].value % 2 === 0)) return true;
            break;
          case 'sub':
            if (isConst(e.args[0]!, 1) && this.isAtMostOne(e.args[1]!)) return true;
            break;
        }
    }
    return this.isPositive(e);
  }
  /** True where the value is at most 1 for every state in the support (sound, incomplete). */
  isAtMostOne(e: Expr): boolean {
    switch (e.op) {
      case 'const':
        return e.value <= 1;
      case 'ref':
        if ((this.extremes.get(e.variable)?.high ?? 2) <= 1) return true;
        break;
      case 'cond':
        return this.isAtMostOne(e.then) && this.isAtMostOne(e.otherwise);
      case 'reduce':
        return ['prod', 'min', 'max'].includes(e.kind) && this.isAtMostOne(e.body) && (e.kind !== 'prod' || this.isNonNegative(e.body));
      case 'apply':
        switch (e.fn) {
          case 'Phi':
            return true;
          case 'mul':
            if (e.args.every((a) => this.isAtMostOne(a) && this.isNonNegative(a))) return true;
            break;
          case 'min':
            if (e.args.some((a) => this.isAtMostOne(a))) return true;
            break;
          case 'sub':
            if (isConst(e.args[0]!, 1) && this.isNonNegative(e.args[1]!)) return true;
            break;
        }
    }
    return this.isUnit(e);
  }
  /**
   * The first element in an expression of an unknown that takes few values, `most` at most: one whose address is fixed and means the same
   * wherever the expression mentions it. Null for none.
   * @param outside indices that addresses may use.
   */
  labelIn(e: Expr, most: number, outside: ReadonlySet<Index> = freeIndices(e)): Label | null {
    let found: Label | null = null;
    visit(e, (x) => {
      if (found !== null || x.op !== 'ref' || x.at.some((a) => this.dependsOnLatents(a))) return;
      if (![...freeIndices(x)].every((i) => outside.has(i))) return;
      const values = this.fewValues(x, most);
      if (values !== null) found = { at: x, values };
    });
    return found;
  }
  /** True for elements of unknowns that are 0 or 1. */
  isBinary(e: Ref): boolean {
    return this.fewValues(e, 2)?.every((value, k) => isConst(value, k)) ?? false;
  }
  /** The values of an element of an unknown, where they are known to be no more than so many; null otherwise. */
  private fewValues({ variable, at }: Ref, most: number): readonly Expr[] | null {
    const range = this.statusOf(variable) === 'given' ? null : this.finiteRange(variable, at);
    if (range === null || !isConst(range.low) || !isConst(range.high)) return null;
    const { value: low } = range.low,
      { value: high } = range.high;
    return high - low < most ? Array.from({ length: high - low + 1 }, (_, k) => num(low + k)) : null;
  }
  /** True for elements of finite unknowns that are no less than 0, drawn or defined. */
  private isFromZero({ variable, at }: Ref): boolean {
    const low = this.statusOf(variable) === 'given' ? null : (this.finiteRange(variable, at)?.low ?? null);
    return low !== null && isConst(low) && low.value >= 0;
  }
  /** True for unknown integers whose laws begin at 0 or above. */
  private isCount(name: string): boolean {
    const v = this.graph.variables.get(name);
    if (v === undefined || v.scalar === 'real' || v.eventRank > 0) return false;
    const laws = (this.definitions.get(name) ?? []).flatMap((s) => (s.kind === 'sample' || s.kind === 'observe' ? [s.law] : []));
    return (
      laws.length > 0 &&
      laws.length === (this.definitions.get(name) ?? []).length &&
      laws.every((law) => {
        const s = supportOf(law);
        return s.kind === 'integers' && isConst(s.low) && s.low.value >= 0;
      })
    );
  }
  /** True for a whole matrix variable whose support is the positive definite matrices. */
  private isPositiveDefinite(matrix: ArrayExpr): boolean {
    const { body, indices } = matrix;
    return (
      body.op === 'ref' &&
      indices.every((i, d) => body.at[body.at.length - indices.length + d] === i) &&
      this.hasPositiveDefinite(body.variable)
    );
  }
  private isDiagonalElement(e: Ref): boolean {
    const [i, j] = e.at.slice(-2);
    return i !== undefined && j !== undefined && provablyEqual(i, j) && this.hasPositiveDefinite(e.variable);
  }
  private hasPositiveDefinite(name: string): boolean {
    const v = this.graph.variables.get(name);
    if (v === undefined) return false;
    if (v.constraint.kind === 'cov' || v.constraint.kind === 'corr') return true;
    const statements = this.definitions.get(name) ?? [];
    return statements.length > 0 && statements.every((s) => s.kind === 'sample' && ['cov', 'corr'].includes(supportOf(s.law).kind));
  }
  /** True where the value is an integer by type. */
  isInteger(e: Expr): boolean {
    switch (e.op) {
      case 'const':
        return Number.isInteger(e.value);
      case 'index':
      case 'size':
        return true;
      case 'ref':
        return this.graph.variables.get(e.variable)?.scalar !== 'real';
      case 'cond':
        return this.isInteger(e.then) && this.isInteger(e.otherwise);
      case 'reduce':
        return e.kind !== 'logsumexp' && this.isInteger(e.body);
      case 'apply':
        return ['add', 'sub', 'mul', 'neg', 'min', 'max'].includes(e.fn)
          ? e.args.every((a) => this.isInteger(a))
          : ['floor', 'ceil', 'round'].includes(e.fn) || truths.has(e.fn);
      case 'element':
        return false;
    }
  }
  private isPositiveVariable(name: string): boolean {
    const v = this.graph.variables.get(name);
    if (v === undefined) return false;
    if ((this.extremes.get(name)?.low ?? 0) > 0) return true;
    if (v.constraint.kind === 'positive' || v.constraint.kind === 'unit' || v.constraint.kind === 'simplex') return true;
    if (v.constraint.kind === 'interval' && isConst(v.constraint.low) && v.constraint.low.value >= 0) return true;
    if (v.value !== undefined) return v.value.values.every((x) => x > 0);
    return this.ofLaws(
      'positive',
      name,
      (s) => (s.kind === 'sample' || s.kind === 'observe' || s.kind === 'predict') && lawPositive(s.law, this),
    );
  }
  /**
   * Whether all statements that draw a variable pass a test of their laws. Laws may read other elements of the variable itself: of those it
   * is assumed, which proves it by induction where elements are drawn one after the other. Data may be read by the law that they are
   * observed under, and prove nothing.
   */
  private ofLaws(property: 'positive' | 'unit', name: string, test: (s: Statement) => boolean): boolean {
    const statements = (this.definitions.get(name) ?? []).filter((s) => s.kind !== 'let'),
      question = `${property} ${name}`;
    if (this.asked.has(question)) return statements.every((s) => s.kind === 'sample');
    this.asked.add(question);
    const passed = statements.length > 0 && statements.every(test);
    this.asked.delete(question);
    return passed;
  }
  isUnit(e: Expr): boolean {
    if (e.op === 'const') return e.value > 0 && e.value < 1;
    if (e.op === 'apply' && e.fn === 'sub') return isConst(e.args[0]!, 1) && this.isUnit(e.args[1]!);
    if (e.op === 'apply' && e.fn === 'sigmoid') return true;
    if (e.op !== 'ref') return false;
    const v = this.graph.variables.get(e.variable);
    if (v === undefined) return false;
    if (v.constraint.kind === 'unit' || v.constraint.kind === 'simplex') return true;
    const given = this.extremes.get(e.variable);
    if (given !== undefined) return given.low > 0 && given.high < 1;
    return this.ofLaws('unit', e.variable, (s) => (s.kind === 'sample' || s.kind === 'observe') && lawUnit(s.law, this));
  }
}

function targetOf(s: Statement): Target | null {
  return s.kind === 'factor' ? null : s.target;
}

function statuses(
  graph: ModelGraph,
  given: Given,
  definitions: ReadonlyMap<string, readonly Statement[]>,
): ReadonlyMap<string, LatentStatus> {
  const out = new Map<string, LatentStatus>();
  const readers = new Map<string, string[]>();
  const changing: string[] = [];
  for (const v of graph.variables.values()) {
    const computed = (v.origin === 'let' || v.origin === 'report') && !given.complete.has(v.name) && !given.partial.has(v.name);
    if (computed) {
      for (const s of definitions.get(v.name) ?? []) {
        if (s.kind !== 'let') continue;
        for (const name of new Set([s.value, ...s.guards].flatMap((e) => [...variablesOf(e)]))) {
          const list = readers.get(name);
          if (list === undefined) readers.set(name, [v.name]);
          else list.push(v.name);
        }
      }
    }
    // Data that was not passed is generated by an observe statement, or simply absent from a bare program.
    const status =
      v.origin === 'constant' || given.complete.has(v.name) || computed ? 'given' : given.partial.has(v.name) ? 'partial' : 'latent';
    out.set(v.name, status);
    if (status !== 'given') changing.push(v.name);
  }
  // What reads anything that changes changes.
  for (let name = changing.pop(); name !== undefined; name = changing.pop()) {
    for (const reader of readers.get(name) ?? []) {
      if (out.get(reader) !== 'given') continue;
      out.set(reader, 'deterministic');
      changing.push(reader);
    }
  }
  return out;
}

/** How `address` selects an instance of a statement's plates, and the conditions under which it is one of its elements. */
function membership(
  s: { readonly plates: readonly Plate[]; readonly guards: readonly Expr[]; readonly target?: Target | null },
  address: readonly Expr[],
): { readonly map: ReadonlyMap<Index, Expr>; readonly conditions: readonly Expr[] } {
  const map = new Map<Index, Expr>();
  const conditions: Expr[] = [];
  const lefts = s.target?.at ?? [];
  lefts.forEach((left, d) => {
    const form = affine(left);
    const t = form.terms.find(
      (x) =>
        x.term.op === 'index' && Math.abs(x.coefficient) === 1 && s.plates.some((p) => p.index === x.term) && !map.has(x.term as Index),
    );
    if (t === undefined) {
      if (!provablyEqual(left, address[d]!)) conditions.push(apply('eq', tidy(address[d]!), left));
      return;
    }
    const rest = fromAffine({ constant: form.constant, terms: form.terms.filter((x) => x !== t) });
    const value = t.coefficient === 1 ? sub(address[d]!, rest) : sub(rest, address[d]!);
    map.set(t.term as Index, tidy(value));
  });
  for (const p of s.plates) {
    const i = map.get(p.index);
    if (i === undefined) continue;
    const from = substitute(p.from, map),
      to = substitute(p.to, map);
    if (!provablyNonNegative(sub(i, from), [])) conditions.push(apply('ge', i, from));
    if (!provablyLess(i, to, [])) conditions.push(apply('lt', i, to));
  }
  for (const g of s.guards) conditions.push(substitute(g, map));
  return { map, conditions };
}
function mulTests(tests: readonly Expr[]): Expr {
  return tests.length === 0 ? one : tests.length === 1 ? tests[0]! : mulAll(tests);
}

/** Inclusive bounds of a law of finite integer support; null where it is not one. */
export function finiteBounds(law: Law): { readonly low: Expr; readonly high: Expr } | null {
  const s = supportOf(law);
  if (s.kind !== 'integers' || isConst(s.high, Infinity) || isConst(s.low, -Infinity)) return null;
  return { low: s.low, high: s.high };
}

function lawPositive(law: Law, model: DerivedModel): boolean {
  const s = supportOf(law);
  if (s.kind === 'simplex') return true;
  if (s.kind === 'point') return model.isPositive(s.value);
  return s.kind === 'interval' && isAboveZero(law, s.low, model);
}
/** True where the low end of a law's support is not negative: by its form, or because the law takes no other (the minimum of a Pareto). */
export function isAboveZero(law: Law | null, low: Expr, model: DerivedModel): boolean {
  if (model.isNonNegative(low)) return true;
  return (
    law?.kind === 'family' &&
    (families.get(law.family)?.parameters ?? []).some((p) => p.domain === 'positive' && equal(law.parameters[p.name]!.body, low))
  );
}
function lawUnit(law: Law, model: DerivedModel): boolean {
  const s = supportOf(law);
  if (s.kind === 'simplex') return true;
  return s.kind === 'interval' && isAboveZero(law, s.low, model) && model.isAtMostOne(s.high);
}

/** The regions whose elements are unknown, in the order of the program. */
export function latentRegions(model: DerivedModel): readonly LatentRegion[] {
  const out: LatentRegion[] = [];
  for (const s of model.graph.statements) {
    if (s.kind !== 'sample' && s.kind !== 'param' && s.kind !== 'observe') continue;
    if (s.target === null) continue;
    const variable = model.variable(s.target.variable);
    const status = model.statusOf(variable.name);
    if (status === 'given' || status === 'deterministic') continue;
    const rank = variable.dims.length - s.target.at.length;
    const eventDims = variable.dims.slice(s.target.at.length);
    const law = s.kind === 'param' ? null : s.law;
    const movingSupport = law !== null && boundsOf(law).some((e) => model.dependsOnLatents(e));
    if (status === 'partial') {
      const extra = eventDims.map((_, d): Index => index(`i${d}`));
      const at = [...s.target.at, ...extra];
      out.push({
        variable,
        statement: s,
        target: s.target,
        law,
        movingSupport,
        at,
        eventRank: 0,
        eventDims: [],
        plates: [...s.plates, ...extra.map((i, d): Plate => ({ index: i, from: zero, to: eventDims[d]! }))],
        guards: [...s.guards, ref(maskOf(variable.name), at)],
      });
    } else if (s.kind === 'param' && variable.constraint.kind === 'ordered' && rank === 1) {
      // Each element lies between its neighbours: scalars with bounds, as under a prior.
      const i = index('i'),
        at = [...s.target.at, i];
      out.push({
        variable,
        statement: s,
        target: s.target,
        law,
        movingSupport,
        at,
        eventRank: 0,
        eventDims: [],
        plates: [...s.plates, { index: i, from: zero, to: eventDims[0]! }],
        guards: s.guards,
      });
    } else
      out.push({
        variable,
        statement: s,
        target: s.target,
        plates: s.plates,
        guards: s.guards,
        at: s.target.at,
        eventRank: rank,
        eventDims,
        law,
        movingSupport,
      });
  }
  return out;
}

/** What bounds the support of a law of scalars or counts. */
function boundsOf(law: Law): readonly Expr[] {
  const s = supportOf(law);
  return s.kind === 'interval' || s.kind === 'integers' ? [s.low, s.high] : s.kind === 'counts' ? [s.total] : [];
}

/** The elements of a statement's target as an array over its event. */
export function targetArray(model: DerivedModel, target: Target): ArrayExpr {
  const v = model.variable(target.variable);
  return build(v.dims.slice(target.at.length), (...event) => ref(v.name, [...target.at, ...event]));
}

/** A factor over indices of its own: statements of one loop share their index, and the region's is one of them. */
export function withFreshPlates(factor: Factor): Factor {
  const map = new Map<Index, Expr>();
  const plates = factor.plates.map((p) => {
    const fresh = { index: index(p.index.name), from: substitute(p.from, map), to: substitute(p.to, map) };
    map.set(p.index, fresh.index);
    return fresh;
  });
  const put = (e: Expr): Expr => substitute(e, map);
  return { ...factor, plates, guards: factor.guards.map(put), logDensity: put(factor.logDensity), conditions: factor.conditions.map(put) };
}
