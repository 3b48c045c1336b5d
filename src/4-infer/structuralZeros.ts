/**
 * Finite latents that meet in a factor with a structural zero: where the possible values of one depend
 * on another's, single-site updates may not reach every state, so they are one block.
 *
 * A factor of finite latents and data alone is evaluated at every combination of their values, for
 * each of its instances; it has a structural zero where the possible combinations are not a product
 * of sets of values. Unknowns of other kinds beside them (the other entries of a row of transition probabilities) stand
 * at a few numbers in turn: impossible is what is so at each of them.
 */
import { allocate, instantiate, printModule } from '../code/module.js';
import { createRuntime } from '../code/runtime.js';
import { type Code, accumulate, forLoop, store } from '../code/loop.js';
import { createRandom } from '../random/generator.js';
import {
  type Expr,
  type Index,
  type Ref,
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

/** Trials of unknowns that have no finite range: positive, in the unit interval, far out, negative. */
const trials: readonly ((k: number) => number)[] = [
  (k) => 0.1 + 0.8 * scattered(k),
  (k) => 0.9 - 0.8 * scattered(k),
  (k) => 0.5 + 5 * scattered(k),
  (k) => 4 * scattered(k) - 2,
];
/** Numbers between 0 and 1 of which no two are the same (Weyl 1916). */
function scattered(k: number): number {
  return ((k + 1) * 0.6180339887498949) % 1;
}

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
  let open = false;
  for (const v of changing) {
    const range = model.finiteRange(v);
    const low = range === null ? null : builder.interval(builder.bind(range.low)),
      high = range === null ? null : builder.interval(builder.bind(range.high));
    if (low === null || high === null || !Number.isFinite(high.high - low.low)) open = true;
    else ranges.set(v, { low: low.low, count: high.high - low.low + 1 });
  }
  if (ranges.size === 0 || (open && isOpaque(factor))) return null;
  const tried: Tried[] = [];
  const standing: Ref[] = [];
  const replace = (e: Expr, trial: (k: number) => number): Expr =>
    rewrite(e, (x) => {
      if (x.op !== 'ref' || !changing.has(x.variable)) return x;
      const sameElement = (t: { readonly variable: string; readonly at: readonly Expr[] }): boolean =>
        t.variable === x.variable && t.at.length === x.at.length && t.at.every((a, d) => equal(a, x.at[d]!));
      const range = ranges.get(x.variable);
      if (range === undefined) {
        const known = standing.findIndex(sameElement);
        return num(trial(known >= 0 ? known : standing.push(x) - 1));
      }
      let known = tried.find(sameElement);
      if (known === undefined) {
        known = { variable: x.variable, at: x.at, value: index('v'), low: range.low, count: range.count };
        tried.push(known);
      }
      return add(num(known.low), known.value);
    });
  const possibleAt = (trial: (k: number) => number): Expr => {
    const density = replace(builder.bind(factor.logDensity), trial);
    // What is not a number at a trial says nothing: its unknowns may never stand there.
    const isPossible = open ? apply('not', apply('eq', density, num(-Infinity))) : apply('gt', density, num(-Infinity));
    const conditions = factor.conditions.map((c) => replace(builder.bind(c), trial));
    return conditions.reduceRight<Expr>((rest, c) => cond(c, rest, zero), isPossible);
  };
  const possibleSomewhere = (open ? trials : trials.slice(0, 1)).map(possibleAt).reduce((x, y) => apply('or', x, y));
  const combinations = tried.reduce((n, t) => n * t.count, 1);
  // Without a value to try (a Categorical of no probabilities) there is no combination, and no end to going through them.
  if (tried.length < 2 || combinations === 0 || combinations > mostCombinations || mentionsBound(tried)) return null;
  const possible = evaluate(builder, factor, possibleSomewhere, tried, combinations);
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
/** True for what a number of no meaning must not be handed to: functions of the user's, and those of whole matrices. */
function isOpaque(factor: Factor): boolean {
  let found = false;
  for (const e of [factor.logDensity, ...factor.conditions])
    visit(e, (x) => {
      if (x.op === 'element') found = true;
    });
  return found;
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
function evaluate(builder: ProgramBuilder, factor: Factor, isPossible: Expr, tried: readonly Tried[], combinations: number): Int32Array {
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
      then: [store(out, [ref(counter, [])], isPossible)],
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
