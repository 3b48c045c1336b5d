/**
 * Generated code of coordinate ascent: for each block the natural parameters in expectation, the
 * parameters of its factor, and the expectations that other blocks read; the evidence lower bound;
 * draws and moments of the factors.
 */
import { type Code, accumulate, forLoop, store } from '../../code/loop.js';
import type { Family } from '../../distributions/family.js';
import type { ClosedForm, Slot } from '../../3-derive/closedForm.js';
import { kindsOf, replaceSelf, statisticName, statisticTerm } from '../../3-derive/closedForm.js';
import { selfExpr, type StatisticKind } from '../../3-derive/conditional.js';
import { expectationOf, type MeanField, type MeanFieldBlock, MeanFieldRefusal, type NeededExpectation, oneHotOf } from '../../3-derive/meanField.js';
import { type ArrayExpr, type Expr, type Index, add, addAll, apply, at as elementAt, build, cond, exp, index, lgamma, log, mul, neg, num, one, pow, ref, reduce, scalar, sub, zero } from '../../expr/expr.js';
import { gridNodes } from '../../random/quadratureGrid.js';
import { FoldedTables, StatisticTables } from '../contract.js';
import { boundExprs, drawVariate, naturalArray, naturals, RegionContext } from '../kernels.js';
import type { ProgramBuilder } from '../programBuilder.js';
import { loops } from '../programBuilder.js';

/** How the factor of one block is kept. */
export type FactorKind =
  | { readonly kind: 'finite'; readonly count: number; readonly low: number }
  | { readonly kind: 'family'; readonly family: Family; readonly slots: readonly Slot[] }
  | { readonly kind: 'powerGamma'; readonly power: number; readonly slots: readonly Slot[] }
  | { readonly kind: 'grid'; readonly slots: readonly Slot[] }
  /** A `param`: the mode of what would be its factor. */
  | { readonly kind: 'point'; readonly form: ClosedForm; readonly slots: readonly Slot[] };

export interface BlockCode {
  readonly block: MeanFieldBlock;
  readonly factor: FactorKind;
  /** Natural parameters, factor parameters, expectations: one coordinate ascent step. */
  readonly update: readonly Code[];
  /** Adds the entropy of the factor to a storage. */
  entropy(into: string): readonly Code[];
  /** Writes a draw of the block to the state. */
  readonly draw: readonly Code[];
  /** Writes mean and variance of each number of the block. */
  moments(mean: string, variance: string): readonly Code[];
}

/** Name of the storage of a factor's parameter. */
function parameterOf(variable: string, statement: number, name: string): string { return `Q|${variable}|${statement}|${name}`; }

/** Decides how a block's factor is kept. @throws MeanFieldRefusal naming the term where no way is known. */
export function factorKind(builder: ProgramBuilder, block: MeanFieldBlock): FactorKind {
  const r = block.recognised;
  if (r.kind === 'finite') {
    const low = builder.bind(r.low), count = builder.bind(add(sub(r.high, r.low), one));
    if (low.op !== 'const' || count.op !== 'const') throw new MeanFieldRefusal('has a support that differs between elements', r.high, block.region.variable.name);
    return { kind: 'finite', count: count.value, low: low.value };
  }
  const isPoint = block.region.statement.kind === 'param';
  if (isPoint && r.kind !== 'none') return { kind: 'point', form: r, slots: 'slots' in r ? r.slots : [] };
  if (r.kind === 'exponential' && !r.bounded) return { kind: 'family', family: r.family, slots: r.slots };
  if (r.kind === 'powerGamma' && !r.bounded) return { kind: 'powerGamma', power: r.power, slots: r.slots };
  const name = block.region.variable.name;
  const obstacle = block.collected.obstacles[0];
  if (obstacle !== undefined) throw new MeanFieldRefusal('does not separate from the other unknowns', obstacle.term, name);
  const kinds = kindsOf(block.expected);
  if (r.kind === 'shiftedCount' || block.region.variable.scalar !== 'real') throw new MeanFieldRefusal('is a count without a conjugate family', statisticTerm(kinds[kinds.length - 1] ?? { kind: 'log' }, block.region), name);
  if (block.region.eventRank > 0) throw new MeanFieldRefusal(r.kind === 'none' ? r.reason : 'has no family', r.kind === 'none' && r.term !== null ? r.term : ref(name, block.region.at), name);
  for (const k of kinds) if (k.kind === 'other' && !closedIn(k.expr)) throw new MeanFieldRefusal('mixes it with other unknowns', statisticTerm(k, block.region), name);
  return { kind: 'grid', slots: kinds.map((statistic) => ({ statistic, rank: 0 as const })) };
}
function closedIn(e: Expr): boolean {
  if (e.op === 'ref') return e.variable === '#self';
  if (e.op === 'const') return true;
  return e.op === 'apply' && e.args.every(closedIn);
}

/** Declares the tables of expectations and factor parameters. */
export function declareTables(builder: ProgramBuilder, field: MeanField, extra: readonly NeededExpectation[]): void {
  for (const n of [...field.needed, ...extra]) {
    if (builder.hasStorage(n.name)) continue;
    builder.addStorage({ name: n.name, type: 'float64', shape: tableShape(builder, n), place: 'state' });
  }
}
function tableShape(builder: ProgramBuilder, n: NeededExpectation): readonly number[] {
  if (n.kind.kind === 'onehot') {
    const own = n.variable.slice(0, -1);
    const range = builder.model.finiteRange(own)!;
    const count = builder.interval(builder.bind(add(sub(range.high, range.low), one)))!.high;
    return [...builder.storage(own).shape, count];
  }
  const shape = builder.storage(n.variable).shape;
  const rank = builder.model.statusOf(n.variable) === 'partial' ? 0 : builder.model.variable(n.variable).eventRank;
  const lead = shape.slice(0, shape.length - rank), d = shape.slice(shape.length - rank);
  if (rank === 0) return shape;
  if (n.kind.kind === 'pair') return [...lead, d[0]!, d[0]!];
  if (n.kind.kind === 'logdet') return lead;
  return shape;
}

/** Code of all blocks. @throws MeanFieldRefusal where a factor or an expectation is not to be had. */
export function blockCodes(builder: ProgramBuilder, field: MeanField, folded: FoldedTables): readonly BlockCode[] {
  return field.blocks.map((block) => blockCode(builder, block, field.needed.filter((n) => n.variable === block.region.variable.name || n.variable === oneHotOf(block.region.variable.name)), folded));
}

function blockCode(builder: ProgramBuilder, block: MeanFieldBlock, needed: readonly NeededExpectation[], folded: FoldedTables): BlockCode {
  const factor = factorKind(builder, block);
  const context = new RegionContext(builder, block.collected.region === block.region ? block.collected : { ...block.collected, region: block.region }, folded, needed.map((n) => n.name));
  switch (factor.kind) {
    case 'finite': return finiteBlock(context, block, factor);
    case 'family': return familyBlock(context, block, factor.family, factor.slots, needed);
    case 'powerGamma': return powerGammaBlock(context, block, factor.power, factor.slots, needed);
    case 'grid': return gridBlock(context, block, factor.slots, needed);
    case 'point': return pointBlock(context, block, factor, needed);
  }
}

function over(context: RegionContext, body: readonly Code[]): readonly Code[] { return loops(context.plates, context.guards, body); }

function finiteBlock(context: RegionContext, block: MeanFieldBlock, factor: FactorKind & { kind: 'finite' }): BlockCode {
  const { builder } = context;
  const name = oneHotOf(context.name);
  const probabilities = expectationOf(name, '1');
  if (!builder.hasStorage(probabilities)) builder.addStorage({ name: probabilities, type: 'float64', shape: [...builder.storage(context.name).shape, factor.count], place: 'state' });
  const slot: Slot = { statistic: { kind: 'onehot' }, rank: 1 };
  const eta = naturals(context, [slot], block.expected, [factor.count]);
  const logits = eta.storages[0]!;
  const k = index('k'), j = index('k'), m = index('k');
  const count = num(factor.count);
  const top = builder.fresh('top', [], 'local'), total = builder.fresh('total', [], 'local');
  const cell = (i: Expr): readonly Expr[] => [...context.at, i];
  const update = context.sweep([
    ...eta.code,
    store(top, [], reduce('logsumexp', j, zero, count, ref(logits, [j]))),
    forLoop(k, zero, count, [store(probabilities, cell(k), exp(sub(ref(logits, [k]), ref(top, []))))]),
  ]);
  const p = (i: Expr): Expr => ref(probabilities, cell(i));
  const value = (i: Expr): Expr => add(num(factor.low), i);
  const drawn = builder.fresh('drawn', [], 'local', 'int32');
  const here = context.place();
  return {
    block, factor, update,
    entropy: (into) => over(context, [accumulate(into, [], neg(reduce('sum', m, zero, count, apply('xlogy', p(m), p(m)))))]),
    draw: over(context, [store(drawn, [], zero), { do: 'categorical', index: k, count, logWeight: log(p(k)), into: { storage: drawn, at: [] } }, store(here.storage, here.at, add(ref(drawn, []), num(factor.low)))]),
    moments: (mean, variance) => over(context, [
      store(total, [], reduce('sum', m, zero, count, mul(p(m), value(m)))),
      store(mean, context.at, ref(total, [])),
      store(variance, context.at, reduce('sum', m, zero, count, mul(p(m), pow(sub(value(m), ref(total, [])), num(2))))),
    ]),
  };
}

/** The storages of a factor's parameters and how to read them at the current element. */
function parameterStorages(context: RegionContext, parameters: Readonly<Record<string, ArrayExpr>>): { readonly write: readonly Code[]; read(): Readonly<Record<string, ArrayExpr>> } {
  const { builder } = context;
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const write: Code[] = [];
  const storages = new Map<string, { name: string; dims: readonly number[] }>();
  for (const [key, a] of Object.entries(parameters)) {
    const dims = a.dims.map((d) => { const b = builder.bind(d); return b.op === 'const' ? b.value : context.eventDims[0]!; });
    const name = parameterOf(context.name, context.region.statement.id, key);
    builder.addStorage({ name, type: 'float64', shape: [...lead, ...dims], place: 'state' });
    storages.set(key, { name, dims });
    const event = dims.map((_, d) => index(`p${d}`));
    const body = builder.bind(elementAt(a, ...event));
    write.push(...event.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(dims[d]!), inner)], [store(name, [...context.at, ...event], body)]));
  }
  return {
    write,
    read: () => Object.fromEntries([...storages].map(([key, s]) => [key, s.dims.length === 0 ? scalar(ref(s.name, context.at)) : build(s.dims.map((d) => num(d)), (...i) => ref(s.name, [...context.at, ...i]))])),
  };
}

/** Stores an array of expectations into its table. */
function writeTable(context: RegionContext, table: string, value: ArrayExpr): readonly Code[] {
  const { builder } = context;
  const shape = builder.storage(table).shape.slice(context.at.length);
  const event = shape.map((_, d) => index(`s${d}`));
  return event.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(shape[d]!), inner)], [store(table, [...context.at, ...event], builder.bind(elementAt(value, ...event)))]);
}

function familyBlock(context: RegionContext, block: MeanFieldBlock, family: Family, slots: readonly Slot[], needed: readonly NeededExpectation[]): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const natural = slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
  const stored = parameterStorages(context, family.exponential!.parameters(natural));
  const p = stored.read();
  const tables = needed.flatMap((n) => writeTable(context, n.name, familyExpectation(family, n.kind, p, context)));
  return {
    block, factor: { kind: 'family', family, slots },
    update: context.sweep([...eta.code, ...stored.write, ...tables]),
    entropy: (into) => over(context, [accumulate(into, [], builder.bind(family.exponential!.entropy(p)))]),
    draw: over(context, drawVariate(builder, family.variate(p), context.place(), context.region.eventRank)),
    moments: (mean, variance) => over(context, momentCode(context, family, p, mean, variance)),
  };
}
function momentCode(context: RegionContext, family: Family, p: Readonly<Record<string, ArrayExpr>>, mean: string, variance: string): readonly Code[] {
  const m = family.mean?.(p), v = family.variance?.(p);
  if (m === undefined || v === undefined) return [];
  const dims = context.eventDims;
  const event = dims.map((_, d) => index(`v${d}`));
  // Vectors state a covariance matrix, matrices elementwise variances.
  const own = dims.length === 1 ? elementAt(v, event[0]!, event[0]!) : elementAt(v, ...event);
  const put = [store(mean, [...context.at, ...event], context.builder.bind(elementAt(m, ...event))), store(variance, [...context.at, ...event], context.builder.bind(own))];
  return event.reduceRight<readonly Code[]>((inner, i, d) => [forLoop(i, zero, num(dims[d]!), inner)], put);
}

/** E[statistic] of a family, with powers of Gamma and InverseGamma by their gamma functions. */
function familyExpectation(family: Family, kind: StatisticKind, p: Readonly<Record<string, ArrayExpr>>, context: RegionContext): ArrayExpr {
  const name = statisticName(kind, context.region.eventRank);
  if (kind.kind === 'power' && context.region.eventRank === 0 && (family.name === 'Gamma' || family.name === 'InverseGamma')) {
    const shape = p['shape']!.body;
    const rate = family.name === 'Gamma' ? p['rate']!.body : p['scale']!.body;
    const q = family.name === 'Gamma' ? kind.power : -kind.power;
    return scalar(mul(exp(sub(lgamma(add(shape, num(q))), lgamma(shape))), pow(rate, num(-q))));
  }
  const known = family.exponential!.statistics as readonly string[];
  if (name !== null && (known.includes(name) || name === 'x' || name === 'x^2' || name === 'X_ij' || name === 'inverse(X)_ij' || name === 'logdet X')) return family.exponential!.expectation(name, p);
  throw new MeanFieldRefusal(`has no expectation under ${family.name} in closed form`, statisticTerm(kind, context.region), context.name);
}

/** v^p ~ Gamma(s, r): moments of v are moments of the Gamma. */
function powerGammaBlock(context: RegionContext, block: MeanFieldBlock, power: number, slots: readonly Slot[], needed: readonly NeededExpectation[]): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const stored = parameterStorages(context, {
    shape: scalar(mul(add(ref(eta.storages[0]!, []), one), num(1 / power))), rate: scalar(neg(ref(eta.storages[1]!, []))),
  });
  const p = stored.read();
  const shape = p['shape']!.body, rate = p['rate']!.body;
  const logMean = sub(apply('digamma', shape), log(rate));
  const moment = (q: number): Expr => mul(exp(sub(lgamma(add(shape, num(q / power))), lgamma(shape))), pow(rate, num(-q / power)));
  const expectation = (kind: StatisticKind): Expr => {
    if (kind.kind === 'power') return moment(kind.power);
    if (kind.kind === 'log') return mul(num(1 / power), logMean);
    throw new MeanFieldRefusal('has no expectation in closed form', statisticTerm(kind, context.region), context.name);
  };
  const entropyOfGamma = addAll([shape, neg(log(rate)), lgamma(shape), mul(sub(one, shape), apply('digamma', shape))]);
  const drawn = builder.fresh('drawn', [], 'local');
  const here = context.place();
  return {
    block, factor: { kind: 'powerGamma', power, slots },
    update: context.sweep([...eta.code, ...stored.write, ...needed.flatMap((n) => writeTable(context, n.name, scalar(expectation(n.kind))))]),
    // v = u^(1/p): log |dv/du| = -log |p| + (1/p - 1) log u
    entropy: (into) => over(context, [accumulate(into, [], addAll([entropyOfGamma, num(-Math.log(Math.abs(power))), mul(num(1 / power - 1), logMean)]))]),
    draw: over(context, [{ do: 'call', procedure: 'gamma', args: [{ kind: 'value', value: shape }, { kind: 'value', value: rate }], into: { storage: drawn, at: [] }, effects: [] }, store(here.storage, here.at, pow(ref(drawn, []), num(1 / power)))]),
    moments: (mean, variance) => over(context, [store(mean, context.at, moment(1)), store(variance, context.at, sub(moment(2), pow(moment(1), num(2))))]),
  };
}

function gridBlock(context: RegionContext, block: MeanFieldBlock, slots: readonly Slot[], needed: readonly NeededExpectation[]): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const lead = builder.storage(context.name).shape.slice(0, context.at.length);
  const id = context.region.statement.id;
  const nodes = builder.addStorage({ name: parameterOf(context.name, id, 'nodes'), type: 'float64', shape: [...lead, gridNodes], place: 'state' });
  const weights = builder.addStorage({ name: parameterOf(context.name, id, 'weights'), type: 'float64', shape: [...lead, gridNodes], place: 'state' });
  const entropies = builder.addStorage({ name: parameterOf(context.name, id, 'entropy'), type: 'float64', shape: lead, place: 'state' });
  const x = builder.fresh('x', [], 'local'), f = builder.fresh('density', [], 'local'), total = builder.fresh('logIntegral', [], 'local'), centre = builder.fresh('centre', [], 'local');
  const density = (v: Expr): Expr => addAll(slots.map((s, k) => mul(ref(eta.storages[k]!, []), replaceSelf(builder.bind(selfExpr(s.statistic)), v))));
  const { low, high } = boundExprs(context);
  const m = index('m');
  const sumOver = (body: (v: Expr) => Expr): Expr => reduce('sum', m, zero, num(gridNodes), mul(ref(weights, [...context.at, m]), body(ref(nodes, [...context.at, m]))));
  const statistic = (k: StatisticKind): Expr => sumOver((v) => replaceSelf(builder.bind(selfExpr(k)), v));
  const here = context.place();
  const k = index('k'), drawn = builder.fresh('drawn', [], 'local', 'int32');
  return {
    block, factor: { kind: 'grid', slots },
    update: context.sweep([
      ...eta.code,
      { do: 'function', name: f, parameters: [x], body: [{ do: 'return', value: density(ref(x, [])) }] },
      {
        do: 'call', procedure: 'quadratureGrid', into: { storage: total, at: [] }, effects: [nodes, weights],
        args: [{ kind: 'function', name: f }, { kind: 'value', value: low }, { kind: 'value', value: high }, { kind: 'place', place: { storage: nodes, at: [...context.at, zero] } }, { kind: 'place', place: { storage: weights, at: [...context.at, zero] } }],
      },
      store(entropies, context.at, sub(ref(total, []), sumOver(density))),
      ...needed.flatMap((n) => writeTable(context, n.name, scalar(statistic(n.kind)))),
    ]),
    entropy: (into) => over(context, [accumulate(into, [], ref(entropies, context.at))]),
    draw: over(context, [store(drawn, [], zero), { do: 'categorical', index: k, count: num(gridNodes), logWeight: log(ref(weights, [...context.at, k])), into: { storage: drawn, at: [] } }, store(here.storage, here.at, ref(nodes, [...context.at, ref(drawn, [])]))]),
    moments: (mean, variance) => over(context, [
      store(centre, [], sumOver((v) => v)), store(mean, context.at, ref(centre, [])),
      store(variance, context.at, sumOver((v) => pow(sub(v, ref(centre, [])), num(2)))),
    ]),
  };
}

/** A `param`: the mode of the density its contributions give, on the scale of the program. */
function pointBlock(context: RegionContext, block: MeanFieldBlock, factor: FactorKind & { kind: 'point' }, needed: readonly NeededExpectation[]): BlockCode {
  const { builder } = context;
  const eta = naturals(context, factor.slots, block.expected);
  const scalarEta = (k: number): Expr => ref(eta.storages[k]!, []);
  const d = context.eventDims[0] ?? 1, dimension = num(d);
  const form = factor.form;
  let value: ArrayExpr;
  if (form.kind === 'powerGamma') value = scalar(pow(apply('div', scalarEta(0), mul(num(-form.power), scalarEta(1))), num(1 / form.power)));
  else if (form.kind === 'exponential') {
    const natural = form.slots.map((s, k) => naturalArray(s, eta.storages[k]!, context.eventDims));
    const statistics = form.family.exponential!.statistics;
    const find = (s: string): number => (statistics as readonly string[]).indexOf(s);
    if (find('x^2') >= 0) value = scalar(apply('div', scalarEta(find('x')), mul(num(-2), scalarEta(find('x^2')))));
    else if (find('x_i x_j') >= 0) value = form.family.exponential!.parameters(natural)['mean']!;
    else if (find('log x_i') >= 0) {
      const i = index('i');
      const sum = reduce('sum', i, zero, dimension, elementAt(natural[0]!, i));
      value = build([dimension], (j) => apply('div', elementAt(natural[0]!, j), sum));
    } else if (find('log(1-x)') >= 0) value = scalar(apply('div', scalarEta(find('log x')), add(scalarEta(find('log x')), scalarEta(find('log(1-x)')))));
    else if (find('x') >= 0 && find('log x') >= 0) value = scalar(apply('div', scalarEta(find('log x')), neg(scalarEta(find('x')))));
    else if (find('1/x') >= 0) value = scalar(apply('div', scalarEta(find('1/x')), scalarEta(find('log x'))));
    // c logdet X + tr(A inverse(X)): maximum at A / c, for A = coefficient of inverse(X).
    else if (find('inverse(X)_ij') >= 0) value = build([dimension, dimension], (i, j) => apply('div', elementAt(natural[find('inverse(X)_ij')]!, i, j), scalarEta(find('logdet X'))));
    else throw new MeanFieldRefusal('is a param without a maximum in closed form', ref(context.name, context.at), context.name);
  } else throw new MeanFieldRefusal('is a param without a maximum in closed form', ref(context.name, context.at), context.name);
  const here = context.name;
  const event = context.eventDims.map((_, n) => index(`e${n}`));
  const hold = event.reduceRight<readonly Code[]>((inner, i, n) => [forLoop(i, zero, num(context.eventDims[n]!), inner)], [store(here, [...context.at, ...event], builder.bind(elementAt(value, ...event)))]);
  const tables = needed.flatMap((n) => writeTable(context, n.name, stateStatistic(context, n.kind)));
  const put = (mean: string, variance: string): readonly Code[] => event.reduceRight<readonly Code[]>((inner, i, n) => [forLoop(i, zero, num(context.eventDims[n]!), inner)], [store(mean, [...context.at, ...event], context.current(event)), store(variance, [...context.at, ...event], zero)]);
  return { block, factor, update: context.sweep([...eta.code, ...hold, ...tables]), entropy: () => [], draw: [], moments: (mean, variance) => over(context, put(mean, variance)) };
}

/** A statistic of the current state's value of the element. */
export function stateStatistic(context: RegionContext, kind: StatisticKind): ArrayExpr {
  const d = num(context.eventDims[0] ?? 1);
  const current = (...e: Expr[]): Expr => context.current(e);
  if (context.region.eventRank === 0) return scalar(replaceSelf(context.builder.bind(selfExpr(kind)), context.current()));
  const matrix = (): ArrayExpr => build([d, d], (i, j) => current(i, j));
  switch (kind.kind) {
    case 'pair': return build([d, d], (i, j) => mul(current(i), current(j)));
    case 'log': return build([d], (i) => log(current(i)));
    case 'inverse': { const m = matrix(); return build([d, d], (i, j) => ({ op: 'element', array: { fn: 'inverse', args: [m], dims: [d, d] }, at: [i, j] })); }
    case 'logdet': return scalar({ op: 'element', array: { fn: 'logdet', args: [matrix()], dims: [] }, at: [] });
    default: return context.region.eventRank === 1 ? build([d], (i) => current(i)) : matrix();
  }
}

/** Expectations of a point mass at the current state: where coordinate ascent starts. */
export function startTables(builder: ProgramBuilder, field: MeanField, folded: FoldedTables): readonly Code[] {
  return field.blocks.flatMap((block): readonly Code[] => {
    const name = block.region.variable.name;
    const context = new RegionContext(builder, { ...block.collected, region: block.region }, folded);
    const own = field.needed.filter((n) => n.variable === name);
    const hot = expectationOf(oneHotOf(name), '1');
    const k: Index = index('k');
    const code: Code[] = own.flatMap((n) => writeTable(context, n.name, stateStatistic(context, n.kind)));
    if (block.recognised.kind === 'finite' && builder.hasStorage(hot)) {
      const shape = builder.storage(hot).shape;
      const low = builder.bind(block.recognised.low);
      code.push(forLoop(k, zero, num(shape[shape.length - 1]!), [store(hot, [...context.at, k], cond(apply('eq', add(low, k), context.current()), one, zero))]));
    }
    return over(context, code);
  });
}

/** The evidence lower bound: expected log joint plus entropies, into a scalar storage. */
export function boundCode(builder: ProgramBuilder, field: MeanField, codes: readonly BlockCode[], folded: FoldedTables, into: string): readonly Code[] {
  const tables = new StatisticTables(builder, [], [], folded);
  const terms = field.energy.map((t) => {
    const done = tables.contract(t, []);
    return done.guards.reduce<Expr>((value, g) => cond(g, value, zero), done.value);
  });
  return [...tables.before, store(into, [], addAll(terms)), ...codes.flatMap((c) => c.entropy(into))];
}
