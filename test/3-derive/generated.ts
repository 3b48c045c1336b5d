/**
 * What generated code computes for every element of every region (coefficients, bounds and the
 * densities of slice and Metropolis steps), against the interpreter's sums over the contributions.
 */
import { type Code, store } from '../../src/code/loop.js';
import { allocate, instantiate, printModule } from '../../src/code/module.js';
import { createRuntime, type Procedure } from '../../src/code/runtime.js';
import { kindsOf, type Slot } from '../../src/3-derive/closedForm.js';
import { build, num, ref } from '../../src/expr/expr.js';
import { evaluate } from '../../src/expr/evaluate.js';
import { recomputeCode, runFolds } from '../../src/4-infer/assemble.js';
import { FoldedTables } from '../../src/4-infer/contract.js';
import { boundExprs, naturals, RegionContext, scalarDensity } from '../../src/4-infer/kernels.js';
import { derive, type RegionPlan } from '../../src/4-infer/derivation.js';
import { regionName } from '../../src/4-infer/wording.js';
import { ProgramBuilder } from '../../src/4-infer/programBuilder.js';
import { ancestralCode } from '../../src/4-infer/ancestral.js';
import { createRandom } from '../../src/random/generator.js';
import {
  boundsOf,
  type Compiled,
  elementDensity,
  naturalParameters,
  type Place,
  separableDensity,
  type State,
  termsOf,
} from './support.js';

const tolerance = 1e-9;

interface Stored {
  readonly plan: RegionPlan;
  readonly slots: readonly Slot[];
  readonly etas: readonly string[];
  readonly low: string;
  readonly high: string;
  readonly density: string | null;
  readonly candidate: string | null;
}

/** Rank of a statistic of the given event rank, as families count it. */
function slotsOf(plan: RegionPlan): readonly Slot[] {
  return kindsOf(plan.collected.contributions).map((statistic): Slot => {
    const scalar = statistic.kind === 'logdet' || plan.region.eventRank === 0;
    return { statistic, rank: scalar ? 0 : statistic.kind === 'pair' ? 2 : plan.region.eventRank === 2 ? 2 : 1 };
  });
}

/** Generated code on the values of a state, for all regions; messages of what differs from the interpreter. */
export function compareGenerated(
  compiled: Compiled,
  state: State,
  most = 12,
): { readonly failures: readonly string[]; readonly compared: number } {
  const builder = new ProgramBuilder(compiled.bound);
  const derivation = derive(builder.model);
  const folded = new FoldedTables();
  const entries: Code[] = [];
  const stored: Stored[] = [];
  for (const plan of derivation.regions) {
    const recompute = recomputeCode(builder, plan.region.variable.name);
    const context = new RegionContext(builder, plan.collected, folded);
    const shape = builder.storage(plan.region.variable.name).shape;
    const leading = shape.slice(0, plan.region.at.length);
    const slots = slotsOf(plan);
    const eta = naturals(context, slots);
    const etas = slots.map((s) =>
      builder.fresh(
        'kept',
        [
          ...leading,
          ...(s.rank === 0 ? [] : s.rank === 1 ? context.eventDims.slice(0, 1) : [context.eventDims[0]!, context.eventDims[0]!]),
        ],
        'state',
      ),
    );
    const keep = slots.flatMap((s, k): readonly Code[] => {
      const d = num(context.eventDims[0] ?? 1);
      const loops = build(s.rank === 0 ? [] : s.rank === 1 ? [d] : [d, d], (...i) => ref(eta.storages[k]!, i));
      let code: Code = store(etas[k]!, [...context.at, ...loops.indices], loops.body);
      for (const i of [...loops.indices].reverse()) code = { do: 'for', index: i, from: num(0), to: d, body: [code] };
      return [code];
    });
    const low = builder.fresh('low', leading, 'state'),
      high = builder.fresh('high', leading, 'state');
    const b = boundExprs(context);
    entries.push(
      ...context.sweep([
        ...eta.code,
        ...keep,
        ...(plan.region.eventRank === 0 ? [store(low, context.at, b.low), store(high, context.at, b.high)] : []),
      ]),
    );
    let density: string | null = null,
      candidate: string | null = null;
    if (plan.region.eventRank === 0 && plan.recognised.kind !== 'finite') {
      // What slice and Metropolis steps evaluate, at a candidate of ours for each element.
      const again = new RegionContext(builder, plan.collected, folded);
      density = builder.fresh('log', leading, 'state');
      candidate = builder.fresh('candidates', leading, 'state');
      const x = builder.fresh('x', [], 'local'),
        f = builder.fresh('f', [], 'local'),
        result = builder.fresh('result', [], 'local'),
        old = builder.fresh('old', [], 'local');
      const at = again.place().at,
        code = scalarDensity(again, ref(x, []), recompute);
      entries.push(
        ...again.sweep([
          ...code.before,
          store(old, [], again.current()),
          { do: 'function', name: f, parameters: [x], body: code.body },
          {
            do: 'call',
            procedure: 'at',
            into: { storage: result, at: [] },
            effects: [plan.region.variable.name],
            args: [
              { kind: 'function', name: f },
              { kind: 'value', value: ref(candidate, at) },
            ],
          },
          store(density, at, ref(result, [])),
          store(plan.region.variable.name, at, ref(old, [])),
          ...recompute,
        ]),
      );
    }
    stored.push({ plan, slots, etas, low, high, density, candidate });
  }
  builder.entry('keep', entries);
  builder.entry(
    'define',
    ancestralCode(builder, {
      generate: 'latents',
      wanted: (s) => s.kind === 'let' && builder.model.statusOf(s.target.variable) !== 'given',
    }),
  );
  const printed = printModule(builder.module());
  const values = new Map<string, Float64Array | Int32Array>(runFolds(builder));
  for (const s of printed.storages)
    if (!values.has(s.name)) {
      const initial = builder.initialValues(s.name);
      if (initial !== undefined) values.set(s.name, initial.slice());
    }
  // Every chain's state is the interpreter's.
  for (const v of compiled.bound.variables.values()) {
    if (v.status === 'given') continue;
    const target = values.get(v.name)!;
    state.storage(v.name).forEach((x, k) => {
      target[k] = x;
    });
  }
  const failures: string[] = [];
  let compared = 0;
  const places = stored.map(({ plan, candidate }) => {
    const own = compiled.derivation.regions.find((r) => r.region.statement === plan.region.statement)!;
    const instances = state.instances(own.region);
    const step = Math.max(1, Math.floor(instances.length / most));
    const list = instances.filter((_, k) => k % step === 0).map((indices): Place => ({ state, plan: own, indices }));
    return list.map((place) => {
      const at = own.region.at.map((e) => evaluate(e, state.environment(place.indices)));
      const shape = state.shape(own.region.variable.name).slice(0, at.length);
      const flat = at.reduce((sum, i, d) => sum * shape[d]! + i, 0);
      const proposed = candidate === null ? null : state.propose(own.region, place.indices);
      return { place, flat, proposed };
    });
  });
  const arrays = allocate(printed.storages, values);
  const named = new Map(printed.storages.map((s, k) => [s.name, arrays[k]!]));
  stored.forEach(({ candidate }, r) => {
    if (candidate !== null && named.has(candidate))
      for (const { flat, proposed } of places[r]!) named.get(candidate)![flat] = proposed![0]!;
  });
  const procedures = new Map<string, Procedure>([
    ['at', ((_: unknown, f: (x: number) => number, x: number) => f(x)) as unknown as Procedure],
  ]);
  const functions = instantiate(
    printed.source,
    arrays,
    createRuntime(
      createRandom('compare', 'compare'),
      compiled.bound.graph.hostFunctions.map((h) => h.call),
      procedures,
    ),
  );
  functions['define']!();
  functions['keep']!();
  stored.forEach(({ plan, slots, etas, low, high, density }, r) => {
    const name = regionName(plan.region);
    for (const { place, flat, proposed } of places[r]!) {
      const expected = naturalParameters(place, slots);
      const magnitudes = new Map<Slot, number>(slots.map((s) => [s, 0]));
      for (const t of termsOf(place))
        for (const s of slots)
          if (JSON.stringify(t.kind) === JSON.stringify(s.statistic)) magnitudes.set(s, magnitudes.get(s)! + Math.abs(t.coefficient));
      const differ = (what: string, got: number, want: number, magnitude: number): void => {
        if (Number.isNaN(got) && Number.isNaN(want)) return;
        compared++;
        if (got === want) return;
        if (!(Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want), magnitude)))
          failures.push(`${name} element ${flat}: ${what} is ${got} in code, ${want} by the interpreter`);
      };
      slots.forEach((s, k) =>
        expected[k]!.forEach((want, e) => {
          differ(
            `coefficient of ${JSON.stringify(s.statistic).slice(0, 60)} ${e}`,
            named.get(etas[k]!)![flat * expected[k]!.length + e]!,
            want,
            magnitudes.get(s)!,
          );
        }),
      );
      if (plan.region.eventRank > 0) continue;
      const bounds = boundsOf(place);
      differ('lower bound', named.get(low)![flat]!, bounds.low, 0);
      differ('upper bound', named.get(high)![flat]!, bounds.high, 0);
      if (density === null) continue;
      const v = proposed!;
      const separable = separableDensity(place, termsOf(place), v);
      const inside = v[0]! >= bounds.low && v[0]! <= bounds.high;
      const direct =
        place.plan.collected.direct.length === 0
          ? 0
          : state.with(place.plan.region, place.indices, v, () => elementDensity(place, null, place.plan.collected.direct));
      // In code a x + b x^2 counts from the current value.
      const current = state.storage(plan.region.variable.name)[flat]!;
      const origin = termsOf(place).reduce(
        (sum, t) =>
          t.kind.kind === 'power' && (t.kind.power === 1 || t.kind.power === 2) ? sum + t.coefficient * current ** t.kind.power : sum,
        0,
      );
      differ(
        'log density',
        named.get(density)![flat]!,
        inside ? separable.value - origin + direct : Number.NEGATIVE_INFINITY,
        separable.magnitude + Math.abs(origin) + Math.abs(direct),
      );
    }
  });
  return { failures, compared };
}
