/**
 * Drawing from a law: variates of families, mixtures by a categorical choice, truncation by the
 * distribution function of the base (with a sampler of its own where one exists).
 */
import type { Code, Place } from '../code/loop.js';
import { forLoop, store, when } from '../code/loop.js';
import type { Law } from '../2-graph/graph.js';
import { eventDimsOf, familyOf, mapLaw, type PushforwardLaw } from '../distributions/law/law.js';
import { isDiscrete, supportOf } from '../distributions/law/form.js';
import { logMassBetween } from '../distributions/law/density.js';
import { quantileLoss, quantileOf } from '../distributions/law/quantile.js';
import { replaceArgument } from '../distributions/pushforward/argument.js';
import { logOf } from '../expr/simplify.js';
import { type Expr, type Index, add, apply, cond, div, index, isConst, mul, num, one, ref, sub, substitute, zero } from '../expr/expr.js';
import { InternalError } from '../errors/diagnostic.js';
import { drawVariate } from './kernels.js';
import type { ProgramBuilder } from './programBuilder.js';

/** Code that draws one value (one event) into a place. @throws InternalError for improper laws (callers check). */
export function drawLaw(builder: ProgramBuilder, law: Law, into: Place, eventRank: number): readonly Code[] {
  switch (law.kind) {
    case 'family':
      return drawVariate(builder, familyOf(law).variate(law.parameters), into, eventRank);
    case 'truncated': {
      const low = builder.bind(law.low),
        high = builder.bind(law.high);
      const family = law.base.kind === 'family' ? familyOf(law.base) : null;
      if (law.base.kind === 'family' && family?.truncatedVariate !== undefined) {
        const { parameters } = law.base;
        const args = family.parameters.map((p) => ({ kind: 'value' as const, value: builder.bind(parameters[p.name]!.body) }));
        return [
          {
            do: 'call',
            procedure: family.truncatedVariate,
            args: [...args, { kind: 'value', value: low }, { kind: 'value', value: high }],
            into,
            effects: [],
          },
        ];
      }
      const u = builder.fresh('u', [], 'local');
      const x = quantileOf(law, ref(u, []));
      const draw: Code = { do: 'call', procedure: 'uniform', args: [], into: { storage: u, at: [] }, effects: [] };
      if (x === null) return [draw, ...bisection(builder, law, into, u)];
      const closed = store(into.storage, into.at, builder.bind(x)),
        loss = quantileLoss(law);
      return [draw, ...(loss === null ? [closed] : [when(builder.bind(loss), bisection(builder, law, into, u), [closed])])];
    }
    case 'mixture': {
      const from = builder.bind(law.from),
        to = builder.bind(law.to);
      const chosen = builder.fresh('component', [], 'local', 'int32');
      const k = index('k');
      const weight = builder.bind(logOf(substitute(law.weight, new Map([[law.index, add(from, k)]]))));
      const component = mapLaw(law.component, (e) => substitute(e, new Map([[law.index, add(from, ref(chosen, []))]])));
      return [
        store(chosen, [], zero),
        { do: 'categorical', index: k, count: sub(to, from), logWeight: weight, into: { storage: chosen, at: [] } },
        ...drawLaw(builder, component, into, eventRank),
      ];
    }
    case 'mixtureOf': {
      const chosen = builder.fresh('component', [], 'local', 'int32');
      const k = index('k');
      const weights = law.weights.map((w) => builder.bind(logOf(w)));
      const weight = weights
        .slice(0, -1)
        .reduceRight<Expr>((rest, w, c) => cond(apply('eq', k, num(c)), w, rest), weights[weights.length - 1]!);
      return [
        store(chosen, [], zero),
        { do: 'categorical', index: k, count: num(law.components.length), logWeight: weight, into: { storage: chosen, at: [] } },
        ...law.components.map((c, n): Code => when(apply('eq', ref(chosen, []), num(n)), drawLaw(builder, c, into, eventRank))),
      ];
    }
    case 'censored': {
      const value = ref(into.storage, into.at);
      return [
        ...drawLaw(builder, law.base, into, 0),
        store(into.storage, into.at, apply('max', builder.bind(law.low), apply('min', builder.bind(law.high), value))),
      ];
    }
    case 'pushforward':
      return drawPushforward(builder, law, into, eventRank);
  }
}

/** The draw, or the array of independent draws, in memory of its own; then its map, element by element. */
function drawPushforward(builder: ProgramBuilder, law: PushforwardLaw, into: Place, eventRank: number): readonly Code[] {
  const eventDims = eventDimsOf(law.base);
  const shape = [...law.over.dims, ...eventDims].map((d) => extentOf(builder, d));
  const held = builder.fresh('source', shape, shape.length === 0 ? 'local' : 'scratch');
  const fresh = law.over.indices.map((i) => index(i.name));
  const base = mapLaw(law.base, (e) => substitute(e, new Map(law.over.indices.map((i, k) => [i, fresh[k]!]))));
  const wrapped = (indices: readonly Index[], dims: readonly number[], body: readonly Code[]): readonly Code[] =>
    indices.reduceRight<readonly Code[]>((inner, i, k) => {
      builder.noteRange(i, zero, num(dims[k]!));
      return [forLoop(i, zero, num(dims[k]!), inner)];
    }, body);
  const at = [...fresh, ...eventDims.map(() => zero)];
  const draws = wrapped(fresh, shape, drawLaw(builder, base, { storage: held, at }, eventDims.length));
  const indices = law.map.indices.map((i) => index(i.name)),
    dims = law.map.dims.map((d) => extentOf(builder, d));
  const value = substitute(
    replaceArgument(law.map.body, law.argument.name, (where) => ref(held, where)),
    new Map(law.map.indices.map((i, k) => [i, indices[k]!])),
  );
  const place = [...into.at.slice(0, into.at.length - eventRank), ...indices];
  return [...draws, ...wrapped(indices, dims, [store(into.storage, place, builder.bind(value))])];
}
function extentOf(builder: ProgramBuilder, dimension: Expr): number {
  const extent = builder.bind(dimension);
  if (!isConst(extent)) throw new InternalError('a dimension of a pushforward that is not known');
  return extent.value;
}

/**
 * Inverts a distribution function without a closed-form quantile (truncated mixtures and folded laws), or whose closed form
 * has lost its digits, by halving 60 times. A half-line is halved in s of x = low + s / (1 - s).
 */
function bisection(builder: ProgramBuilder, law: Law & { kind: 'truncated' }, into: Place, u: string): readonly Code[] {
  const support = supportOf(law);
  if (support.kind !== 'interval' && support.kind !== 'integers') throw new InternalError('a truncated law of one value cannot be drawn');
  const from = builder.bind(support.low),
    to = builder.bind(support.high);
  const openBelow = isConst(from, -Infinity),
    openAbove = isConst(to, Infinity);
  const low = builder.fresh('low', [], 'local'),
    high = builder.fresh('high', [], 'local'),
    middle = builder.fresh('middle', [], 'local');
  const valueOf = (s: Expr): Expr => {
    const distance = div(s, sub(one, s));
    if (openBelow && openAbove) return div(sub(mul(num(2), s), one), mul(s, sub(one, s)));
    return openAbove ? add(from, distance) : openBelow ? sub(to, distance) : s;
  };
  const [start, end] = openBelow || openAbove ? [zero, one] : [from, to];
  // Towards a bound below that is infinite s grows as the value falls.
  const falling = openBelow && !openAbove;
  const step = index('step');
  // In logarithms, so that intervals whose mass underflows are halved like others.
  const target = builder.fresh('target', [], 'local');
  const below = apply('lt', builder.bind(logMassBetween(law.base, law.low, valueOf(ref(middle, [])))), ref(target, []));
  const raise = [store(low, [], ref(middle, []))],
    lower = [store(high, [], ref(middle, []))];
  // Of whole numbers the least with a distribution function of at least u, which the upper end has come down to.
  const result = isDiscrete(law) ? apply('floor', valueOf(ref(falling ? low : high, []))) : valueOf(ref(middle, []));
  return [
    store(target, [], add(apply('log', ref(u, [])), builder.bind(logMassBetween(law.base, law.low, law.high)))),
    store(low, [], start),
    store(high, [], end),
    {
      do: 'for',
      index: step,
      from: zero,
      to: num(60),
      body: [
        store(middle, [], apply('mul', num(0.5), add(ref(low, []), ref(high, [])))),
        when(below, falling ? lower : raise, falling ? raise : lower),
      ],
    },
    store(into.storage, into.at, result),
  ];
}
