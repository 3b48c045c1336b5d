/**
 * The executable specification of a legal graph: what every later phase may rely on.
 *
 * Each violation is a fault of lowering, never of a user's program; tests run this on every program
 * they lower.
 */
import type { Span } from '../errors/diagnostic.js';
import type { Family } from '../distributions/family.js';
import { type ArrayExpr, type Expr, type Index, children } from '../expr/expr.js';
import { primitives } from '../expr/primitives.js';
import { arrayFunctions } from '../numeric/linearAlgebra.js';
import type { Law, ModelGraph, Statement, Target, Variable } from './graph.js';
import { scheduleStatements } from './query.js';
import { indexPlusOffset } from './shapes.js';

/** Origins a kind of statement may define elements of. */
const targetOrigins: ReadonlyMap<Statement['kind'], readonly Variable['origin'][]> = new Map<
  Statement['kind'],
  readonly Variable['origin'][]
>([
  ['sample', ['sample']],
  ['param', ['param']],
  ['predict', ['predict']],
  ['observe', ['data']],
  ['let', ['let', 'report', 'sample', 'param']],
]);

/** Everything wrong with a graph, in words; empty for a legal one. `length` is that of the program text. */
export function checkGraph(graph: ModelGraph, families: ReadonlyMap<string, Family>, length: number): readonly string[] {
  const faults: string[] = [];
  const checker = new Checker(graph, families, length, faults);
  checker.run();
  return faults;
}

class Checker {
  private readonly graph: ModelGraph;
  private readonly families: ReadonlyMap<string, Family>;
  private readonly length: number;
  private readonly faults: string[];
  private where = '';
  /** Arguments of maps in scope, with their ranks. */
  private readonly mapArguments = new Map<string, number>();

  constructor(graph: ModelGraph, families: ReadonlyMap<string, Family>, length: number, faults: string[]) {
    this.graph = graph;
    this.families = families;
    this.length = length;
    this.faults = faults;
  }

  run(): void {
    for (const [name, v] of this.graph.variables) this.variable(name, v);
    for (const [name, s] of this.graph.sizes) {
      this.where = `size ${name}`;
      this.require(s.name === name, 'is filed under another name');
      this.require(!this.graph.variables.has(name), 'is also a variable');
      this.span(s.span);
      for (const source of s.sources) {
        const v = this.graph.variables.get(source.variable);
        this.require(v?.origin === 'data' && source.axis < v.dims.length, `has no source ${source.variable}, axis ${source.axis}`);
      }
    }
    this.graph.statements.forEach((s, position) => {
      this.where = `statement ${position} (${s.kind})`;
      this.require(s.id === position, 'is not numbered by its position');
      this.statement(s);
    });
    for (const o of this.graph.obligations) {
      this.where = `obligation "${o.message}"`;
      this.span(o.span);
      this.expression(o.left, new Set());
      this.expression(o.right, new Set());
    }
    this.where = 'graph';
    this.require(scheduleStatements(this.graph.statements).cycles.length === 0, 'has a cycle');
  }

  private require(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(`${this.where} ${fault}`);
  }

  private span(span: Span): void {
    this.require(span.start >= 0 && span.start <= span.end && span.end <= this.length, 'has a span outside of the text');
  }

  private variable(name: string, v: Variable): void {
    this.where = `variable ${name}`;
    this.require(v.name === name, 'is filed under another name');
    this.span(v.span);
    this.require(v.eventRank >= 0 && v.eventRank <= v.dims.length, 'has an event larger than itself');
    for (const d of v.dims) this.expression(d, new Set());
    this.require((v.origin === 'constant') === (v.value !== undefined), 'has a value exactly if it is constant');
    if (v.value !== undefined)
      this.require(
        v.value.shape.length === v.dims.length && v.value.shape.reduce((a, b) => a * b, 1) === v.value.values.length,
        'has a value of another shape',
      );
    const defined = this.graph.statements.some((s) => s.kind !== 'factor' && s.kind !== 'observe' && s.target.variable === name);
    this.require(defined === (v.origin !== 'data' && v.origin !== 'constant'), 'is defined by statements exactly if it is not given');
  }

  private statement(s: Statement): void {
    this.span(s.span);
    const bound = new Set<Index>();
    for (const p of s.plates) {
      // Bounds see outer plates only.
      this.expression(p.from, bound);
      this.expression(p.to, bound);
      this.require(!bound.has(p.index), 'has one index for two plates');
      bound.add(p.index);
    }
    for (const g of s.guards) this.expression(g, bound);
    switch (s.kind) {
      case 'factor':
        this.expression(s.value, bound);
        return;
      case 'let':
        this.expression(s.value, bound);
        this.target(s, s.target, 0);
        return;
      case 'param':
        this.target(s, s.target, this.graph.variables.get(s.target.variable)?.eventRank ?? 0);
        return;
      case 'sample':
      case 'predict':
        this.target(s, s.target, this.law(s.law, bound));
        return;
      case 'observe': {
        const rank = this.law(s.law, bound);
        this.array(s.value, bound);
        this.require(s.value.indices.length === rank, 'observes a value of another rank than its law');
        if (s.target !== null) this.target(s, s.target, rank);
      }
    }
  }

  private target(s: Statement, target: Target, event: number): void {
    const v = this.graph.variables.get(target.variable);
    if (v === undefined) {
      this.require(false, `defines ${target.variable}, which does not exist`);
      return;
    }
    this.require(targetOrigins.get(s.kind)?.includes(v.origin) ?? false, `defines ${v.name}, which is ${v.origin}`);
    this.require(target.at.length === v.dims.length - event, `addresses ${v.name} by ${target.at.length} indices`);
    const plates = new Set(s.plates.map((p) => p.index));
    const used = new Set<Index>();
    for (const e of target.at) {
      this.expression(e, plates);
      const form = indexPlusOffset(e, plates);
      this.require(form !== null, `addresses ${v.name} by more than an index and an offset`);
      if (form?.index != null) {
        this.require(!used.has(form.index), `addresses ${v.name} by one index twice`);
        used.add(form.index);
      }
    }
    if (s.kind !== 'observe') this.require(used.size === plates.size, `defines ${v.name} more than once`);
  }

  /** Checks a law; its event rank. */
  private law(law: Law, bound: ReadonlySet<Index>): number {
    this.span(law.span);
    switch (law.kind) {
      case 'family': {
        const family = this.families.get(law.family);
        if (family === undefined) {
          this.require(false, `uses ${law.family}, which does not exist`);
          return 0;
        }
        const names = Object.keys(law.parameters);
        this.require(names.length === family.parameters.length, `gives ${family.name} ${names.join(', ')}`);
        for (const p of family.parameters) {
          const a = law.parameters[p.name];
          if (a === undefined) {
            this.require(false, `gives ${family.name} no ${p.name}`);
            continue;
          }
          this.require(a.indices.length === p.rank, `gives ${p.name} of ${family.name} rank ${a.indices.length}`);
          this.array(a, bound);
        }
        return family.eventRank;
      }
      case 'truncated':
        this.expression(law.low, bound);
        this.expression(law.high, bound);
        return this.law(law.base, bound);
      case 'mixture':
        this.expression(law.from, bound);
        this.expression(law.to, bound);
        this.require(!bound.has(law.index), 'mixes over an index in use');
        this.expression(law.weight, new Set([...bound, law.index]));
        return this.law(law.component, new Set([...bound, law.index]));
      case 'censored':
        this.expression(law.low, bound);
        this.expression(law.high, bound);
        return this.law(law.base, bound);
      case 'pushforward': {
        this.require(
          law.over.indices.length === law.over.dims.length,
          'maps an array of draws with indices and dimensions of different number',
        );
        for (const d of law.over.dims) this.expression(d, bound);
        const rank = this.law(law.base, new Set([...bound, ...law.over.indices]));
        this.mapArguments.set(law.argument.name, law.over.dims.length + rank);
        this.array(law.map, bound);
        this.mapArguments.delete(law.argument.name);
        return law.map.dims.length;
      }
      case 'mixtureOf': {
        this.require(
          law.weights.length === law.components.length && law.components.length > 0,
          'mixes unequal numbers of weights and components',
        );
        for (const w of law.weights) this.expression(w, bound);
        const ranks = law.components.map((c) => this.law(c, bound));
        this.require(
          ranks.every((r) => r === ranks[0]),
          'mixes laws of different ranks',
        );
        return ranks[0] ?? 0;
      }
    }
  }

  private array(a: ArrayExpr, bound: ReadonlySet<Index>): void {
    this.require(a.indices.length === a.dims.length, 'has an array with indices and dimensions of different number');
    for (const d of a.dims) this.expression(d, bound);
    this.require(
      a.indices.every((i) => !bound.has(i)),
      'has an array over an index in use',
    );
    this.expression(a.body, new Set([...bound, ...a.indices]));
  }

  private expression(e: Expr, bound: ReadonlySet<Index>): void {
    switch (e.op) {
      case 'const':
        return;
      case 'index':
        this.require(bound.has(e), `uses the unbound index ${e.name}`);
        return;
      case 'size':
        this.require(this.graph.sizes.has(e.name), `uses the unknown size ${e.name}`);
        return;
      case 'ref': {
        const v = this.graph.variables.get(e.variable);
        this.require(
          (v?.dims.length ?? this.mapArguments.get(e.variable)) === e.at.length,
          `refers to ${e.variable} by ${e.at.length} indices`,
        );
        break;
      }
      case 'apply':
        this.require(primitives.get(e.fn)?.arity === e.args.length, `applies ${e.fn} to ${e.args.length} arguments`);
        break;
      case 'reduce':
        this.require(!bound.has(e.index), `reduces over an index in use (${e.index.name})`);
        this.expression(e.from, bound);
        this.expression(e.to, bound);
        this.expression(e.body, new Set([...bound, e.index]));
        return;
      case 'cond':
        break;
      case 'element': {
        const { fn, args, dims } = e.array;
        const host = fn.startsWith('host:') ? Number(fn.slice(5)) : null;
        this.require(
          host === null ? arrayFunctions.has(fn) : host < this.graph.hostFunctions.length,
          `calls the unknown array function ${fn}`,
        );
        this.require(dims.length === e.at.length, `reads an element of ${fn} by ${e.at.length} indices`);
        for (const x of [...dims, ...e.at]) this.expression(x, bound);
        for (const a of args) this.array(a, bound);
        return;
      }
    }
    for (const c of children(e)) this.expression(c, bound);
  }
}
