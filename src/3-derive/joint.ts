/**
 * The log joint density as factors: one for each `sample`, `observe` and `factor` statement that
 * counts, deterministic quantities inlined, with the tests outside of which the density is zero.
 */
import { conditionsOf, eventRankOf, logDensityOf, mapLaw, supportOf, supportTests } from '../distributions/law.js';
import { type Expr, isConst } from '../expr/expr.js';
import type { Statement } from '../2-graph/graph.js';
import { simplify } from '../expr/simplify.js';
import { isGuard, splitCondition } from './normalForm.js';
import { type DerivedModel, type Factor, targetArray } from './model.js';

/** Factors of the joint density of everything latent or observed; `predict` never enters, a flat `param` adds nothing. */
export function jointFactors(model: DerivedModel): readonly Factor[] {
  const out: Factor[] = [];
  for (const s of model.graph.statements) {
    const f = factorOf(s, model);
    if (f !== null) out.push(f);
  }
  return out;
}

function factorOf(s: Statement, model: DerivedModel): Factor | null {
  const base = { id: s.id, statement: s, plates: s.plates, guards: s.guards.map((g) => model.inline(g)) };
  switch (s.kind) {
    case 'let': case 'param': return null;
    case 'factor': return { ...base, logDensity: model.inline(s.value), conditions: [] };
    case 'sample': case 'predict': case 'observe': {
      if (s.kind === 'predict') return null;
      // What a statement draws is never one of the elements that other statements define.
      const x = s.kind === 'observe' ? model.inlineArray(s.value) : targetArray(model, s.target);
      const law = mapLaw(s.law, (e) => model.inline(e));
      const support = eventRankOf(law) === 0 ? supportTests(supportOf(law), x.body) : [];
      const conditions = [...support, ...conditionsOf(law)].filter((c) => model.dependsOnLatents(c) && !alwaysTrue(c, model));
      return { ...base, logDensity: logDensityOf(law, x), conditions };
    }
  }
}

/** Tests that hold for every state a sampler can reach: signs known from supports, integers among integers. */
function alwaysTrue(raw: Expr, model: DerivedModel): boolean {
  const test = simplify(raw);
  if (isConst(test)) return test.value !== 0;
  if (test.op === 'reduce') return test.kind === 'prod' && alwaysTrue(test.body, model);
  if (test.op !== 'apply') return false;
  const split = splitCondition(test, (t) => isGuard(t, model));
  if (split !== null) return alwaysTrue(split.then, model) && alwaysTrue(split.otherwise, model);
  const [a, b] = test.args;
  switch (test.fn) {
    case 'and': return alwaysTrue(a!, model) && alwaysTrue(b!, model);
    case 'gt': return isConst(b!) && b.value <= 0 && model.isPositive(a!);
    case 'ge': return isConst(b!) && b.value <= 0 && model.isNonNegative(a!);
    case 'lt': return isConst(b!) && b.value >= 1 && model.isUnit(a!);
    case 'le': return isConst(b!) && b.value >= 1 && model.isAtMostOne(a!);
    case 'eq': return a?.op === 'apply' && a.fn === 'floor' && model.isInteger(b!);
    default: return false;
  }
}
