/**
 * Finite latents that meet in a factor with a structural zero: where the possible values of one depend
 * on another's, single-site updates may not reach every state, so they are one block.
 *
 * A factor of finite latents and data alone is evaluated at every combination of their values, for
 * each of its instances; it has a structural zero where the possible combinations are not a product
 * of sets of values.
 */
import { allocate, instantiate, printModule } from '../code/module.js';
import { createRuntime } from '../code/runtime.js';
import { type Code, accumulate, forLoop, store } from '../code/loop.js';
import { createRandom } from '../random/generator.js';
import {
  type Expr,
  type Index,
  add,
  apply,
  cond,
  equal,
  index,
  num,
  one,
  ref,
  rewrite,
  sub,
  variablesOf,
  visit,
  zero,
} from '../expr/expr.js';
import type { Factor } from '../3-derive/model.js';
import type { ProgramBuilder } from './programBuilder.js';
import { loops } from './programBuilder.js';

/** Factors with more values to try than this are looked at for their first instances only. */
const mostEvaluations = 1 << 20;
const mostCombinations = 1 << 12;

/** Sets of variables that belong to one block, in no order; disjoint. */
export function structuralGroups(builder: ProgramBuilder, factors: readonly Factor[]): readonly ReadonlySet<string>[] {
  const groups: Set<string>[] = [];
  for (const factor of factors) {
    const met = meeting(builder, factor);
    if (met === null) continue;
    const touched = groups.filter((g) => [...met].some((v) => g.has(v)));
    for (const g of touched) groups.splice(groups.indexOf(g), 1);
    groups.push(new Set([...met, ...touched.flatMap((g) => [...g])]));
  }
  return groups;
}

/** A reference replaced by a value to try: from `low`, `count` values. */
interface Tried {
  readonly variable: string;
  readonly at: readonly Expr[];
  readonly value: Index;
  readonly low: number;
  readonly count: number;
}

/** The finite latents of a factor with a structural zero; null where it has none or cannot be evaluated. */
function meeting(builder: ProgramBuilder, factor: Factor): ReadonlySet<string> | null {
  const { model } = builder;
  const changing = new Set(
    [factor.logDensity, ...factor.conditions].flatMap((e) => [...variablesOf(e)]).filter((v) => builder.storage(v).place !== 'data'),
  );
  if (changing.size === 0 || factor.guards.some((g) => [...variablesOf(g)].some((v) => builder.storage(v).place !== 'data'))) return null;
  const ranges = new Map<string, { low: number; count: number }>();
  for (const v of changing) {
    const range = model.finiteRange(v);
    const low = range === null ? null : builder.interval(builder.bind(range.low)),
      high = range === null ? null : builder.interval(builder.bind(range.high));
    if (low === null || high === null || !Number.isFinite(high.high - low.low)) return null;
    ranges.set(v, { low: low.low, count: high.high - low.low + 1 });
  }
  const tried: Tried[] = [];
  const replace = (e: Expr): Expr =>
    rewrite(e, (x) => {
      const range = x.op === 'ref' ? ranges.get(x.variable) : undefined;
      if (x.op !== 'ref' || range === undefined) return x;
      let known = tried.find((t) => t.variable === x.variable && t.at.length === x.at.length && t.at.every((a, d) => equal(a, x.at[d]!)));
      if (known === undefined) {
        known = { variable: x.variable, at: x.at, value: index('v'), low: range.low, count: range.count };
        tried.push(known);
      }
      return add(num(known.low), known.value);
    });
  let density = replace(builder.bind(factor.logDensity));
  for (const c of [...factor.conditions].reverse()) density = cond(replace(builder.bind(c)), density, num(-Infinity));
  const combinations = tried.reduce((n, t) => n * t.count, 1);
  // Without a value to try (a Categorical of no probabilities) there is no combination, and no end to going through them.
  if (tried.length < 2 || combinations === 0 || combinations > mostCombinations || mentionsBound(tried)) return null;
  const possible = evaluate(builder, factor, density, tried, combinations);
  for (let start = 0; start + combinations <= possible.length; start += combinations) {
    if (
      !isProduct(
        possible.subarray(start, start + combinations),
        tried.map((t) => t.count),
      )
    )
      return new Set(tried.map((t) => t.variable));
  }
  return null;
}
/** References inside sums would each be an element of their own. */
function mentionsBound(tried: readonly Tried[]): boolean {
  return tried.some((t) =>
    t.at.some((a) => {
      let found = false;
      visit(a, (x) => {
        if (x.op === 'reduce') found = true;
      });
      return found;
    }),
  );
}

/** 1 where a combination is possible, for each instance, combinations in row-major order. */
function evaluate(builder: ProgramBuilder, factor: Factor, density: Expr, tried: readonly Tried[], combinations: number): Int32Array {
  const plates = factor.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
  const cells = plates.reduce((n, p) => {
    const r = builder.interval(p.to);
    return r === null ? Infinity : n * Math.max(0, r.high);
  }, combinations);
  const limit = Math.min(cells, Math.max(combinations, Math.floor(mostEvaluations / combinations) * combinations));
  const out = '%possible',
    counter = '%counter';
  const values = tried.map((t) => ({ index: t.value, from: zero, to: num(t.count) }));
  const record: readonly Code[] = [
    {
      do: 'if',
      test: apply('lt', ref(counter, []), num(limit)),
      then: [store(out, [ref(counter, [])], apply('gt', density, num(-Infinity)))],
      otherwise: [],
    },
    accumulate(counter, [], one),
  ];
  const body = values.reduceRight<readonly Code[]>((inner, v) => [forLoop(v.index, v.from, v.to, inner)], record);
  const printed = printModule({
    storages: [
      ...builder.storages(),
      { name: out, type: 'int32', shape: [limit], place: 'state' },
      { name: counter, type: 'int32', shape: [], place: 'state' },
    ],
    functions: [
      {
        name: 'evaluate',
        parameters: [],
        body: loops(
          plates,
          factor.guards.map((g) => builder.bind(g)),
          body,
        ),
      },
    ],
  });
  const given = new Map<string, Float64Array | Int32Array>();
  for (const s of printed.storages) {
    const v = s.place === 'data' ? builder.initialValues(s.name) : undefined;
    if (v !== undefined) given.set(s.name, v);
  }
  const arrays = allocate(printed.storages, given);
  instantiate(
    printed.source,
    arrays,
    createRuntime(
      createRandom('zeros', 'zeros'),
      builder.bound.graph.hostFunctions.map((h) => h.call),
    ),
  )['evaluate']!();
  const filled = Math.min(limit, arrays[printed.storages.findIndex((s) => s.name === counter)]![0]!);
  return (arrays[printed.storages.findIndex((s) => s.name === out)] as Int32Array).subarray(0, filled);
}

/** True where the possible combinations are all those of possible values of each. */
function isProduct(possible: Int32Array, counts: readonly number[]): boolean {
  const values = counts.map((n) => new Set<number>(Array.from({ length: n }, () => -1)));
  let total = 0;
  possible.forEach((p, k) => {
    if (p === 0) return;
    total++;
    let rest = k;
    for (let d = counts.length - 1; d >= 0; d--) {
      values[d]!.add(rest % counts[d]!);
      rest = Math.floor(rest / counts[d]!);
    }
  });
  return total === 0 || total === values.reduce((n, set) => n * (set.size - (set.has(-1) ? 1 : 0)), 1);
}

/** `high - low + 1` values. */
export function valueCount(low: Expr, high: Expr): Expr {
  return add(sub(high, low), one);
}
