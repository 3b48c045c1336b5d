/**
 * One categorical draw for a group of finite latents together: every combination of their values is
 * stored in turn and weighed. Groups along one plate are drawn element by element of the plate, others
 * (scalars, or all elements of their variables) at once.
 */
import { type Code, type Place, accumulate, forLoop, store } from '../code/loop.js';
import { type Expr, type Index, add, addAll, apply, equal, index, mul, num, one, ref, sub, visit, zero } from '../expr/expr.js';
import type { ClosedForm } from '../3-derive/closedForm.js';
import type { Factor } from '../3-derive/model.js';
import { jointTerms } from './assemble.js';
import { directDensity, type RegionContext } from './kernels.js';
import { loops, type ProgramBuilder } from './programBuilder.js';
import { valueCount } from './structuralZeros.js';

export interface GroupMember { readonly context: RegionContext; readonly form: ClosedForm & { readonly kind: 'finite' } }

/** More states than this are not enumerated. */
export const mostStates: number = 1 << 16;

/** The kernel of a group; null where it has more than `mostStates` states, or a number that is not known. */
export function jointEnumeration(builder: ProgramBuilder, members: readonly GroupMember[], recompute: readonly Code[]): readonly Code[] | null {
  const factors = [...new Set(members.flatMap((m) => m.context.collected.factors))];
  const aligned = recompute.length === 0 && sharePlates(members, factors);
  const counts = members.map((m) => {
    const count = builder.interval(builder.bind(valueCount(m.form.low, m.form.high)));
    const elements = aligned ? 1 : elementCount(builder, m);
    return count === null || elements === null || (!aligned && count.low !== count.high) ? null : count.high ** elements;
  });
  const states = counts.reduce<number>((n, c) => (c === null ? Infinity : n * c), 1);
  if (!(states <= mostStates)) return null;
  const weights = builder.fresh('weight', [states], 'scratch');
  const drawn = builder.fresh('drawn', [], 'local', 'int32'), rest = builder.fresh('rest', [], 'local', 'int32');
  const total = builder.fresh('states', [], 'local', 'int32');
  const k = index('k'), j = index('j');
  const each = (m: GroupMember, body: (place: Place, low: Expr, count: Expr) => readonly Code[]): readonly Code[] => {
    const inner = body(m.context.place(), builder.bind(m.form.low), builder.bind(valueCount(m.form.low, m.form.high)));
    return aligned ? inner : loops(m.context.plates, m.context.guards, inner);
  };
  // The state is a number in mixed radix, the first element its lowest digit.
  const decode = (state: Expr): readonly Code[] => [
    store(rest, [], state),
    ...members.flatMap((m) => each(m, (place, low, count) => [
      store(place.storage, place.at, add(low, sub(ref(rest, []), mul(count, apply('floor', apply('div', ref(rest, []), count)))))),
      store(rest, [], apply('floor', apply('div', ref(rest, []), count))),
    ])),
    ...recompute,
  ];
  const encode: readonly Code[] = [
    store(drawn, [], zero), store(total, [], one),
    ...members.flatMap((m) => each(m, (place, low, count) => [
      accumulate(drawn, [], mul(ref(total, []), sub(ref(place.storage, place.at), low))),
      store(total, [], mul(ref(total, []), count)),
    ])),
  ];
  const density = aligned
    ? addAll(factors.map((f) => directDensity(members.find((m) => m.context.collected.factors.includes(f))!.context, [f], null)))
    : addAll(jointTerms(builder, factors).map((t) => t.value));
  builder.noteRange(k, zero, num(states));
  builder.noteRange(j, zero, num(states));
  const body: readonly Code[] = [
    ...encode,
    forLoop(k, zero, ref(total, []), [...decode(k), store(weights, [k], density)]),
    { do: 'categorical', index: j, count: ref(total, []), logWeight: ref(weights, [j]), into: { storage: drawn, at: [] } },
    ...decode(ref(drawn, [])),
  ];
  const first = members[0]!.context;
  return aligned ? loops(first.plates, first.guards, body) : body;
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

/**
 * True where the members have one element each for each step of the same loops, and every factor
 * refers to them at one address, so that each element of the loops is a block of its own.
 */
function sharePlates(members: readonly GroupMember[], factors: readonly Factor[]): boolean {
  const [first, ...others] = members;
  if (first === undefined || new Set(members.map((m) => m.context.name)).size !== members.length) return false;
  const map = (m: GroupMember): ReadonlyMap<Index, Index> => new Map(m.context.plates.map((p, d): [Index, Index] => [p.index, first.context.plates[d]!.index]));
  for (const m of others) {
    if (m.context.plates.length !== first.context.plates.length || m.context.at.length !== first.context.at.length) return false;
    const bound = map(m);
    if (![...bound].every(([a, b]) => a === b)) return false;
    if (!m.context.at.every((e, d) => equal(e, first.context.at[d]!)) || m.context.guards.length !== first.context.guards.length) return false;
    if (!m.context.guards.every((g, d) => equal(g, first.context.guards[d]!))) return false;
  }
  const names = new Set(members.map((m) => m.context.name));
  return factors.every((f) => {
    let address: readonly Expr[] | null = null, one_ = true;
    for (const e of [f.logDensity, ...f.guards, ...f.conditions]) visit(e, (x) => {
      if (x.op !== 'ref' || !names.has(x.variable)) return;
      if (address === null) address = x.at;
      else if (!x.at.every((a, d) => equal(a, address![d]!))) one_ = false;
      if (!x.at.every((a) => a.op === 'index' && f.plates.some((p) => p.index === a))) one_ = false;
    });
    return one_;
  });
}
