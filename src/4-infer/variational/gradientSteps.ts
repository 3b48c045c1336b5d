/**
 * Points without a maximum in closed form: the expected log joint as a function of their unconstrained
 * coordinates with its gradient, for steps that raise it (generalised EM, Dempster, Laird and Rubin 1977, section 3).
 */
import { type Code, store } from '../../code/loop.js';
import { ref, zero } from '../../expr/expr.js';
import type { MeanField } from '../../3-derive/meanField.js';
import { mentions } from '../../3-derive/conditional.js';
import type { Factor, LatentRegion } from '../../3-derive/model.js';
import { recomputedNames } from '../assemble.js';
import { coordinates, type Coordinates } from '../coordinates.js';
import { type FoldedTables, StatisticTables } from '../contract.js';
import { ReverseSweep } from '../gradientCode.js';
import { guarded, type ProgramBuilder } from '../programBuilder.js';
import { withExactZeros } from '../exactZeros.js';

/** Storages that a step reads and writes. */
export interface GradientSteps {
  readonly position: string;
  readonly gradient: string;
  readonly dimension: string;
  /** Of every coordinate: the element it belongs to. */
  readonly owner: Coordinates['owner'];
  readonly variables: readonly string[];
}

/**
 * Adds the entry points `layout()`, `constrain()`, `unconstrain()` and `expectedGradient()`: the expected log
 * joint of the factors that read the regions at the position, its gradient by the position in a storage.
 * @throws ModelError where a region has no coordinates; GradientRefusal where a term has no derivative.
 */
export function gradientSteps(
  builder: ProgramBuilder,
  regions: readonly LatentRegion[],
  field: MeanField,
  factors: readonly Factor[],
  folded: FoldedTables,
): GradientSteps {
  const moved = coordinates(builder, regions, 'em');
  const computed = recomputedNames(builder);
  const gradientOf = new Map(
    [...new Set([...moved.variables, ...computed, moved.position])].map((name) => [
      name,
      builder.fresh('gradient', builder.storage(name).shape, 'state'),
    ]),
  );
  const find = (name: string): string | null => gradientOf.get(name) ?? null;
  const sweep = new ReverseSweep(builder, find);
  const value = builder.fresh('expected', [], 'local');
  const tables = new StatisticTables(builder, [...moved.variables, ...computed], [], folded);
  const read = new Set(
    factors
      .filter((f) =>
        [...moved.variables, ...computed].some((v) => [f.logDensity, ...f.guards, ...f.conditions].some((e) => mentions(e, v))),
      )
      .map((f) => f.id),
  );
  for (const term of field.energy) {
    if (!read.has(term.factor)) continue;
    const done = tables.contract({ ...term, coefficient: withExactZeros(builder, term.coefficient) }, []);
    sweep.term(guarded(done.guards, done.value), value);
  }
  const clear = [...gradientOf.values()].map((storage): Code => ({ do: 'fill', storage, value: zero }));
  const derivatives = sweep.finish();
  builder.entry('layout', moved.layout);
  builder.entry('constrain', moved.constrain);
  builder.entry('unconstrain', moved.unconstrain);
  builder.entry('expectedGradient', [
    ...moved.constrain,
    store(value, [], zero),
    ...clear,
    ...tables.before,
    ...derivatives,
    ...moved.pullBack(sweep, find, zero),
    { do: 'return', value: ref(value, []) },
  ]);
  return {
    position: moved.position,
    gradient: gradientOf.get(moved.position)!,
    dimension: moved.dimension,
    owner: moved.owner,
    variables: moved.variables,
  };
}
