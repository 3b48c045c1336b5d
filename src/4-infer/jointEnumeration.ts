/**
 * One categorical draw for all elements of a group of finite latents together: every combination of their
 * values is stored in turn and the joint density weighed. For groups whose factors are no tables over few
 * elements (`blocks/discrete.ts`), because recursive quantities follow them, say.
 */
import { type Code, type Place, accumulate, forLoop, store } from '../code/loop.js';
import { type Expr, add, addAll, apply, index, mul, num, one, ref, sub, zero } from '../expr/expr.js';
import type { ClosedForm } from '../3-derive/closedForm.js';
import { jointTerms } from './assemble.js';
import type { RegionContext } from './kernels.js';
import { impossibleOutside, loops, type ProgramBuilder } from './programBuilder.js';
import { valueCount } from './structuralZeros.js';

export interface GroupMember {
  readonly context: RegionContext;
  readonly form: ClosedForm & { readonly kind: 'finite' };
}

/** More states than this are not enumerated. */
export const mostStates: number = 1 << 16;

/** The kernel of a group; null where it has more than `mostStates` states, or a number that is not known. */
export function jointEnumeration(
  builder: ProgramBuilder,
  members: readonly GroupMember[],
  recompute: readonly Code[],
): readonly Code[] | null {
  const factors = [...new Set(members.flatMap((m) => m.context.collected.factors))];
  const counts = members.map((m) => {
    const count = builder.interval(builder.bind(valueCount(m.form.low, m.form.high)));
    const elements = elementCount(builder, m);
    return count === null || elements === null || count.low !== count.high ? null : count.high ** elements;
  });
  const states = counts.reduce<number>((n, c) => (c === null ? Infinity : n * c), 1);
  if (!(states <= mostStates)) return null;
  const weights = builder.fresh('weight', [states], 'scratch');
  const drawn = builder.fresh('drawn', [], 'local', 'int32'),
    rest = builder.fresh('rest', [], 'local', 'int32');
  const total = builder.fresh('states', [], 'local', 'int32');
  const k = index('k'),
    j = index('j');
  const each = (m: GroupMember, body: (place: Place, low: Expr, count: Expr) => readonly Code[]): readonly Code[] => {
    return loops(
      m.context.plates,
      m.context.guards,
      body(m.context.place(), builder.bind(m.form.low), builder.bind(valueCount(m.form.low, m.form.high))),
    );
  };
  // The state is a number in mixed radix, the first element its lowest digit.
  const decode = (state: Expr): readonly Code[] => [
    store(rest, [], state),
    ...members.flatMap((m) =>
      each(m, (place, low, count) => [
        store(place.storage, place.at, add(low, sub(ref(rest, []), mul(count, apply('floor', apply('div', ref(rest, []), count)))))),
        store(rest, [], apply('floor', apply('div', ref(rest, []), count))),
      ]),
    ),
    ...recompute,
  ];
  const encode: readonly Code[] = [
    store(drawn, [], zero),
    store(total, [], one),
    ...members.flatMap((m) =>
      each(m, (place, low, count) => [
        accumulate(drawn, [], mul(ref(total, []), sub(ref(place.storage, place.at), low))),
        store(total, [], mul(ref(total, []), count)),
      ]),
    ),
  ];
  const density = addAll(jointTerms(builder, factors).map((t) => impossibleOutside(builder, t.value)));
  builder.noteRange(k, zero, num(states));
  builder.noteRange(j, zero, num(states));
  return [
    ...encode,
    forLoop(k, zero, ref(total, []), [...decode(k), store(weights, [k], density)]),
    { do: 'categorical', index: j, count: ref(total, []), logWeight: ref(weights, [j]), into: { storage: drawn, at: [] } },
    ...decode(ref(drawn, [])),
  ];
}

/** Number of elements of a region, where it is known. */
function elementCount(builder: ProgramBuilder, m: GroupMember): number | null {
  const { context } = m;
  const bound = builder.bound.variables.get(context.name);
  if (bound?.mask !== undefined) return bound.mask.reduce((a, b) => a + b, 0);
  if (context.guards.length > 0) return null;
  const n = context.plates.reduce((product, p) => product * builder.trips(p.from, p.to), 1);
  return Number.isFinite(n) ? n : null;
}
