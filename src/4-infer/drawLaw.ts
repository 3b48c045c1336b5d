/**
 * Drawing from a law: variates of families, mixtures by a categorical choice, truncation by the
 * distribution function of the base (with a sampler of its own where one exists).
 */
import type { Code, Place } from '../code/loop.js';
import { store, when } from '../code/loop.js';
import type { Law } from '../2-graph/graph.js';
import { cdfOf, familyOf, isProper, quantileOf } from '../distributions/law.js';
import { logOf } from '../expr/simplify.js';
import { type Expr, add, apply, cond, index, isConst, num, ref, sub, substitute, zero } from '../expr/expr.js';
import { mapLaw } from '../distributions/law.js';
import { InternalError } from '../errors/diagnostic.js';
import { drawVariate } from './kernels.js';
import type { ProgramBuilder } from './programBuilder.js';

/** Families whose truncated law the runtime draws directly, exact far into the tails. */
const direct: ReadonlySet<string> = new Set(['Normal', 'Gamma', 'InverseGamma', 'Beta']);

/** True where `drawLaw` can draw from it: proper, and truncated only where a distribution function or rejection serves. */
export function canDraw(law: Law): boolean { return isProper(law); }

/** Code that draws one value (one event) into a place. @throws InternalError for improper laws (callers check). */
export function drawLaw(builder: ProgramBuilder, law: Law, into: Place, eventRank: number): readonly Code[] {
  switch (law.kind) {
    case 'family': return drawVariate(builder, familyOf(law).variate(law.parameters), into, eventRank);
    case 'truncated': {
      const low = builder.bind(law.low), high = builder.bind(law.high);
      if (law.base.kind === 'family' && direct.has(law.base.family)) {
        const f = familyOf(law.base), parameters = law.base.parameters;
        const args = f.parameters.map((p) => ({ kind: 'value' as const, value: builder.bind(parameters[p.name]!.body) }));
        return [{ do: 'call', procedure: `truncated${law.base.family}`, args: [...args, { kind: 'value', value: low }, { kind: 'value', value: high }], into, effects: [] }];
      }
      const u = builder.fresh('u', [], 'local');
      const x = quantileOf(law, ref(u, []));
      const draw: Code = { do: 'call', procedure: 'uniform', args: [], into: { storage: u, at: [] }, effects: [] };
      if (x !== null) return [draw, store(into.storage, into.at, builder.bind(x))];
      return bisection(builder, law, into, draw, u);
    }
    case 'mixture': {
      const from = builder.bind(law.from), to = builder.bind(law.to);
      const chosen = builder.fresh('component', [], 'local', 'int32');
      const k = index('k');
      const weight = builder.bind(logOf(substitute(law.weight, new Map([[law.index, add(from, k)]]))));
      const component = mapLaw(law.component, (e) => substitute(e, new Map([[law.index, add(from, ref(chosen, []))]])));
      return [store(chosen, [], zero), { do: 'categorical', index: k, count: sub(to, from), logWeight: weight, into: { storage: chosen, at: [] } }, ...drawLaw(builder, component, into, eventRank)];
    }
    case 'mixtureOf': {
      const chosen = builder.fresh('component', [], 'local', 'int32');
      const k = index('k');
      const weights = law.weights.map((w) => builder.bind(logOf(w)));
      const weight = weights.slice(0, -1).reduceRight<Expr>((rest, w, c) => cond(apply('eq', k, num(c)), w, rest), weights[weights.length - 1]!);
      return [
        store(chosen, [], zero),
        { do: 'categorical', index: k, count: num(law.components.length), logWeight: weight, into: { storage: chosen, at: [] } },
        ...law.components.map((c, n): Code => when(apply('eq', ref(chosen, []), num(n)), drawLaw(builder, c, into, eventRank))),
      ];
    }
  }
}

/** Inverts a distribution function without a closed-form quantile (truncated mixtures) by halving 60 times. */
function bisection(builder: ProgramBuilder, law: Law & { kind: 'truncated' }, into: Place, draw: Code, u: string): readonly Code[] {
  if (isConst(law.low, -Infinity) || isConst(law.high, Infinity)) throw new InternalError('a truncated mixture without two finite bounds cannot be drawn');
  const low = builder.fresh('low', [], 'local'), high = builder.fresh('high', [], 'local'), middle = builder.fresh('middle', [], 'local');
  const step = index('step');
  return [
    draw,
    store(low, [], builder.bind(law.low)), store(high, [], builder.bind(law.high)),
    { do: 'for', index: step, from: zero, to: num(60), body: [
      store(middle, [], apply('mul', num(0.5), add(ref(low, []), ref(high, [])))),
      when(apply('lt', builder.bind(cdfOf(law, ref(middle, []))), ref(u, [])), [store(low, [], ref(middle, []))], [store(high, [], ref(middle, []))]),
    ] },
    store(into.storage, into.at, ref(middle, [])),
  ];
}
