/**
 * Factors of finite latents: a probability for each value, from log weights in expectation.
 */
import type { Slot } from '../../../3-derive/closedForm.js';
import type { Contribution } from '../../../3-derive/conditional.js';
import { type MeanFieldBlock, expectationOf, oneHotOf } from '../../../3-derive/meanField.js';
import { type Code, accumulate, forLoop, store } from '../../../code/loop.js';
import {
  type Expr,
  type Index,
  add,
  addAll,
  apply,
  cond,
  exp,
  freeIndices,
  index,
  isConst,
  log,
  mul,
  num,
  one,
  pow,
  reduce,
  ref,
  rewrite,
  sub,
  substitute,
  zero,
} from '../../../expr/expr.js';
import { FoldedTables } from '../../contract.js';
import { RegionContext, naturals } from '../../kernels.js';
import { type ProgramBuilder, guarded } from '../../programBuilder.js';
import type { BlockCode, FactorKind } from './factor.js';
import { over, parameterOf } from './tables.js';

/** A probability for each of the `factor.count` values, exp of the expected log weights, normalised. */
export function finiteBlock(context: RegionContext, block: MeanFieldBlock, factor: FactorKind & { kind: 'finite' }): BlockCode {
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

/**
 * Given elements of a partly missing finite variable are point masses once and for all. So are elements that a `let` defines, on any value:
 * whatever reads them has the definition in its place, and is the same for every value that they are summed over.
 */
export function givenOneHots(builder: ProgramBuilder, codes: readonly BlockCode[]): void {
  for (const { block, factor } of codes) {
    const name = block.region.variable.name;
    if (factor.kind !== 'finite') continue;
    if (builder.bound.variables.get(name)?.computed !== undefined) {
      const first = new Float64Array(builder.storage(name).shape.reduce((a, b) => a * b, factor.count));
      for (let c = 0; c < first.length; c += factor.count) first[c] = 1;
      builder.setInitial(expectationOf(oneHotOf(name), '1'), first);
    }
    if (builder.model.statusOf(name) !== 'partial') continue;
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
