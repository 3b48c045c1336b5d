/**
 * Generated code of factors and points: for each block the natural parameters in expectation, the
 * parameters of its factor, and the expectations that other blocks read; the evidence lower bound;
 * draws, moments and quantiles of the factors.
 */
import { type Code, accumulate, forLoop, store, when } from '../../code/loop.js';
import type { Family } from '../../distributions/family.js';
import { gammaMoment } from '../../distributions/gamma.js';
import { pareto } from '../../distributions/pareto.js';
import { InternalError } from '../../errors/diagnostic.js';
import type { ClosedForm, Slot } from '../../3-derive/closedForm.js';
import { kindsOf, regionSupport, replaceSelf, statisticName, statisticTerm } from '../../3-derive/closedForm.js';
import { type Contribution, selfExpr, type StatisticKind } from '../../3-derive/conditional.js';
import {
  atElement,
  covarianceOf,
  expectationOf,
  type MeanField,
  type MeanFieldBlock,
  MeanFieldRefusal,
  type NeededExpectation,
  oneHotOf,
  type Tables,
} from '../../3-derive/meanField.js';
import type { DerivedModel } from '../../3-derive/model.js';
import { factorsOf } from '../../3-derive/normalForm.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  at as elementAt,
  build,
  cond,
  exp,
  freeIndices,
  index,
  isConst,
  lgamma,
  log,
  mul,
  mulAll,
  neg,
  num,
  one,
  pow,
  ref,
  reduce,
  rewrite,
  scalar,
  sub,
  substitute,
  variablesOf,
  zero,
} from '../../expr/expr.js';
import { gridEdges, gridNodes } from '../../random/quadratureGrid.js';
import { FoldedTables, StatisticTables } from '../contract.js';
import { boundExprs, drawVariate, naturalArray, naturals, overEvent, RegionContext } from '../kernels.js';
import { marginalLaw, quantileLevels } from '../marginals.js';
import type { ProgramBuilder } from '../programBuilder.js';
import { guarded, loops } from '../programBuilder.js';
import { hasMode, isHeld, modeOf } from './points.js';

/** How the factor of one block is kept. */
export type FactorKind =
  | { readonly kind: 'finite'; readonly count: number; readonly low: number }
  | { readonly kind: 'family'; readonly family: Family; readonly slots: readonly Slot[] }
  | { readonly kind: 'powerGamma'; readonly power: number; readonly slots: readonly Slot[] }
  | { readonly kind: 'grid'; readonly slots: readonly Slot[] }
  /** A member of a joint Gaussian block. */
  | { readonly kind: 'gaussian' }
  /** A point without a maximum in closed form: moved along the gradient with others of its kind. */
  | { readonly kind: 'moving' }
  /** A `param`: the mode of what would be its factor. */
  | { readonly kind: 'point'; readonly form: ClosedForm; readonly slots: readonly Slot[] };

/** Which unknowns are points that maximise the bound, and how they move. */
export interface PointOptions {
  /** Sampled variables that are maximised as `param`s are. */
  readonly maximised: ReadonlySet<string>;
  /** Weight of the old natural parameters in the new ones, 0 to less than 1. */
  readonly damping: number;
  /** Added to the diagonal of covariance matrices after every step. */
  readonly inflate: number;
  /** Points without a maximum in closed form are moved along the gradient instead of refused. */
  readonly gradient: boolean;
}
export const plainPoints: PointOptions = { maximised: new Set(), damping: 0, inflate: 0, gradient: false };
/** True for what is estimated instead of described by a factor. */
export function isPoint(code: BlockCode): boolean {
  return code.factor.kind === 'point' || code.factor.kind === 'moving';
}
/** True for points that stand in the mean of Gaussians. */
export function isMeanPoint({ factor }: BlockCode): boolean {
  return (
    factor.kind === 'point' &&
    factor.form.kind === 'exponential' &&
    (factor.form.family.exponential!.statistics as readonly string[]).some((s) => s === 'x^2' || s === 'x_i x_j')
  );
}
/** A state storage that is 1 once natural parameters of an earlier step exist. */
export const dampingStorage: string = '%damping';

export interface BlockCode {
  readonly block: MeanFieldBlock;
  readonly factor: FactorKind;
  /** Natural parameters and factor parameters from the other blocks' expectations. */
  readonly update: readonly Code[];
  /** The expectations that blocks read, from the factor's parameters; follows every update. */
  readonly expectations: readonly Code[];
  /** Adds the entropy of the factor to a storage. */
  entropy(into: string): readonly Code[];
  /** Writes a draw of the block to the state. */
  readonly draw: readonly Code[];
  /** Writes mean and variance of each number of the block. */
  moments(mean: string, variance: string): readonly Code[];
  /** For vectors: writes the covariance matrix of each element. */
  covariances?(into: string): readonly Code[];
  /** Writes the quantiles of each number of the block; null where they are not in closed form. */
  quantiles(into: readonly string[]): readonly Code[] | null;
  /** For finite blocks: the largest log weight of each element, from the last update. */
  readonly scores: string | null;
  /** Adds to the scores what all values have in common, so that elements compare. */
  readonly common: readonly Code[];
  /** Points: code that marks, in a storage, elements that the expected log joint does not hold in place. */
  readonly loose?: { readonly storage: string; readonly code: readonly Code[] };
  /**
   * Members of joint blocks: the place of the block among those that are made one after the other, and the numbers of all members, for the
   * first of them (no numbers for the others, which move with it).
   */
  readonly joint?: {
    readonly rank: number;
    readonly members: readonly number[] /** What was found, in words. */;
    readonly structure: string;
  };
  /** Members of joint blocks, the first one for all: what follows once all expectations are there. */
  readonly settle?: readonly Code[];
  /**
   * Members of finite joint blocks: the update of a factor of its own, for starts; the most probable assignment, to the state (the first
   * member); the state as expectations.
   */
  readonly alone?: readonly Code[];
  readonly mode?: readonly Code[];
  readonly assigned?: readonly Code[];
}

/** Most values of a finite latent whose probabilities are kept. */
const largestTable = 1 << 16;

/** Name of the storage of a factor's parameter. */
function parameterOf(variable: string, statement: number, name: string): string {
  return `Q|${variable}|${statement}|${name}`;
}

/** Decides how a block's factor is kept. @throws MeanFieldRefusal naming the term where no way is known. */
function factorKind(builder: ProgramBuilder, block: MeanFieldBlock, points: PointOptions = plainPoints): FactorKind {
  const name = block.region.variable.name;
  const self = ref(name, block.region.at);
  const estimated = block.region.statement.kind === 'param' || points.maximised.has(name);
  if (builder.model.finiteRange(name) !== null) {
    if (estimated) throw new MeanFieldRefusal('takes finitely many values, which are not maximised one by one', self, name);
    const range = builder.model.finiteRange(name)!;
    const low = builder.bind(range.low),
      count = builder.bind(add(sub(range.high, range.low), one));
    if (low.op !== 'const' || count.op !== 'const')
      throw new MeanFieldRefusal('has a support that differs between elements', range.high, name);
    if (count.value > largestTable)
      throw new MeanFieldRefusal(`takes ${count.value} values, more than a table of probabilities holds`, range.high, name);
    return { kind: 'finite', count: count.value, low: low.value };
  }
  return continuousKind(builder.model, block, points);
}

/** The same for what is not finite, which the derivation alone decides. @throws MeanFieldRefusal as `factorKind`. */
export function continuousKind(model: DerivedModel, block: MeanFieldBlock, points: PointOptions = plainPoints): FactorKind {
  const r = block.recognised;
  const name = block.region.variable.name;
  const self = ref(name, block.region.at);
  const estimated = block.region.statement.kind === 'param' || points.maximised.has(name);
  const ordered = block.region.variable.constraint.kind === 'ordered';
  if (ordered && !(estimated && points.gradient))
    throw new MeanFieldRefusal('is bounded by its neighbours, so it has no fixed support', self, name);
  if (estimated) {
    if (points.gradient && (r.kind === 'none' || !hasMode(r) || ordered)) return { kind: 'moving' };
    if (r.kind === 'none')
      throw new MeanFieldRefusal(`is a param whose maximum is not known in closed form (${r.reason})`, r.term ?? self, name);
    return { kind: 'point', form: r, slots: 'slots' in r ? r.slots : [] };
  }
  if (r.kind === 'exponential' && !r.bounded) return { kind: 'family', family: r.family, slots: r.slots };
  if (r.kind === 'powerGamma' && !r.bounded) return { kind: 'powerGamma', power: r.power, slots: r.slots };
  const support = regionSupport(block.region);
  if (
    r.kind === 'powerLaw' &&
    support.kind === 'interval' &&
    isConst(support.high, Infinity) &&
    block.collected.bounds.every((b) => b.side === 'low')
  )
    return { kind: 'family', family: pareto, slots: r.slots };
  const obstacle = block.collected.obstacles[0];
  if (obstacle !== undefined) throw new MeanFieldRefusal('does not separate from the other unknowns', obstacle.term, name);
  const kinds = kindsOf(block.expected);
  if (r.kind === 'shiftedCount' || block.region.variable.scalar !== 'real')
    throw new MeanFieldRefusal(
      'is a count without a conjugate family',
      statisticTerm(kinds[kinds.length - 1] ?? { kind: 'log' }, block.region),
      name,
    );
  if (block.region.eventRank > 0)
    throw new MeanFieldRefusal(r.kind === 'none' ? r.reason : 'has no family', r.kind === 'none' && r.term !== null ? r.term : self, name);
  for (const k of kinds) {
    if (k.kind === 'other' && model.dependsOnLatents(replaceSelf(k.expr, zero)))
      throw new MeanFieldRefusal('mixes it with other unknowns', statisticTerm(k, block.region), name);
  }
  return { kind: 'grid', slots: kinds.map((statistic) => ({ statistic, rank: 0 as const })) };
}

/** Declares the tables of expectations; shapes are those of the variable and the statistic. */
export function declareTables(builder: ProgramBuilder, field: Tables): void {
  for (const n of field.needed) {
    if (!builder.hasStorage(n.name)) builder.addStorage({ name: n.name, type: 'float64', shape: tableShape(builder, n), place: 'state' });
  }
  for (const variable of field.covariances) {
    const { shape } = builder.storage(variable);
    if (!builder.hasStorage(covarianceOf(variable)))
      builder.addStorage({
        name: covarianceOf(variable),
        type: 'float64',
        shape: isVector(builder, variable) ? [...shape, shape[shape.length - 1]!] : shape,
        place: 'state',
      });
  }
}
function isVector(builder: ProgramBuilder, variable: string): boolean {
  return builder.model.statusOf(variable) !== 'partial' && builder.model.variable(variable).eventRank === 1;
}
function tableShape(builder: ProgramBuilder, n: NeededExpectation): readonly number[] {
  if (n.kind.kind === 'onehot') return oneHotShape(builder, n.variable.slice(0, -1));
  const shape = builder.storage(n.variable).shape;
  const rank = builder.model.statusOf(n.variable) === 'partial' ? 0 : builder.model.variable(n.variable).eventRank;
  const lead = shape.slice(0, shape.length - rank),
    d = shape.slice(shape.length - rank);
  if (rank === 0) return shape;
  if (n.kind.kind === 'pair') return [...lead, d[0]!, d[0]!];
  if (n.kind.kind === 'logdet') return lead;
  return shape;
}
function oneHotShape(builder: ProgramBuilder, variable: string): readonly number[] {
  const range = builder.model.finiteRange(variable)!;
  const count = builder.bind(add(sub(range.high, range.low), one));
  if (count.op !== 'const') throw new MeanFieldRefusal('has a support that differs between elements', range.high, variable);
  if (count.value > largestTable)
    throw new MeanFieldRefusal(`takes ${count.value} values, more than a table of probabilities holds`, range.high, variable);
  return [...builder.storage(variable).shape, count.value];
}

/** Code of all blocks. @throws MeanFieldRefusal where a factor or an expectation is not to be had. */
export function blockCodes(
  builder: ProgramBuilder,
  field: MeanField,
  folded: FoldedTables,
  points: PointOptions = plainPoints,
): readonly BlockCode[] {
  return field.blocks.map((block) => {
    const { name } = block.region.variable;
    const code = blockCode(
      builder,
      block,
      field.needed.filter((n) => n.variable === name || n.variable === oneHotOf(name)),
      folded,
      points,
    );
    if (!field.covariances.has(name)) return code;
    // No update reads covariances of its own block, so they may follow the whole of it.
    const spread =
      code.covariances?.(covarianceOf(name)) ??
      code.moments(builder.fresh('meanOf', builder.storage(name).shape, 'scratch'), covarianceOf(name));
    return { ...code, update: [...code.update, ...spread], expectations: [...code.expectations, ...spread] };
  });
}

function blockCode(
  builder: ProgramBuilder,
  raw: MeanFieldBlock,
  needed: readonly NeededExpectation[],
  folded: FoldedTables,
  points: PointOptions,
): BlockCode {
  const exact = (list: readonly Contribution[]): readonly Contribution[] =>
    list.map((c) => ({ ...c, coefficient: withExactZeros(builder, c.coefficient) }));
  const block = { ...raw, expected: exact(raw.expected), common: exact(raw.common) };
  const factor = factorKind(builder, block, points);
  const context = new RegionContext(
    builder,
    { ...block.collected, region: block.region },
    folded,
    needed.map((n) => n.name),
  );
  switch (factor.kind) {
    case 'finite':
      return finiteBlock(context, block, factor);
    case 'family':
      return familyBlock(context, block, factor.family, factor.slots, needed);
    case 'powerGamma':
      return powerGammaBlock(context, block, factor.power, factor.slots, needed);
    case 'grid':
      return gridBlock(context, block, factor.slots, needed);
    case 'moving':
      return movingBlock(context, block);
    case 'gaussian':
      throw new InternalError('a member of a joint block has no factor of its own');
    case 'point':
      return pointBlock(context, block, factor, needed, points);
  }
}

/**
 * A probability of zero times the log of a zero is zero: E[1[z = k]] log P with a forbidden P is
 * written x log P, which is 0 where x is. Logs that cannot be minus infinity stay as they are. Probabilities are
 * expectations of one-hot statistics, or what a joint block computes.
 */
export function withExactZeros(builder: ProgramBuilder, coefficient: Expr): Expr {
  const factors = factorsOf(coefficient);
  const forbidden = factors.flatMap((f): { f: Expr; argument: Expr }[] => {
    if (isConst(f, -Infinity)) return [{ f, argument: zero }];
    if (f.op === 'apply' && f.fn === 'log' && mayVanish(builder, f.args[0]!)) return [{ f, argument: f.args[0]! }];
    if (f.op === 'apply' && f.fn === 'log1p' && mayVanish(builder, add(one, f.args[0]!))) return [{ f, argument: add(one, f.args[0]!) }];
    return [];
  });
  const computed = (f: Expr): boolean => [...variablesOf(f)].some((v) => v.startsWith('%') && builder.storage(v).place === 'state');
  const hot = factors.filter((f) => (f.op === 'ref' && f.variable.startsWith('E|') && f.variable.endsWith('=|1')) || computed(f));
  const first = forbidden[0];
  if (first === undefined || hot.length === 0) return coefficient;
  return mulAll([...factors.filter((f) => f !== first.f && !hot.includes(f)), apply('xlogy', mulAll(hot), first.argument)]);
}
function mayVanish(builder: ProgramBuilder, e: Expr): boolean {
  switch (e.op) {
    case 'const':
      return !(e.value > 0);
    case 'cond':
      return mayVanish(builder, e.then) || mayVanish(builder, e.otherwise);
    case 'ref': {
      const values = builder.model.statusOf(e.variable) === 'given' ? builder.initialValues(e.variable) : undefined;
      return values?.some((x) => !(x > 0)) ?? false;
    }
    case 'apply': {
      const [a, b] = e.args;
      switch (e.fn) {
        case 'eq':
        case 'ne':
        case 'ge':
        case 'gt':
        case 'le':
        case 'lt':
        case 'and':
        case 'or':
        case 'not':
          return true;
        case 'mul':
          return mayVanish(builder, a!) || mayVanish(builder, b!);
        case 'div':
        case 'pow':
          return mayVanish(builder, a!);
        case 'sub':
          return (
            isConst(a!, 1) &&
            (b!.op === 'ref' ? (builder.initialValues(b!.variable)?.some((x) => !(x < 1)) ?? false) : b!.op !== 'const' || b!.value >= 1)
          );
        case 'add':
          return mayVanish(builder, a!) && mayVanish(builder, b!);
        default:
          return false;
      }
    }
    default:
      return false;
  }
}

function over(context: RegionContext, body: readonly Code[]): readonly Code[] {
  return loops(context.plates, context.guards, body);
}

function finiteBlock(context: RegionContext, block: MeanFieldBlock, factor: FactorKind & { kind: 'finite' }): BlockCode {
  const { builder } = context;
  const name = oneHotOf(context.name);
  const probabilities = expectationOf(name, '1');
  const shape = builder.storage(context.name).shape,
    id = context.region.statement.id;
  if (!builder.hasStorage(probabilities))
    builder.addStorage({ name: probabilities, type: 'float64', shape: [...shape, factor.count], place: 'state' });
  const entropies = builder.addStorage({ name: parameterOf(context.name, id, 'entropy'), type: 'float64', shape: [], place: 'state' });
  const scores = builder.addStorage(
    { name: parameterOf(context.name, id, 'score'), type: 'float64', shape, place: 'state' },
    new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(NaN),
  );
  const eta = logWeights(context, block.expected, factor.count);
  const logits = eta.storage;
  const [j, k, l, m] = ['k', 'k', 'k', 'k'].map((n) => index(n)) as [Index, Index, Index, Index];
  const count = num(factor.count);
  const top = builder.fresh('top', [], 'local'),
    total = builder.fresh('total', [], 'local'),
    spread = builder.fresh('spread', [], 'local');
  const cell = (i: Expr): readonly Expr[] => [...context.at, i];
  const p = (i: Expr): Expr => ref(probabilities, cell(i));
  const height = (i: Expr): Expr => sub(ref(logits, [i]), ref(top, []));
  const update = [
    store(entropies, [], zero),
    ...context.sweep([
      ...eta.code,
      store(top, [], reduce('max', j, zero, count, ref(logits, [j]))),
      forLoop(k, zero, count, [store(probabilities, cell(k), exp(height(k)))]),
      store(total, [], reduce('sum', l, zero, count, p(l))),
      // H = log sum_k e^l_k - sum_k p_k l_k, values of no weight left out.
      store(spread, [], reduce('sum', m, zero, count, cond(apply('gt', p(m), zero), mul(p(m), height(m)), zero))),
      ...((): readonly Code[] => {
        const n = index('k');
        return [
          store(spread, [], sub(log(ref(total, [])), apply('div', ref(spread, []), ref(total, [])))),
          store(total, [], apply('div', one, ref(total, []))),
          forLoop(n, zero, count, [store(probabilities, cell(n), mul(p(n), ref(total, [])))]),
        ];
      })(),
      accumulate(entropies, [], ref(spread, [])),
      store(scores, context.at, ref(top, [])),
    ]),
  ];
  const q = index('k'),
    r = index('k'),
    drawnIndex = index('k');
  const value = (i: Expr): Expr => add(num(factor.low), i);
  const drawn = builder.fresh('drawn', [], 'local', 'int32');
  const here = context.place();
  return {
    block,
    factor,
    update,
    expectations: [],
    scores,
    common: commonCode(context, block, factor.count, scores),
    entropy: (into) => [accumulate(into, [], ref(entropies, []))],
    draw: over(context, [
      store(drawn, [], zero),
      { do: 'categorical', index: drawnIndex, count, logWeight: log(p(drawnIndex)), into: { storage: drawn, at: [] } },
      store(here.storage, here.at, add(ref(drawn, []), num(factor.low))),
    ]),
    moments: (mean, variance) =>
      over(context, [
        store(total, [], reduce('sum', q, zero, count, mul(p(q), value(q)))),
        store(mean, context.at, ref(total, [])),
        store(variance, context.at, reduce('sum', r, zero, count, mul(p(r), pow(sub(value(r), ref(total, [])), num(2))))),
      ]),
    // Read off the probabilities by whoever reports them.
    quantiles: () => null,
  };
}

/**
 * The expected log weight of every value in a storage. Terms given for all values at once are written as one sum, what is
 * the same for all elements first, so that it is computed once; the others are added to the cells they name.
 */
function logWeights(
  context: RegionContext,
  contributions: readonly Contribution[],
  count: number,
): { readonly code: readonly Code[]; readonly storage: string } {
  const { builder, tables } = context;
  const k = index('k');
  const terms: Expr[] = [],
    rest: Contribution[] = [];
  for (const c of contributions) {
    const own = c.binders.find((b) => b.index === c.event[0]);
    const done = own === undefined || c.event.length !== 1 ? null : tables.contract(c, [own.index]);
    const kept = done?.binders[0];
    if (done === null || done.binders.length !== 1 || kept?.index !== own?.index || !isConst(kept!.from, 0) || !isConst(kept!.to, count)) {
      rest.push(c);
      continue;
    }
    terms.push(substitute(guarded(done.guards, done.value), new Map([[kept!.index, k]])));
  }
  const slot: Slot = { statistic: { kind: 'onehot' }, rank: 1 };
  const others = terms.length > 0 && rest.length === 0 ? null : naturals(context, [slot], rest, [count]);
  if (terms.length === 0) return { code: others!.code, storage: others!.storages[0]! };
  const plates = new Set(context.plates.map((p) => p.index));
  const varies = (e: Expr): boolean => [...freeIndices(e)].some((i) => plates.has(i));
  const storage = builder.fresh('logits', [count], 'scratch');
  const ordered = terms.map((e) => rewrite(e, (x) => (x.op === 'apply' && x.fn === 'mul' ? fixedFirst(x, varies) : x)));
  const all = [
    ...ordered.filter((e) => !varies(e)),
    ...ordered.filter(varies),
    ...(others === null ? [] : [ref(others.storages[0]!, [k])]),
  ];
  builder.noteRange(k, zero, num(count));
  return { code: [...(others?.code ?? []), forLoop(k, zero, num(count), [store(storage, [k], addAll(all))])], storage };
}

/** A product with the factors that are the same for all elements in front. */
function fixedFirst(product: Expr, varies: (e: Expr) => boolean): Expr {
  const flat = (e: Expr): readonly Expr[] => (e.op === 'apply' && e.fn === 'mul' ? e.args.flatMap(flat) : [e]);
  const factors = flat(product);
  return [...factors.filter((f) => !varies(f)), ...factors.filter(varies)].reduce((a, b) => mul(a, b));
}

function commonCode(base: RegionContext, block: MeanFieldBlock, count: number, scores: string): readonly Code[] {
  if (block.common.length === 0) return [];
  const context = new RegionContext(base.builder, { ...block.collected, region: block.region }, new FoldedTables());
  const eta = naturals(context, [{ statistic: { kind: 'onehot' }, rank: 1 }], block.common, [count]);
  return context.sweep([...eta.code, accumulate(scores, context.at, ref(eta.storages[0]!, [zero]))]);
}

/** The storages of a factor's parameters and how to read them at the current element. */
function parameterStorages(
  context: RegionContext,
  parameters: Readonly<Record<string, ArrayExpr>>,
): { readonly write: readonly Code[]; read(): Readonly<Record<string, ArrayExpr>> } {
  const { builder } = context;
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const write: Code[] = [];
  const storages = new Map<string, { name: string; dims: readonly number[] }>();
  for (const [key, a] of Object.entries(parameters)) {
    const dims = a.dims.map((d) => {
      const b = builder.bind(d);
      return b.op === 'const' ? b.value : context.eventDims[0]!;
    });
    const name = parameterOf(context.name, context.region.statement.id, key);
    builder.addStorage({ name, type: 'float64', shape: [...lead, ...dims], place: 'state' });
    storages.set(key, { name, dims });
    const event = dims.map((_, d) => index(`p${d}`));
    const body = builder.bind(elementAt(a, ...event));
    write.push(
      ...event.reduceRight<readonly Code[]>(
        (inner, i, d) => [forLoop(i, zero, num(dims[d]!), inner)],
        [store(name, [...context.at, ...event], body)],
      ),
    );
  }
  return {
    write,
    read: () =>
      Object.fromEntries(
        [...storages].map(([key, s]) => [
          key,
          s.dims.length === 0
            ? scalar(ref(s.name, context.at))
            : build(
                s.dims.map((d) => num(d)),
                (...i) => ref(s.name, [...context.at, ...i]),
              ),
        ]),
      ),
  };
}

/** Stores an array of expectations into its table. */
function writeTable(context: RegionContext, table: string, value: ArrayExpr): readonly Code[] {
  const { builder } = context;
  const shape = builder.storage(table).shape.slice(context.at.length);
  const event = shape.map((_, d) => index(`s${d}`));
  return event.reduceRight<readonly Code[]>(
    (inner, i, d) => [forLoop(i, zero, num(shape[d]!), inner)],
    [store(table, [...context.at, ...event], builder.bind(elementAt(value, ...event)))],
  );
}

function familyBlock(
  context: RegionContext,
  block: MeanFieldBlock,
  family: Family,
  slots: readonly Slot[],
  needed: readonly NeededExpectation[],
): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const natural = slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
  const { low } = boundExprs(context);
  const stored = parameterStorages(context, family.exponential!.parameters(natural, { kind: 'interval', low, high: num(Infinity) }));
  const p = stored.read();
  // Recomputed from the stored parameters: one update, then everything else in one place.
  const tables = needed.flatMap((n) => writeTable(context, n.name, familyExpectation(family, n.kind, p, context)));
  return {
    block,
    factor: { kind: 'family', family, slots },
    scores: null,
    common: [],
    ...together(context, [...eta.code, ...stored.write], tables),
    entropy: (into) => over(context, [accumulate(into, [], builder.bind(family.exponential!.entropy(p)))]),
    draw: over(context, drawVariate(builder, family.variate(p), context.place(), context.region.eventRank)),
    moments: (mean, variance) => over(context, momentCode(context, family, p, mean, variance)),
    ...(context.region.eventRank === 1 && family.variance !== undefined
      ? { covariances: (into: string): readonly Code[] => over(context, writeTable(context, into, family.variance!(p))) }
      : {}),
    quantiles: (into) => quantileCode(context, family, p, into),
  };
}

/**
 * An update and the expectations after it: element by element where a block's elements read one
 * another (a chain sees the neighbour just updated), and the expectations alone for whoever has set
 * the parameters.
 */
function together(
  context: RegionContext,
  parameters: readonly Code[],
  tables: readonly Code[],
): Pick<BlockCode, 'update' | 'expectations'> {
  return { update: context.sweep([...parameters, ...tables]), expectations: over(context, tables) };
}

function momentCode(
  context: RegionContext,
  family: Family,
  p: Readonly<Record<string, ArrayExpr>>,
  mean: string,
  variance: string,
): readonly Code[] {
  const m = family.mean?.(p),
    v = family.variance?.(p);
  if (m === undefined || v === undefined) throw new InternalError(`${family.name} states no moments`);
  // Vectors state a covariance matrix, matrices elementwise variances.
  return overEvent(context, (event) => [
    store(mean, [...context.at, ...event], context.builder.bind(elementAt(m, ...event))),
    store(
      variance,
      [...context.at, ...event],
      context.builder.bind(event.length === 1 ? elementAt(v, event[0]!, event[0]!) : elementAt(v, ...event)),
    ),
  ]);
}

/** Quantiles of each number of a family's draw by its marginal law; null where one has no closed form. */
function quantileCode(
  context: RegionContext,
  family: Family,
  p: Readonly<Record<string, ArrayExpr>>,
  into: readonly string[],
): readonly Code[] | null {
  if (
    marginalLaw(
      family,
      p,
      context.eventDims.map(() => zero),
    ) === null
  )
    return null;
  return over(
    context,
    overEvent(context, (event) => {
      const marginal = marginalLaw(family, p, event)!;
      return quantileLevels.map((u, n) => store(into[n]!, [...context.at, ...event], context.builder.bind(marginal.quantile(num(u)))));
    }),
  );
}

/** E[statistic] of a family, powers by its moments where it has them. */
function familyExpectation(family: Family, kind: StatisticKind, p: Readonly<Record<string, ArrayExpr>>, context: RegionContext): ArrayExpr {
  if (kind.kind === 'power' && family.exponential?.moment !== undefined) return scalar(family.exponential.moment(kind.power, p));
  const name = statisticName(kind, context.region.eventRank);
  try {
    if (name !== null) return family.exponential!.expectation(name, p);
  } catch (error) {
    if (!(error instanceof InternalError)) throw error;
  }
  throw new MeanFieldRefusal(`has no expectation under ${family.name} in closed form`, statisticTerm(kind, context.region), context.name);
}

/** v^p ~ Gamma(s, r): moments of v are moments of the Gamma. */
function powerGammaBlock(
  context: RegionContext,
  block: MeanFieldBlock,
  power: number,
  slots: readonly Slot[],
  needed: readonly NeededExpectation[],
): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const stored = parameterStorages(context, {
    shape: scalar(mul(add(ref(eta.storages[0]!, []), one), num(1 / power))),
    rate: scalar(neg(ref(eta.storages[1]!, []))),
  });
  const p = stored.read();
  const shape = p['shape']!.body,
    rate = p['rate']!.body;
  const logMean = sub(apply('digamma', shape), log(rate));
  const moment = (q: number): Expr => gammaMoment(shape, rate, q / power);
  const expectation = (kind: StatisticKind): Expr => {
    if (kind.kind === 'power') return moment(kind.power);
    if (kind.kind === 'log') return mul(num(1 / power), logMean);
    throw new MeanFieldRefusal('has no expectation in closed form', statisticTerm(kind, context.region), context.name);
  };
  const entropyOfGamma = addAll([shape, neg(log(rate)), lgamma(shape), mul(sub(one, shape), apply('digamma', shape))]);
  const drawn = builder.fresh('drawn', [], 'local');
  const here = context.place();
  // v falls where u = v^p rises for p < 0.
  const quantile = (u: number): Expr => pow(apply('div', apply('gammaPInverse', shape, num(power > 0 ? u : 1 - u)), rate), num(1 / power));
  return {
    block,
    factor: { kind: 'powerGamma', power, slots },
    scores: null,
    common: [],
    ...together(
      context,
      [...eta.code, ...stored.write],
      needed.flatMap((n) => writeTable(context, n.name, scalar(expectation(n.kind)))),
    ),
    // v = u^(1/p): log |dv/du| = -log |p| + (1/p - 1) log u
    entropy: (into) =>
      over(context, [accumulate(into, [], addAll([entropyOfGamma, num(-Math.log(Math.abs(power))), mul(num(1 / power - 1), logMean)]))]),
    draw: over(context, [
      {
        do: 'call',
        procedure: 'gamma',
        args: [
          { kind: 'value', value: shape },
          { kind: 'value', value: rate },
        ],
        into: { storage: drawn, at: [] },
        effects: [],
      },
      store(here.storage, here.at, pow(ref(drawn, []), num(1 / power))),
    ]),
    moments: (mean, variance) =>
      over(context, [store(mean, context.at, moment(1)), store(variance, context.at, sub(moment(2), pow(moment(1), num(2))))]),
    quantiles: (into) =>
      over(
        context,
        quantileLevels.map((u, n) => store(into[n]!, context.at, quantile(u))),
      ),
  };
}

function isPower(slot: Slot, power: number): boolean {
  return slot.statistic.kind === 'power' && slot.statistic.power === power;
}

function gridBlock(context: RegionContext, block: MeanFieldBlock, slots: readonly Slot[], needed: readonly NeededExpectation[]): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const id = context.region.statement.id;
  const table = (name: string, extra: readonly number[]): string =>
    builder.addStorage({ name: parameterOf(context.name, id, name), type: 'float64', shape: [...lead, ...extra], place: 'state' });
  const nodes = table('nodes', [gridNodes]),
    weights = table('weights', [gridNodes]),
    edges = table('edges', [gridEdges]),
    entropies = table('entropy', []);
  const x = builder.fresh('x', [], 'local'),
    f = builder.fresh('density', [], 'local'),
    total = builder.fresh('logIntegral', [], 'local'),
    centre = builder.fresh('centre', [], 'local');
  const at = (k: StatisticKind, v: Expr): Expr => replaceSelf(builder.bind(atElement(selfExpr(k), context.at)), v);
  const { low, high } = boundExprs(context);
  // On the whole line the grid counts from the middle of a v + b v^2: nodes, and squares, of numbers far from zero would lose their digits.
  const coefficient = (power: number): Expr => addAll(slots.flatMap((s, k) => (isPower(s, power) ? [ref(eta.storages[k]!, [])] : [])));
  const [a, b] = [coefficient(1), coefficient(2)];
  const shifted = isConst(low, -Infinity) && isConst(high, Infinity) && !isConst(b, 0);
  const middles = shifted ? table('middle', []) : null;
  const middle = middles === null ? zero : ref(middles, context.at);
  const density = (t: Expr): Expr =>
    addAll([
      ...slots.flatMap((s, k) =>
        shifted && (isPower(s, 1) || isPower(s, 2)) ? [] : [mul(ref(eta.storages[k]!, []), at(s.statistic, add(middle, t)))],
      ),
      ...(shifted ? [mul(t, add(a, mul(b, add(t, mul(num(2), middle)))))] : []),
    ]);
  const mean = (body: (v: Expr) => Expr): Expr => {
    const m = index('m');
    return reduce('sum', m, zero, num(gridNodes), mul(ref(weights, [...context.at, m]), body(ref(nodes, [...context.at, m]))));
  };
  const first = (storage: string): { kind: 'place'; place: { storage: string; at: readonly Expr[] } } => ({
    kind: 'place',
    place: { storage, at: [...context.at, zero] },
  });
  const value = (e: Expr): { kind: 'value'; value: Expr } => ({ kind: 'value', value: e });
  const here = context.place();
  const law = [value(low), value(high), first(weights), first(edges)];
  const held = builder.fresh('held', [], 'local');
  const holds = (moment: number): Code => ({
    do: 'call',
    procedure: 'gridHolds',
    args: [value(num(moment)), value(low), value(high), first(nodes), first(weights), first(edges)],
    into: { storage: held, at: [] },
    effects: [],
  });
  return {
    block,
    factor: { kind: 'grid', slots },
    scores: null,
    common: [],
    ...together(
      context,
      [
        ...eta.code,
        ...(middles === null ? [] : [store(middles, context.at, cond(apply('lt', b, zero), apply('div', a, mul(num(-2), b)), zero))]),
        { do: 'function', name: f, parameters: [x], body: [{ do: 'return', value: density(ref(x, [])) }] },
        {
          do: 'call',
          procedure: 'quadratureGrid',
          into: { storage: total, at: [] },
          effects: [nodes, weights, edges],
          args: [{ kind: 'function', name: f }, value(low), value(high), first(nodes), first(weights), first(edges)],
        },
        store(entropies, context.at, sub(ref(total, []), mean(density))),
      ],
      needed.flatMap((n) => writeTable(context, n.name, scalar(mean((t) => at(n.kind, add(middle, t)))))),
    ),
    entropy: (into) => over(context, [accumulate(into, [], ref(entropies, context.at))]),
    draw: over(context, [
      { do: 'call', procedure: 'gridDraw', args: law, into: { storage: centre, at: [] }, effects: [] },
      store(here.storage, here.at, add(middle, ref(centre, []))),
    ]),
    moments: (into, variance) =>
      over(context, [
        store(
          centre,
          [],
          mean((t) => t),
        ),
        holds(1),
        store(into, context.at, cond(ref(held, []), add(middle, ref(centre, [])), num(Infinity))),
        holds(2),
        store(
          variance,
          context.at,
          cond(
            ref(held, []),
            mean((t) => pow(sub(t, ref(centre, [])), num(2))),
            num(Infinity),
          ),
        ),
      ]),
    quantiles: (into) =>
      over(
        context,
        quantileLevels.flatMap((u, n): readonly Code[] => [
          { do: 'call', procedure: 'gridQuantile', args: [value(num(u)), ...law], into: { storage: centre, at: [] }, effects: [] },
          store(into[n]!, context.at, add(middle, ref(centre, []))),
        ]),
      ),
  };
}

/** A `param`: the mode of the density its contributions give, on the scale of the program. */
function pointBlock(
  context: RegionContext,
  block: MeanFieldBlock,
  factor: FactorKind & { kind: 'point' },
  needed: readonly NeededExpectation[],
  points: PointOptions,
): BlockCode {
  const { builder } = context;
  const eta = naturals(context, factor.slots, block.expected);
  const damped =
    points.damping > 0 ? factor.slots.flatMap((slot, k) => dampedSlot(context, slot, eta.storages[k]!, k, points.damping)) : [];
  const natural = factor.slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
  const mode = modeOf(context, factor.form, natural);
  const next = builder.fresh('mode', context.eventDims, context.eventDims.length === 0 ? 'local' : 'scratch');
  const inflated = (event: readonly Index[]): Expr => {
    const value = ref(next, event);
    return points.inflate > 0 && regionSupport(context.region).kind === 'cov'
      ? add(value, cond(apply('eq', event[0]!, event[1]!), num(points.inflate), zero))
      : value;
  };
  const speaks = apply('gt', weightOf(factor.slots, eta.storages, context.eventDims), zero);
  const loose = builder.fresh('loose', builder.storage(context.name).shape.slice(0, context.at.length), 'state');
  const hold = [
    ...overEvent(context, (event) => [store(next, event, builder.bind(elementAt(mode, ...event)))]),
    // What no datum speaks of stays where it is: a component without points has no mean.
    when(
      speaks,
      overEvent(context, (event) => [store(context.name, [...context.at, ...event], inflated(event))]),
    ),
  ];
  const tables = needed.flatMap((n) => writeTable(context, n.name, stateStatistic(context, n.kind)));
  return {
    block,
    factor,
    scores: null,
    common: [],
    ...together(context, [...eta.code, ...damped, ...hold], tables),
    entropy: () => [],
    draw: [],
    loose: {
      storage: loose,
      code: [
        { do: 'fill', storage: loose, value: zero },
        ...context.sweep([...eta.code, store(loose, context.at, apply('not', apply('and', speaks, isHeld(factor.form, natural))))]),
      ],
    },
    ...pointResults(context),
  };
}

/** A point that others move: nothing to update, nothing in tables. */
function movingBlock(context: RegionContext, block: MeanFieldBlock): BlockCode {
  return {
    block,
    factor: { kind: 'moving' },
    scores: null,
    common: [],
    update: [],
    expectations: [],
    entropy: () => [],
    draw: [],
    ...pointResults(context),
  };
}
/** Moments and quantiles of a point. */
function pointResults(context: RegionContext): Pick<BlockCode, 'covariances' | 'moments' | 'quantiles'> {
  return {
    ...(context.region.eventRank === 1
      ? {
          covariances: (into: string): readonly Code[] =>
            over(
              context,
              writeTable(
                context,
                into,
                build([num(context.eventDims[0]!), num(context.eventDims[0]!)], () => zero),
              ),
            ),
        }
      : {}),
    moments: (mean, variance) =>
      over(
        context,
        overEvent(context, (event) => [
          store(mean, [...context.at, ...event], context.current(event)),
          store(variance, [...context.at, ...event], zero),
        ]),
      ),
    quantiles: (into) =>
      over(
        context,
        overEvent(context, (event) => into.map((s) => store(s, [...context.at, ...event], context.current(event)))),
      ),
  };
}

/** The sum of the sizes of natural parameters: zero where no factor says anything. */
function weightOf(slots: readonly Slot[], storages: readonly string[], dims: readonly number[]): Expr {
  return addAll(
    slots.map((slot, k) => {
      const [i, j] = [index('w'), index('w')],
        d = num(dims[0] ?? 1);
      const size = (...event: readonly Expr[]): Expr => apply('abs', ref(storages[k]!, event));
      return slot.rank === 0 ? size() : reduce('sum', i, zero, d, slot.rank === 1 ? size(i) : reduce('sum', j, zero, d, size(i, j)));
    }),
  );
}

/** Mixes a natural parameter with the one of the step before, once there is one, and remembers the mixture. */
function dampedSlot(context: RegionContext, slot: Slot, storage: string, k: number, damping: number): readonly Code[] {
  const { builder } = context;
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const dims = slot.rank === 0 ? [] : slot.rank === 1 ? [context.eventDims[0]!] : [context.eventDims[0]!, context.eventDims[0]!];
  const old = builder.addStorage({
    name: parameterOf(context.name, context.region.statement.id, `natural${k}`),
    type: 'float64',
    shape: [...lead, ...dims],
    place: 'state',
  });
  const event = dims.map((_, d) => index(`d${d}`));
  const cell = [...context.at, ...event];
  const mixed = cond(
    apply('gt', ref(dampingStorage, []), zero),
    add(mul(num(1 - damping), ref(storage, event)), mul(num(damping), ref(old, cell))),
    ref(storage, event),
  );
  const body: readonly Code[] = [store(storage, event, mixed), store(old, cell, ref(storage, event))];
  return event.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(dims[d]!), inner)], body);
}

/** The smallest number whose log is taken: a proportion that nothing supports is 0, and 0 log 0 is 0. */
const smallestLogged = num(1e-300);

/** A statistic of the current state's value of the element. */
function stateStatistic(context: RegionContext, kind: StatisticKind): ArrayExpr {
  const d = num(context.eventDims[0] ?? 1);
  const current = (...e: Expr[]): Expr => context.current(e);
  if (context.region.eventRank === 0) {
    if (kind.kind === 'log') return scalar(log(apply('max', context.current(), smallestLogged)));
    if (kind.kind === 'log1m') return scalar(log(apply('max', sub(one, context.current()), smallestLogged)));
    return scalar(replaceSelf(context.builder.bind(atElement(selfExpr(kind), context.at)), context.current()));
  }
  const matrix = (): ArrayExpr => build([d, d], (i, j) => current(i, j));
  switch (kind.kind) {
    case 'pair':
      return build([d, d], (i, j) => mul(current(i), current(j)));
    case 'log':
      return build([d], (i) => log(apply('max', current(i), smallestLogged)));
    case 'inverse': {
      const m = matrix();
      return build([d, d], (i, j) => ({ op: 'element', array: { fn: 'inverse', args: [m], dims: [d, d] }, at: [i, j] }));
    }
    case 'logdet':
      return scalar({ op: 'element', array: { fn: 'logdet', args: [matrix()], dims: [] }, at: [] });
    default:
      return context.region.eventRank === 1 ? build([d], (i) => current(i)) : matrix();
  }
}

/** Expectations of a point mass at the current state: where coordinate ascent starts. */
export function startTables(builder: ProgramBuilder, field: MeanField, codes: readonly BlockCode[], folded: FoldedTables): readonly Code[] {
  return codes.flatMap(({ block, factor }): readonly Code[] => {
    const name = block.region.variable.name;
    const context = new RegionContext(builder, { ...block.collected, region: block.region }, folded);
    const code: Code[] = field.needed
      .filter((n) => n.variable === name)
      .flatMap((n) => writeTable(context, n.name, stateStatistic(context, n.kind)));
    if (factor.kind === 'finite') {
      const k: Index = index('k');
      code.push(
        forLoop(k, zero, num(factor.count), [
          store(
            expectationOf(oneHotOf(name), '1'),
            [...context.at, k],
            cond(apply('eq', add(num(factor.low), k), context.current()), one, zero),
          ),
        ]),
      );
    }
    return over(context, code);
  });
}

/** Given elements of a partly missing finite variable are point masses once and for all. */
export function givenOneHots(builder: ProgramBuilder, codes: readonly BlockCode[]): void {
  for (const { block, factor } of codes) {
    const name = block.region.variable.name;
    if (factor.kind !== 'finite' || builder.model.statusOf(name) !== 'partial') continue;
    const table = expectationOf(oneHotOf(name), '1');
    const values = builder.initialValues(name)!,
      mask = builder.initialValues(`${name}?`)!;
    const out = new Float64Array(values.length * factor.count);
    values.forEach((v, n) => {
      const k = v - factor.low;
      if (mask[n] === 0 && k >= 0 && k < factor.count) out[n * factor.count + k] = 1;
    });
    builder.setInitial(table, out);
  }
}

/** The expected log joint into a scalar storage; with the entropies of the factors it is the evidence lower bound. */
export function energyCode(builder: ProgramBuilder, energy: MeanField['energy'], folded: FoldedTables, into: string): readonly Code[] {
  const tables = new StatisticTables(builder, [], [], folded);
  const terms = energy.map((t) => {
    const done = tables.contract({ ...t, coefficient: withExactZeros(builder, t.coefficient) }, []);
    return guarded(done.guards, done.value);
  });
  return [...tables.before, store(into, [], addAll(terms))];
}
