/**
 * A program as it is written, walked instance by instance: values of everything, laws evaluated by
 * `distributions/law/`, `let`s by a recursive evaluator. It is what derivations and generated code are
 * held against, so it uses nothing of either: only the graph, the data and the interpreter of expressions.
 */
import { regionSupport } from '../../3-derive/closedForm.js';
import { type DerivedModel, givenPartOf, type LatentRegion, maskOf } from '../../3-derive/model.js';
import type { BoundModel } from '../../2-graph/bound.js';
import type { ModelGraph, Statement } from '../../2-graph/graph.js';
import type { Derivation } from '../../4-infer/derivation.js';
import type { Support } from '../../distributions/family.js';
import { eventRankOf } from '../../distributions/law/law.js';
import { guardedLogDensityOf } from '../../distributions/law/density.js';
import { supportOf } from '../../distributions/law/form.js';
import { type Environment, evaluate } from '../../expr/evaluate.js';
import { type ArrayExpr, build, type Expr, type Index, num, ref } from '../../expr/expr.js';
import { createRandom, type Random } from '../../random/generator.js';

/** A program with its data and what was derived from it (or from a mutant of it). */
export interface DerivedProgram {
  readonly graph: ModelGraph;
  readonly bound: BoundModel;
  readonly model: DerivedModel;
  readonly derivation: Derivation;
}

export type Bindings = ReadonlyMap<Index, number>;
interface Instance {
  readonly statement: Statement;
  readonly indices: Bindings;
}
interface Term {
  readonly value: () => number;
}

/** The row-major position of an element. */
export function flatten(at: readonly number[], shape: readonly number[]): number {
  let flat = 0;
  for (let d = 0; d < at.length; d++) {
    const i = at[d]!,
      n = shape[d]!;
    if (!(i >= 0 && i < n && Number.isInteger(i))) return Number.NaN;
    flat = flat * n + i;
  }
  return flat;
}
/** The number of elements. */
export function productOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Values of everything, the log density of every statement's instance, and which cells each of them reads. */
export class State {
  readonly compiled: DerivedProgram;
  private readonly random: Random;
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
  constructor(compiled: DerivedProgram, seed: number, scale = 1, fixed: Readonly<Record<string, readonly number[]>> = {}) {
    this.compiled = compiled;
    this.random = createRandom(String(seed), 'state');
    this.scale = scale;
    let offset = 0;
    for (const v of compiled.bound.variables.values()) {
      this.values.set(v.name, Float64Array.from(Object.hasOwn(fixed, v.name) ? fixed[v.name]! : v.values));
      this.offsets.set(v.name, offset);
      offset += v.values.length;
    }
    const densities = new Map<Statement, Expr>();
    for (const s of compiled.graph.statements) for (const indices of this.instances(s)) this.define(s, indices, densities);
    for (const name of Object.keys(fixed))
      for (let k = 0; k < this.values.get(name)!.length; k++) this.generated.add(this.offsets.get(name)! + k);
    for (const [name, cells] of this.definitions) {
      const v = compiled.bound.variables.get(name)!;
      if (v.status === 'given' || v.status === 'deterministic') continue;
      for (const [lead, i] of cells) if (i.statement.kind !== 'let') this.generate(name, lead, i);
    }
    this.addOrderings();
    this.terms.forEach((t, k) => {
      this.recording = new Set();
      this.base.push(t.value());
      for (const cell of this.recording) {
        const list = this.readers.get(cell);
        if (list) list.push(k);
        else this.readers.set(cell, [k]);
      }
    });
    this.recording = null;
  }

  /** Number of instances whose density is not finite at this state. */
  get impossible(): number {
    return this.base.filter((x) => !Number.isFinite(x)).length;
  }
  /** The log joint density. */
  get logJoint(): number {
    return this.base.reduce((a, b) => a + b, 0);
  }

  /** All values of a variable as stored; computed elements are whatever they were. */
  storage(name: string): Float64Array {
    return this.values.get(name)!;
  }
  shape(name: string): readonly number[] {
    return this.compiled.bound.variables.get(name)!.shape;
  }
  value(name: string, ...at: number[]): number {
    return this.read(name, at);
  }

  environment(indices: Bindings): Environment {
    return {
      indices,
      sizes: this.compiled.bound.sizes,
      variable: (name, at) => this.read(name, at),
      hostFunctions: this.compiled.graph.hostFunctions.map((h) => h.call),
    };
  }

  /** The values of one element with its event, row-major. */
  element(region: LatentRegion, indices: Bindings): { readonly cells: readonly number[]; readonly values: readonly number[] } {
    const name = region.variable.name,
      shape = this.shape(name);
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
    cells.forEach((c, k) => {
      storage[c] = values[k]!;
    });
    this.memo.clear();
    try {
      return f();
    } finally {
      cells.forEach((c, k) => {
        storage[c] = old[k]!;
      });
      this.memo.clear();
    }
  }

  /** log joint with the element at `values` minus log joint of the state, over the instances that read the element. */
  difference(
    region: LatentRegion,
    indices: Bindings,
    values: readonly number[],
  ): { readonly difference: number; readonly magnitude: number; readonly usable: boolean } {
    const offset = this.offsets.get(region.variable.name)!;
    const { cells } = this.element(region, indices);
    const touched = new Set(cells.flatMap((c) => this.readers.get(offset + c) ?? []));
    return this.with(region, indices, values, () => {
      let difference = 0,
        magnitude = 0,
        // What is impossible may not have come to read the element: a law is not asked for its density where its parameters are none.
        usable = this.impossible === 0;
      // Outside an element's support other factors need not be numbers.
      let impossible = region.statement.kind === 'param' && !this.inDeclaredType(region, values);
      for (const k of touched) {
        const before = this.base[k]!,
          after = this.terms[k]!.value();
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
      case 'positive':
        return values.every((x) => x >= 0);
      case 'unit':
        return values.every((x) => x >= 0 && x <= 1);
      case 'interval':
        return values.every(
          (x) => x >= evaluate(constraint.low, this.environment(new Map())) && x <= evaluate(constraint.high, this.environment(new Map())),
        );
      default:
        return true;
    }
  }

  /** Every assignment of the plates of a region (or statement) for which it exists. */
  instances(s: { readonly plates: Statement['plates']; readonly guards: readonly Expr[] }): readonly Bindings[] {
    let out: Map<Index, number>[] = [new Map()];
    for (const p of s.plates) {
      out = out.flatMap((indices) => {
        const env = this.derivedEnvironment(indices);
        const from = evaluate(p.from, env),
          to = evaluate(p.to, env);
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
        const own = name.slice(0, -1),
          v = bound.variables.get(own)!;
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
      const x: ArrayExpr =
        s.kind === 'observe'
          ? s.value
          : build(this.compiled.graph.variables.get(s.target.variable)!.dims.slice(s.target.at.length), (...event) =>
              ref(s.target.variable, [...s.target.at, ...event]),
            );
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
      const shape = this.shape(v.name),
        k = shape[shape.length - 1]!;
      for (let row = 0; row * k < productOf(shape); row++) {
        this.terms.push({
          value: () => {
            const x = Array.from({ length: k }, (_, j) => this.readCell(v.name, row * k + j));
            return x.every((y, j) => j === 0 || y >= x[j - 1]!) ? 0 : Number.NEGATIVE_INFINITY;
          },
        });
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
      const outer = this.recording,
        reads = new Set<number>();
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
    const event = v.shape.slice(rank),
      size = productOf(event),
      storage = this.values.get(name)!;
    const first = this.offsets.get(name)! + lead * size;
    if (this.generated.has(first) || v.status === 'given') return;
    for (let k = 0; k < size; k++) this.generated.add(first + k);
    const drawn = this.draw(statement, indices, event, event.length);
    drawn.forEach((x, k) => {
      if (v.mask === undefined || v.mask[lead * size + k] === 1) storage[lead * size + k] = x;
    });
    const last = v.shape[v.shape.length - 1]!;
    if (this.compiled.graph.variables.get(name)!.constraint.kind === 'ordered') {
      // Later draws of the row follow earlier ones.
      const position = (lead * size) % last;
      for (let k = 0; k < size; k++)
        if (position + k > 0) storage[lead * size + k] = storage[lead * size + k - 1]! + Math.exp(this.random.normal()) * this.scale;
    }
  }

  private draw(s: Statement, indices: Bindings, event: readonly number[], rank: number): readonly number[] {
    const size = productOf(event);
    const support = this.supportOf(s);
    const value = (e: Expr): number => evaluate(e, this.environment(indices));
    const { random } = this;
    const positive = (): number => Math.exp(this.scale * random.normal());
    if (rank === 0 && support.kind !== 'integers' && support.kind !== 'interval' && support.kind !== 'point')
      return [this.scale * random.normal()];
    switch (support.kind) {
      case 'interval': {
        const low = value(support.low),
          high = value(support.high);
        return Array.from({ length: size }, () =>
          Number.isFinite(low) && Number.isFinite(high)
            ? low + (high - low) * (0.02 + 0.96 * random.uniform())
            : Number.isFinite(low)
              ? low + positive()
              : Number.isFinite(high)
                ? high - positive()
                : this.scale * random.normal(),
        );
      }
      case 'integers': {
        const low = value(support.low),
          high = value(support.high);
        return Array.from({ length: size }, () =>
          Number.isFinite(high) ? low + random.integer(high - low + 1) : low + random.integer(1 + Math.ceil(8 * this.scale)),
        );
      }
      case 'point':
        return [value(support.value)];
      case 'vector':
        return Array.from({ length: size }, () => this.scale * random.normal());
      case 'simplex': {
        const x = Array.from({ length: size }, () => Math.exp(random.normal()));
        const d = event[event.length - 1]!;
        return x.map((y, k) => {
          const row = Math.floor(k / d) * d;
          return y / x.slice(row, row + d).reduce((a, b) => a + b, 0);
        });
      }
      case 'counts': {
        const out = Array.from({ length: size }, () => 0);
        for (let n = value(support.total); n > 0; n--) out[random.integer(size)]! += 1;
        return out;
      }
      case 'cov':
      case 'corr': {
        const d = event[event.length - 1]!;
        const a = Array.from({ length: d * d }, () => random.normal());
        return Array.from({ length: d * d }, (_, k) => {
          const i = Math.floor(k / d),
            j = k % d;
          return Array.from({ length: d }, (_unused, l) => a[i * d + l]! * a[j * d + l]!).reduce((x, y) => x + y, i === j ? 0.5 : 0);
        });
      }
    }
  }
  private supportOf(s: Statement): Support {
    if (s.kind === 'sample' || s.kind === 'observe' || s.kind === 'predict') {
      const support = supportOf(s.law);
      return eventRankOf(s.law) === 0 && support.kind === 'vector'
        ? { kind: 'interval', low: num(-Infinity), high: num(Infinity) }
        : support;
    }
    const region = this.compiled.derivation.regions.find((r) => r.region.statement === s)!;
    return regionSupport(region.region);
  }
}

/** A state whose density is finite at every instance, if one of the tries has it; else the best of them. */
export function goodState(compiled: DerivedProgram, seed: number, fixed: Readonly<Record<string, readonly number[]>> = {}): State {
  let best: State | null = null;
  for (let attempt = 0; attempt < 24; attempt++) {
    const state = new State(compiled, seed * 1000 + attempt, [1, 1, 0.3, 3, 0.1, 0.03][attempt % 6]!, fixed);
    if (best === null || state.impossible < best.impossible) best = state;
    if (best.impossible === 0) break;
  }
  return best!;
}
