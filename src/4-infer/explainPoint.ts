/**
 * `explain` for backends that climb: each unknown with the derivative of the log density by it as a
 * formula, where it has a short one, and the statements that enter.
 */
import type { Given } from '../2-graph/bound.js';
import type { ModelGraph } from '../2-graph/graph.js';
import { factorMentions } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { DerivedModel, type Factor, type LatentRegion, latentRegions } from '../3-derive/model.js';
import { elementTerms } from '../3-derive/occurrences.js';
import { InternalError } from '../errors/diagnostic.js';
import { addAll, cond, type Expr, reduce, ref, zero } from '../expr/expr.js';
import { differentiate } from '../expr/gradient.js';
import { printText } from '../expr/print.js';
import { simplify } from '../expr/simplify.js';
import type { ExplainedBlock } from './backend.js';
import { render } from './formulaText.js';
import { regionLoops, regionName, sourceLine } from './plan.js';

/** Longest derivative that is shown. */
const longestFormula = 400;

/** @param law what a continuous unknown becomes, in words; `kernel` and `reason` say how. */
export function explainClimb(graph: ModelGraph, given: Given, source: string, how: { readonly law: string; readonly kernel: string; readonly reason: string }): readonly ExplainedBlock[] {
  const model = new DerivedModel(graph, given), factors = jointFactors(model);
  return latentRegions(model).map((r): ExplainedBlock => {
    const { name } = r.variable, recursions = model.recursionsOf(name), discrete = r.variable.scalar !== 'real';
    const own = factors.filter((f) => [name, ...recursions].some((n) => factorMentions(f, n)));
    const slope = discrete || r.eventRank > 0 || recursions.size > 0 ? null : derivative(r, own);
    return {
      block: regionName(r), loops: regionLoops(r), family: discrete ? 'Categorical' : how.law,
      parameters: slope === null ? [] : render([{ name: 'derivative', indices: [], expr: slope }], graph),
      factors: own.map((f) => sourceLine(source, f.statement.span)),
      kernel: discrete ? 'summed out' : how.kernel,
      reason: discrete ? 'a finite latent has no gradient: the density is summed over its values' : how.reason,
    };
  });
}

/** The derivative of the log density by an element; null where none is known or it is long. */
function derivative(region: LatentRegion, factors: readonly Factor[]): Expr | null {
  try {
    const own = ref(region.variable.name, region.at);
    const e = simplify(addAll(elementTerms(region, factors, null).map((t) => {
      const inner = t.guards.reduce<Expr>((x, g) => cond(g, x, zero), differentiate(t.value, own));
      return [...t.binders].reverse().reduce<Expr>((x, b) => reduce('sum', b.index, b.from, b.to, x), inner);
    })), region.plates);
    return printText(e).length > longestFormula ? null : e;
  } catch (error) {
    if (error instanceof InternalError) return null;
    throw error;
  }
}
