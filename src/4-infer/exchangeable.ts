/**
 * Which components of a model are exchangeable: renumbering them leaves the joint density as it is, so
 * their labels mean nothing and chains may number them differently.
 *
 * A group grows from a finite latent z with values 0..K-1: the axes that z selects (`mu[z[n]]`), the
 * latents that select the same axes, the axes that share a loop with them. It is exchangeable where
 * these are the only places in which a label occurs: never as a number, never beside a constant, never
 * indexing data. The test is sound; a model it does not understand counts as not exchangeable.
 */
import { type Apply, equal, type Expr, type Index, isConst, visit } from '../expr/expr.js';
import type { Factor } from '../3-derive/model.js';
import type { ExchangeableGroup } from './posterior.js';
import type { ProgramBuilder } from './programBuilder.js';

/** The groups of a program; each names its variables in the order of the program. */
export function exchangeableGroups(builder: ProgramBuilder, factors: readonly Factor[]): readonly ExchangeableGroup[] {
  const out: ExchangeableGroup[] = [];
  const taken = new Set<string>();
  for (const v of builder.bound.graph.variables.values()) {
    if (taken.has(v.name) || builder.model.statusOf(v.name) !== 'latent') continue;
    const range = builder.model.finiteRange(v.name);
    if (range === null) continue;
    const low = builder.bind(range.low),
      high = builder.bind(range.high);
    if (!isConst(low, 0) || !isConst(high) || high.value < 1) continue;
    const group = new Labels(builder, factors, v.name, high.value + 1).group();
    if (group === null) continue;
    for (const name of group.labels ?? []) taken.add(name);
    out.push(group);
  }
  return out;
}

const comparisons: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map([
  ['ge', (a: number, b: number): boolean => a >= b],
  ['gt', (a: number, b: number): boolean => a > b],
  ['le', (a: number, b: number): boolean => a <= b],
  ['lt', (a: number, b: number): boolean => a < b],
]);

/** Thrown where a label is used as more than a label. */
class NotExchangeable extends Error {}

class Labels {
  private readonly builder: ProgramBuilder;
  private readonly factors: readonly Factor[];
  private readonly size: number;
  /** Latents whose values are labels. */
  private readonly latents: Set<string>;
  /** Axes along which components are numbered, as `name/axis`. */
  private readonly axes = new Set<string>();
  /** Loop and summation indices that run over the labels. */
  private readonly indices = new Set<Index>();

  constructor(builder: ProgramBuilder, factors: readonly Factor[], first: string, size: number) {
    this.builder = builder;
    this.factors = factors;
    this.size = size;
    this.latents = new Set([first]);
  }

  group(): ExchangeableGroup | null {
    try {
      for (let before = -1; before !== this.count(); ) {
        before = this.count();
        for (const f of this.factors) this.grow(f);
      }
      if (this.axes.size === 0) return null;
      for (const f of this.factors) this.check(f);
    } catch (error) {
      if (error instanceof NotExchangeable) return null;
      throw error;
    }
    const { graph } = this.builder.bound;
    const variables = [...graph.variables.values()].flatMap((v) =>
      v.dims.flatMap((_, axis) => (this.axes.has(`${v.name}/${axis}`) ? [{ name: v.name, axis }] : [])),
    );
    const weights = this.weights();
    return {
      size: this.size,
      variables,
      labels: [...this.latents],
      orderBy: variables.find((v) => !weights.has(v.name))?.name ?? null,
    };
  }

  private count(): number {
    return this.latents.size + this.axes.size + this.indices.size;
  }
  private refuse(): never {
    throw new NotExchangeable();
  }

  /** Names of variables that are the probabilities of a label. */
  private weights(): ReadonlySet<string> {
    const out = new Set<string>();
    for (const v of this.builder.bound.graph.variables.values()) if (v.constraint.kind === 'simplex') out.add(v.name);
    for (const s of this.builder.bound.graph.statements) {
      if (s.kind !== 'sample') continue;
      const law = s.law.kind === 'truncated' ? s.law.base : s.law;
      // Probabilities of the label itself: every variable that the law of a label reads.
      if (this.latents.has(s.target.variable) && law.kind === 'family')
        for (const a of Object.values(law.parameters)) for (const name of latentsIn(this.builder.model.inline(a.body))) out.add(name);
    }
    return out;
  }

  private expressions(f: Factor): readonly Expr[] {
    return [f.logDensity, ...f.conditions, ...f.guards];
  }

  /** Adds axes selected by labels, latents that select label axes, and indices and axes that share a loop. */
  private grow(f: Factor): void {
    for (const e of this.expressions(f))
      visit(e, (x) => {
        if (x.op !== 'ref') return;
        x.at.forEach((a, axis) => {
          const key = `${x.variable}/${axis}`;
          if (a.op === 'ref' && this.latents.has(a.variable)) this.addAxis(x.variable, axis);
          else if (a.op === 'index' && this.indices.has(a)) this.addAxis(x.variable, axis);
          if (!this.axes.has(key)) return;
          if (a.op === 'ref' && this.builder.model.statusOf(a.variable) === 'latent') this.latents.add(a.variable);
          if (a.op === 'index') this.indices.add(a);
        });
      });
  }
  private addAxis(name: string, axis: number): void {
    if (this.builder.model.statusOf(name) !== 'latent' || this.builder.storage(name).shape[axis] !== this.size) this.refuse();
    const v = this.builder.bound.graph.variables.get(name);
    if (v === undefined || v.constraint.kind === 'ordered' || this.latents.has(name)) this.refuse();
    this.axes.add(`${name}/${axis}`);
  }

  /** Every use of a label is the address of a component, and every loop over labels covers them all. */
  private check(f: Factor): void {
    for (const p of f.plates) if (this.indices.has(p.index)) this.covers(p.from, p.to);
    const use = (x: Expr, address: boolean): void => {
      switch (x.op) {
        case 'index':
          if (this.indices.has(x) && !address) this.refuse();
          return;
        case 'ref':
          if (this.latents.has(x.variable) && !address) this.refuse();
          x.at.forEach((a, axis) => {
            const component = this.axes.has(`${x.variable}/${axis}`);
            if (component && !(a.op === 'index' && this.indices.has(a)) && !(a.op === 'ref' && this.latents.has(a.variable))) this.refuse();
            use(a, component);
          });
          return;
        case 'reduce':
          if (this.indices.has(x.index)) {
            if (x.kind === 'argmax') this.refuse();
            this.covers(x.from, x.to);
          }
          use(x.from, false);
          use(x.to, false);
          use(x.body, false);
          return;
        case 'cond':
          use(x.test, false);
          use(x.then, false);
          use(x.otherwise, false);
          return;
        case 'apply': {
          // Whether two labels are the same does not depend on their numbers; a label is a whole number among the labels.
          const [a, b] = x.args;
          if ((x.fn === 'eq' || x.fn === 'ne') && a !== undefined && b !== undefined && this.isLabel(a) && this.isLabel(b)) return;
          if (this.isAlikeForAll(x)) return;
          if (x.fn === 'eq' && a?.op === 'apply' && a.fn === 'floor' && b !== undefined && this.isLabel(b) && equal(a.args[0]!, b)) return;
          for (const arg of x.args) use(arg, false);
          return;
        }
        case 'element':
          for (const a of x.at) use(a, false);
          for (const a of x.array.args) {
            if (a.indices.some((i) => this.indices.has(i))) this.refuse();
            use(a.body, false);
          }
          return;
        default:
      }
    };
    for (const e of this.expressions(f)) use(e, false);
  }
  /** Whether a comparison of a label with a number comes out alike for all labels: one that tells some from the others is no matter of support. */
  private isAlikeForAll(x: Apply): boolean {
    const compare = comparisons.get(x.fn),
      [a, b] = x.args;
    if (compare === undefined || a === undefined || b === undefined || !this.isLabel(a)) return false;
    const bound = this.builder.bind(b);
    return isConst(bound) && compare(0, bound.value) === compare(this.size - 1, bound.value);
  }
  private isLabel(e: Expr): boolean {
    return (e.op === 'index' && this.indices.has(e)) || (e.op === 'ref' && this.latents.has(e.variable));
  }
  private covers(from: Expr, to: Expr): void {
    const low = this.builder.bind(from),
      high = this.builder.bind(to);
    if (!isConst(low, 0) || !isConst(high, this.size)) this.refuse();
  }
}

function latentsIn(e: Expr): readonly string[] {
  const out: string[] = [];
  visit(e, (x) => {
    if (x.op === 'ref') out.push(x.variable);
  });
  return out;
}
