/**
 * The two sides of the ratio law, kept apart on purpose.
 *
 * One side is the program as written: its statements walked instance by instance, laws evaluated by
 * `distributions/law.ts`, lets by a recursive evaluator (`State`). The other is what the derivation
 * says of one element: contributions, bounds, closed forms and the terms that enumeration and slice
 * steps evaluate (`conditional` functions). Both use the reference interpreter of expressions only.
 */
import { parse } from '../../src/1-parse/parse.js';
import { bind } from '../../src/2-graph/bind.js';
import type { BoundModel } from '../../src/2-graph/bound.js';
import type { ModelGraph, Statement } from '../../src/2-graph/graph.js';
import { lower } from '../../src/2-graph/lower.js';
import type { Slot } from '../../src/3-derive/closedForm.js';
import { regionSupport, sameKind } from '../../src/3-derive/closedForm.js';
import { type Bound, type Contribution, type StatisticKind, selfName } from '../../src/3-derive/conditional.js';
import { DerivedModel, givenPartOf, type LatentRegion, maskOf } from '../../src/3-derive/model.js';
import type { Binder } from '../../src/3-derive/normalForm.js';
import { elementTerms } from '../../src/3-derive/occurrences.js';
import { type Derivation, derive, type RegionPlan } from '../../src/4-infer/plan.js';
import { givenOf } from '../../src/4-infer/programBuilder.js';
import type { Family, Support } from '../../src/distributions/family.js';
import { eventRankOf, guardedLogDensityOf, supportOf } from '../../src/distributions/law.js';
import { evaluate, evaluateArray, type Environment } from '../../src/expr/evaluate.js';
import { type ArrayExpr, arrayOf, at, build, type Expr, type Index, num, ref, scalarOf } from '../../src/expr/expr.js';

export interface Compiled { readonly graph: ModelGraph; readonly bound: BoundModel; readonly model: DerivedModel; readonly derivation: Derivation }

/** Text and data to a derivation. @throws Error with the diagnostics of a program that is refused. */
export function compile(text: string, data: Readonly<Record<string, unknown>> = {}): Compiled {
  const parsed = parse(text);
  if (parsed.program === null) throw new Error(parsed.diagnostics.map((d) => d.message).join('\n'));
  const lowered = lower(parsed.program, []);
  if (lowered.graph === null) throw new Error(lowered.diagnostics.map((d) => d.message).join('\n'));
  const bound = bind(lowered.graph, { ...data }, { mode: 'infer' });
  if (bound.model === null) throw new Error(bound.diagnostics.map((d) => d.message).join('\n'));
  const model = new DerivedModel(lowered.graph, givenOf(bound.model));
  return { graph: lowered.graph, bound: bound.model, model, derivation: derive(model) };
}

/** A small random stream (mulberry32), so that a state is a function of its seed. */
export class Stream {
  private state: number;
  constructor(seed: number) { this.state = (seed * 2654435761) | 0; }
  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  normal(): number { return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform()); }
  below(n: number): number { return Math.floor(this.uniform() * n); }
}

type Bindings = ReadonlyMap<Index, number>;
interface Instance { readonly statement: Statement; readonly indices: Bindings }
interface Term { readonly value: () => number }

function flatten(at: readonly number[], shape: readonly number[]): number {
  let flat = 0;
  for (let d = 0; d < at.length; d++) {
    const i = at[d]!, n = shape[d]!;
    if (!(i >= 0 && i < n && Number.isInteger(i))) return Number.NaN;
    flat = flat * n + i;
  }
  return flat;
}
function productOf(shape: readonly number[]): number { return shape.reduce((a, b) => a * b, 1); }

/** Values of everything, the log density of every statement's instance, and which cells each of them reads. */
export class State {
  readonly compiled: Compiled;
  private readonly random: Stream;
  private readonly scale: number;
  private readonly values = new Map<string, Float64Array>();
  private readonly offsets = new Map<string, number>();
  private readonly definitions = new Map<string, Map<number, Instance>>();
  private readonly generated = new Set<number>();
  private readonly memo = new Map<string, { readonly value: number; readonly reads: ReadonlySet<number> }>();
  private readonly terms: Term[] = [];
  private readonly base: number[] = [];
  private readonly readers = new Map<number, number[]>();
  private recording: Set<number> | null = null;

  /** Values in the supports of their statements; unbounded ones about `scale` wide. `fixed` sets values by name. */
  constructor(compiled: Compiled, seed: number, scale = 1, fixed: Readonly<Record<string, readonly number[]>> = {}) {
    this.compiled = compiled;
    this.random = new Stream(seed);
    this.scale = scale;
    let offset = 0;
    for (const v of compiled.bound.variables.values()) {
      this.values.set(v.name, Float64Array.from(fixed[v.name] ?? v.values));
      this.offsets.set(v.name, offset);
      offset += v.values.length;
    }
    const densities = new Map<Statement, Expr>();
    for (const s of compiled.graph.statements) for (const indices of this.instances(s)) this.define(s, indices, densities);
    for (const name of Object.keys(fixed)) for (let k = 0; k < this.values.get(name)!.length; k++) this.generated.add(this.offsets.get(name)! + k);
    for (const [name, cells] of this.definitions) {
      const v = compiled.bound.variables.get(name)!;
      if (v.status === 'given' || v.status === 'deterministic') continue;
      for (const [lead, i] of cells) if (i.statement.kind !== 'let') this.generate(name, lead, i);
    }
    this.addOrderings();
    this.terms.forEach((t, k) => {
      this.recording = new Set();
      this.base.push(t.value());
      for (const cell of this.recording) { const list = this.readers.get(cell); if (list) list.push(k); else this.readers.set(cell, [k]); }
    });
    this.recording = null;
  }

  /** Number of instances whose density is not finite at this state. */
  get impossible(): number { return this.base.filter((x) => !Number.isFinite(x)).length; }
  /** The log joint density. */
  get logJoint(): number { return this.base.reduce((a, b) => a + b, 0); }

  /** All values of a variable as stored; computed elements are whatever they were. */
  storage(name: string): Float64Array { return this.values.get(name)!; }
  shape(name: string): readonly number[] { return this.compiled.bound.variables.get(name)!.shape; }
  value(name: string, ...at: number[]): number { return this.read(name, at); }

  environment(indices: Bindings): Environment {
    return { indices, sizes: this.compiled.bound.sizes, variable: (name, at) => this.read(name, at), hostFunctions: this.compiled.graph.hostFunctions.map((h) => h.call) };
  }

  /** The values of one element with its event, row-major. */
  element(region: LatentRegion, indices: Bindings): { readonly cells: readonly number[]; readonly values: readonly number[] } {
    const name = region.variable.name, shape = this.shape(name);
    const at = region.at.map((e) => evaluate(e, this.environment(indices)));
    const size = productOf(shape.slice(at.length));
    const lead = flatten(at, shape);
    const cells = Array.from({ length: size }, (_, k) => lead * size + k);
    return { cells, values: cells.map((c) => this.values.get(name)![c]!) };
  }

  /** Runs `f` with an element's values replaced. */
  with<T>(region: LatentRegion, indices: Bindings, values: readonly number[], f: () => T): T {
    const storage = this.values.get(region.variable.name)!;
    const { cells, values: old } = this.element(region, indices);
    cells.forEach((c, k) => { storage[c] = values[k]!; });
    this.memo.clear();
    try {
      return f();
    } finally {
      cells.forEach((c, k) => { storage[c] = old[k]!; });
      this.memo.clear();
    }
  }

  /** log joint with the element at `values` minus log joint of the state, over the instances that read the element. */
  difference(region: LatentRegion, indices: Bindings, values: readonly number[]): { readonly difference: number; readonly magnitude: number; readonly usable: boolean } {
    const offset = this.offsets.get(region.variable.name)!;
    const { cells } = this.element(region, indices);
    const touched = new Set(cells.flatMap((c) => this.readers.get(offset + c) ?? []));
    return this.with(region, indices, values, () => {
      let difference = 0, magnitude = 0, usable = true;
      // Outside an element's support other factors need not be numbers.
      let impossible = region.statement.kind === 'param' && !this.inDeclaredType(region, values);
      for (const k of touched) {
        const before = this.base[k]!, after = this.terms[k]!.value();
        if (!Number.isFinite(before)) usable = false;
        if (after === Number.NEGATIVE_INFINITY) impossible = true;
        difference += after - before;
        magnitude += Math.abs(before) + Math.abs(Number.isFinite(after) ? after : 0);
      }
      return { difference: impossible ? Number.NEGATIVE_INFINITY : difference, magnitude, usable };
    });
  }

  /** A `param` has no law: its declared type is all that is said of it. */
  private inDeclaredType(region: LatentRegion, values: readonly number[]): boolean {
    const { constraint } = region.variable;
    switch (constraint.kind) {
      case 'positive': return values.every((x) => x >= 0);
      case 'unit': return values.every((x) => x >= 0 && x <= 1);
      case 'interval': return values.every((x) => x >= evaluate(constraint.low, this.environment(new Map())) && x <= evaluate(constraint.high, this.environment(new Map())));
      default: return true;
    }
  }

  /** Every assignment of the plates of a region (or statement) for which it exists. */
  instances(s: { readonly plates: Statement['plates']; readonly guards: readonly Expr[] }): readonly Bindings[] {
    let out: Map<Index, number>[] = [new Map()];
    for (const p of s.plates) {
      out = out.flatMap((indices) => {
        const env = this.derivedEnvironment(indices);
        const from = evaluate(p.from, env), to = evaluate(p.to, env);
        return Array.from({ length: Math.max(0, to - from) }, (_, k) => new Map([...indices, [p.index, from + k]]));
      });
    }
    return out.filter((indices) => s.guards.every((g) => evaluate(g, this.derivedEnvironment(indices)) !== 0));
  }

  /** As `environment`, with the masks and given parts that derived forms read, and extra names. */
  derivedEnvironment(indices: Bindings, extra?: (name: string, at: readonly number[]) => number | undefined): Environment {
    const { bound, model } = this.compiled;
    return {
      ...this.environment(indices),
      variable: (name, at) => {
        const found = extra?.(name, at);
        if (found !== undefined) return found;
        if (bound.variables.has(name)) return this.read(name, at);
        const own = name.slice(0, -1), v = bound.variables.get(own)!;
        const k = flatten(at, v.shape);
        if (name === maskOf(own)) return v.mask![k] ?? Number.NaN;
        if (name === givenPartOf(own)) return v.mask![k] === 0 ? v.values[k]! : Number.NaN;
        throw new Error(`${name} is no name of the model ${[...model.status.keys()].join(' ')}`);
      },
    };
  }

  /** A new value in the support of an element's own statement. */
  propose(region: LatentRegion, indices: Bindings): readonly number[] {
    const shape = this.shape(region.variable.name).slice(region.at.length);
    return this.draw(region.statement, indices, shape, region.eventRank);
  }

  private define(s: Statement, indices: Bindings, densities: Map<Statement, Expr>): void {
    if (s.kind !== 'factor' && s.target !== null && s.kind !== 'predict') {
      const { variable } = s.target;
      const at = s.target.at.map((e) => evaluate(e, this.environment(indices)));
      const cells = this.definitions.get(variable) ?? new Map<number, Instance>();
      this.definitions.set(variable, cells);
      const lead = flatten(at, this.shape(variable));
      // The first statement of a datum observed several times generates it.
      if (!cells.has(lead)) cells.set(lead, { statement: s, indices });
    }
    if (s.kind === 'factor') this.terms.push({ value: () => evaluate(s.value, this.environment(indices)) });
    if (s.kind !== 'sample' && s.kind !== 'observe') return;
    let density = densities.get(s);
    if (density === undefined) {
      const x: ArrayExpr = s.kind === 'observe' ? s.value
        : build(this.compiled.graph.variables.get(s.target.variable)!.dims.slice(s.target.at.length), (...event) => ref(s.target.variable, [...s.target.at, ...event]));
      density = guardedLogDensityOf(s.law, x);
      densities.set(s, density);
    }
    const e = density;
    this.terms.push({ value: () => evaluate(e, this.environment(indices)) });
  }

  /** The density of an ordered variable is zero where its rows are not increasing. */
  private addOrderings(): void {
    for (const v of this.compiled.graph.variables.values()) {
      if (v.constraint.kind !== 'ordered' || v.origin !== 'sample') continue;
      const shape = this.shape(v.name), k = shape[shape.length - 1]!;
      for (let row = 0; row * k < productOf(shape); row++) {
        this.terms.push({ value: () => {
          const x = Array.from({ length: k }, (_, j) => this.readCell(v.name, row * k + j));
          return x.every((y, j) => j === 0 || y >= x[j - 1]!) ? 0 : Number.NEGATIVE_INFINITY;
        } });
      }
    }
  }

  private read(name: string, at: readonly number[]): number {
    const v = this.compiled.bound.variables.get(name);
    if (v === undefined) throw new Error(`${name} is no variable`);
    const flat = flatten(at, v.shape);
    if (Number.isNaN(flat)) return Number.NaN;
    const cells = this.definitions.get(name);
    if (v.status === 'given' || cells === undefined) return this.values.get(name)![flat]!;
    const first = cells.values().next().value!.statement;
    const leading = first.kind === 'factor' || first.target === null ? 0 : first.target.at.length;
    const lead = flatten(at.slice(0, leading), v.shape);
    const definition = cells.get(lead);
    if (definition?.statement.kind === 'let') return this.readLet(name, flat, definition);
    if (definition !== undefined) this.generate(name, lead, definition);
    return this.readCell(name, flat);
  }
  private readCell(name: string, flat: number): number {
    this.recording?.add(this.offsets.get(name)! + flat);
    return this.values.get(name)![flat]!;
  }
  private readLet(name: string, flat: number, { statement, indices }: Instance): number {
    const key = `${name}/${flat}`;
    let known = this.memo.get(key);
    if (known === undefined) {
      const outer = this.recording, reads = new Set<number>();
      this.recording = reads;
      const value = statement.kind === 'let' ? evaluate(statement.value, this.environment(indices)) : Number.NaN;
      this.recording = outer;
      known = { value, reads };
      this.memo.set(key, known);
    }
    if (this.recording !== null) for (const r of known.reads) this.recording.add(r);
    return known.value;
  }

  private generate(name: string, lead: number, { statement, indices }: Instance): void {
    const v = this.compiled.bound.variables.get(name)!;
    const rank = statement.kind === 'factor' || statement.target === null ? 0 : statement.target.at.length;
    const event = v.shape.slice(rank), size = productOf(event), storage = this.values.get(name)!;
    const first = this.offsets.get(name)! + lead * size;
    if (this.generated.has(first) || v.status === 'given') return;
    for (let k = 0; k < size; k++) this.generated.add(first + k);
    const drawn = this.draw(statement, indices, event, event.length);
    drawn.forEach((x, k) => { if (v.mask === undefined || v.mask[lead * size + k] === 1) storage[lead * size + k] = x; });
    const last = v.shape[v.shape.length - 1]!;
    if (this.compiled.graph.variables.get(name)!.constraint.kind === 'ordered') {
      // Later draws of the row follow earlier ones.
      const position = (lead * size) % last;
      for (let k = 0; k < size; k++) if (position + k > 0) storage[lead * size + k] = storage[lead * size + k - 1]! + Math.exp(this.random.normal()) * this.scale;
    }
  }

  private draw(s: Statement, indices: Bindings, event: readonly number[], rank: number): readonly number[] {
    const size = productOf(event);
    const support = this.supportOf(s);
    const value = (e: Expr): number => evaluate(e, this.environment(indices));
    const { random } = this;
    const positive = (): number => Math.exp(this.scale * random.normal());
    if (rank === 0 && support.kind !== 'integers' && support.kind !== 'interval' && support.kind !== 'point') return [this.scale * random.normal()];
    switch (support.kind) {
      case 'interval': {
        const low = value(support.low), high = value(support.high);
        return Array.from({ length: size }, () => Number.isFinite(low) && Number.isFinite(high) ? low + (high - low) * (0.02 + 0.96 * random.uniform())
          : Number.isFinite(low) ? low + positive() : Number.isFinite(high) ? high - positive() : this.scale * random.normal());
      }
      case 'integers': {
        const low = value(support.low), high = value(support.high);
        return Array.from({ length: size }, () => Number.isFinite(high) ? low + random.below(high - low + 1) : low + random.below(1 + Math.ceil(8 * this.scale)));
      }
      case 'point': return [value(support.value)];
      case 'vector': return Array.from({ length: size }, () => this.scale * random.normal());
      case 'simplex': {
        const x = Array.from({ length: size }, () => Math.exp(random.normal()));
        const d = event[event.length - 1]!;
        return x.map((y, k) => { const row = Math.floor(k / d) * d; return y / x.slice(row, row + d).reduce((a, b) => a + b, 0); });
      }
      case 'counts': {
        const out = Array.from({ length: size }, () => 0);
        for (let n = value(support.total); n > 0; n--) out[random.below(size)]! += 1;
        return out;
      }
      case 'cov': case 'corr': {
        const d = event[event.length - 1]!;
        const a = Array.from({ length: d * d }, () => random.normal());
        return Array.from({ length: d * d }, (_, k) => {
          const i = Math.floor(k / d), j = k % d;
          return Array.from({ length: d }, (_unused, l) => a[i * d + l]! * a[j * d + l]!).reduce((x, y) => x + y, i === j ? 0.5 : 0);
        });
      }
    }
  }
  private supportOf(s: Statement): Support {
    if (s.kind === 'sample' || s.kind === 'observe' || s.kind === 'predict') {
      const support = supportOf(s.law);
      return eventRankOf(s.law) === 0 && support.kind === 'vector' ? { kind: 'interval', low: num(-Infinity), high: num(Infinity) } : support;
    }
    const region = this.compiled.derivation.regions.find((r) => r.region.statement === s)!;
    return regionSupport(region.region);
  }
}

/** A state whose density is finite at every instance, if one of the tries has it; else the best of them. */
export function goodState(compiled: Compiled, seed: number, fixed: Readonly<Record<string, readonly number[]>> = {}): State {
  let best: State | null = null;
  for (let attempt = 0; attempt < 24; attempt++) {
    const state = new State(compiled, seed * 1000 + attempt, [1, 1, 0.3, 3, 0.1, 0.03][attempt % 6]!, fixed);
    if (best === null || state.impossible < best.impossible) best = state;
    if (best.impossible === 0) break;
  }
  return best!;
}

// --- what the derivation says ------------------------------------------------------------------

/** One element of a region at a state. */
export interface Place { readonly state: State; readonly plan: RegionPlan; readonly indices: Bindings }

/** Interpreter in which the element itself cannot be read: a coefficient that reads it becomes NaN. */
function poisoned(place: Place, indices: Bindings, self?: readonly number[]): Environment {
  const { state, plan: { region } } = place;
  const name = region.variable.name, shape = state.shape(name);
  const own = region.at.map((e) => evaluate(e, state.environment(place.indices)));
  const event = shape.slice(region.at.length);
  return state.derivedEnvironment(indices, (variable, at) => {
    if (variable === selfName) return self === undefined ? Number.NaN : self[flatten(at, event)] ?? Number.NaN;
    return variable === name && own.every((x, d) => x === at[d]) ? Number.NaN : undefined;
  });
}

/** Calls `f` for every instance of a sum that its guards admit. */
export function forEachInstance(place: Place, sum: { readonly binders: readonly Binder[]; readonly guards: readonly Expr[] }, f: (indices: Bindings) => void, environment: (indices: Bindings) => Environment = (i) => poisoned(place, i)): void {
  const loop = (k: number, indices: Bindings): void => {
    const b = sum.binders[k];
    if (b === undefined) {
      if (sum.guards.every((g) => evaluate(g, environment(indices)) !== 0)) f(indices);
      return;
    }
    const env = environment(indices);
    const from = evaluate(b.from, env), to = evaluate(b.to, env);
    for (let i = from; i < to; i++) loop(k + 1, new Map([...indices, [b.index, i]]));
  };
  loop(0, place.indices);
}

/** T(v) of an element with its event. */
export function statistic(place: Place, kind: StatisticKind, event: readonly number[], v: readonly number[]): number {
  const shape = place.state.shape(place.plan.region.variable.name).slice(place.plan.region.at.length);
  const d = shape[0] ?? 1;
  const x = (i: readonly number[]): number => v[flatten(i, shape)]!;
  switch (kind.kind) {
    case 'power': return x(event) ** kind.power;
    case 'log': return Math.log(x(event));
    case 'log1m': return Math.log(1 - x(event));
    case 'pair': return x([event[0]!]) * x([event[1]!]);
    case 'onehot': return v[0] === event[0] ? 1 : 0;
    case 'inverse': case 'logdet': {
      const matrix = build([num(d), num(d)], (i, j) => ref(selfName, [i, j]));
      const env = poisoned(place, place.indices, v);
      return kind.kind === 'logdet' ? evaluate(scalarOf('logdet', [matrix]), env) : evaluate(at(arrayOf('inverse', [matrix], matrix.dims), ...event.map(num)), env);
    }
    case 'other': return evaluate(kind.expr, poisoned(place, place.indices, v));
  }
}

/** Every term `coefficient, statistic, event` of an element's conditional. */
export function termsOf(place: Place, contributions: readonly Contribution[] = place.plan.collected.contributions): readonly { readonly kind: StatisticKind; readonly event: readonly number[]; readonly coefficient: number }[] {
  const out: { kind: StatisticKind; event: readonly number[]; coefficient: number }[] = [];
  for (const c of contributions) {
    forEachInstance(place, c, (indices) => {
      const env = poisoned(place, indices);
      out.push({ kind: c.statistic, event: c.event.map((e) => evaluate(e, env)), coefficient: evaluate(c.coefficient, env) });
    });
  }
  return out;
}

/** Natural parameters: the summed coefficients of each slot's statistic, row-major over its event. */
export function naturalParameters(place: Place, slots: readonly Slot[]): readonly Float64Array[] {
  const shape = place.state.shape(place.plan.region.variable.name).slice(place.plan.region.at.length);
  const terms = termsOf(place);
  return slots.map((s) => {
    const dims = s.rank === 0 ? [] : s.rank === 1 ? [shape[0]!] : [shape[0]!, shape[0]!];
    const out = new Float64Array(productOf(dims));
    for (const t of terms) if (sameKind(t.kind, s.statistic)) out[flatten(t.event, dims)]! += t.coefficient;
    return out;
  });
}

/** The largest lower and the smallest upper bound of an element: its own support and what other factors add. */
export function boundsOf(place: Place): { readonly low: number; readonly high: number } {
  const { state, plan } = place;
  const support = regionSupport(plan.region);
  let low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY;
  if (support.kind === 'interval' || support.kind === 'integers') {
    low = evaluate(support.low, state.environment(place.indices));
    high = evaluate(support.high, state.environment(place.indices));
  }
  const fold = (b: Bound): void => forEachInstance(place, b, (indices) => {
    const x = evaluate(b.value, poisoned(place, indices));
    if (b.side === 'low') low = Math.max(low, x); else high = Math.min(high, x);
    if (Number.isNaN(x)) low = Number.NaN;
  });
  plan.collected.bounds.forEach(fold);
  return { low, high };
}

/** The arguments of a family as arrays of numbers, by the family's own parameters(natural). */
export function familyArguments(family: Family, natural: readonly Float64Array[], slots: readonly Slot[], dimension: number): { readonly arguments: Readonly<Record<string, readonly number[]>>; readonly natural: readonly number[]; readonly proper: boolean; readonly logDensity: (v: readonly number[], shape: readonly number[]) => number } {
  const d = num(dimension);
  const arrays = slots.map((s, k): ArrayExpr => build(s.rank === 0 ? [] : s.rank === 1 ? [d] : [d, d], (...i) => ref(`#natural${k}`, i)));
  const parameters = family.exponential!.parameters(arrays);
  const env = (v: readonly number[], shape: readonly number[]): Environment => ({
    variable: (name, at) => {
      if (name === selfName) return v[flatten(at, shape)]!;
      const k = Number(name.slice('#natural'.length)), rank = slots[k]!.rank;
      return natural[k]![flatten(at, rank === 0 ? [] : rank === 1 ? [dimension] : [dimension, dimension])]!;
    },
  });
  return {
    arguments: Object.fromEntries(Object.entries(parameters).map(([name, a]) => [name, [...evaluateArray(a, env([], [])).values]])),
    // There and back: what the canonical parameters say about scalars' natural ones.
    natural: slots.every((s) => s.rank === 0) ? family.exponential!.natural(parameters).map((a) => evaluate(a.body, env([], []))) : [],
    proper: family.exponential!.proper(arrays).every((e) => evaluate(e, env([], [])) > 0),
    logDensity: (v, shape) => evaluate(family.logDensity(build(shape.map(num), (...i) => ref(selfName, i)), parameters), env(v, shape)),
  };
}

/** Sum of what `elementTerms` gives for the element: with the state as it stands, or the element replaced by a number. */
export function elementDensity(place: Place, replacement: number | null, factors = place.plan.collected.factors): number {
  let total = 0;
  const recursions = place.state.compiled.model.recursionsOf(place.plan.region.variable.name);
  for (const t of elementTerms(place.plan.region, factors, replacement === null ? null : num(replacement), recursions)) {
    forEachInstance(place, t, (indices) => { total += evaluate(t.value, place.state.derivedEnvironment(indices)); }, (i) => place.state.derivedEnvironment(i));
  }
  return total;
}

/** The separable part of the log conditional at v: sum of coefficient * statistic. */
export function separableDensity(place: Place, terms: ReturnType<typeof termsOf>, v: readonly number[]): { readonly value: number; readonly magnitude: number } {
  let value = 0, magnitude = 0;
  for (const t of terms) {
    const x = t.coefficient === 0 ? 0 : t.coefficient * statistic(place, t.kind, t.event, v);
    value += x;
    magnitude += Math.abs(x);
  }
  return { value, magnitude };
}
