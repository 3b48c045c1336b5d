/**
 * Probabilities that unknowns make: `[w, 1 - w^2]` does not sum to 1 whatever w is, and no run would say so. The sum is computed at
 * a few values of the unknowns; where it is 1 at none of them it is not 1 by construction. Lists of expressions in scalars and
 * elements at fixed places are judged; what is indexed is not, since its elements may sum to 1 by their law.
 */
import { type ArrayExpr, type Expr, equal, freeIndices, isConst, num, rewrite, visit } from '../expr/expr.js';
import { printText } from '../expr/print.js';
import type { BindContext } from './bindContext.js';
import type { Constraint } from './graph.js';

/** Between 0 and 1, where every scalar of a program about probabilities may be. */
const trials: readonly number[] = [0.31, 0.47, 0.62];
const tolerance = 1e-6;
/** Apart from each other by the golden section. */
const golden = 0.381966;
/** Definitions of definitions that are written out. */
const deepest = 20;

/** What is wrong with probabilities whatever the unknowns are; null where nothing is known to be. */
export function sumProblem(b: BindContext, weights: ArrayExpr): string | null {
  if (weights.indices.length !== 1 || !weights.dims.every((d) => b.known(d))) return null;
  if (weights.dims.every((d) => freeIndices(d).size === 0 && b.evaluator.value(d) === 0)) return 'an empty list';
  const body = withoutDefinitions(b, weights.body, deepest);
  const unknowns = body === null ? null : scalarsOf(b, body);
  if (body === null || unknowns === null || unknowns.length === 0) return null;
  if ([...freeIndices(body)].some((i) => i !== weights.indices[0])) return null;
  let problem: string | null = null;
  for (const trial of trials) {
    const values = unknowns.map((_, k) => (trial + golden * k) % 1);
    const at = rewrite(body, (x) => {
      const k = unknowns.findIndex((unknown) => equal(unknown, x));
      return k < 0 ? x : num(values[k]!);
    });
    const total = b.evaluator
      .array({ ...weights, body: at })()
      .values.reduce((sum, x) => sum + x, 0);
    if (!Number.isFinite(total) || Math.abs(total - 1) <= tolerance) return null;
    problem ??= `a list that does not sum to 1: to ${Number(total.toPrecision(4))} where ${unknowns.map((unknown, k) => `${printText(unknown)} is ${Number(values[k]!.toPrecision(2))}`).join(' and ')}`;
  }
  return problem;
}

/** The expression with definitions of scalars written out; null where there are too many. */
function withoutDefinitions(b: BindContext, e: Expr, depth: number): Expr | null {
  if (depth === 0) return null;
  let changed = false;
  const out = rewrite(e, (x) => {
    if (x.op !== 'ref' || x.at.length > 0 || b.known(x)) return x;
    const [definition, ...others] = b.definitions.get(x.variable) ?? [];
    if (others.length > 0 || definition?.kind !== 'let' || definition.recursive) return x;
    changed = true;
    return definition.value;
  });
  return changed ? withoutDefinitions(b, out, depth - 1) : out;
}

/** The unknowns of an expression; null where one is not a real number at a fixed place. */
function scalarsOf(b: BindContext, e: Expr): readonly Expr[] | null {
  const out: Expr[] = [];
  let isFixed = true;
  visit(e, (x) => {
    if (x.op !== 'ref' || b.known(x)) return;
    const variable = b.graph.variables.get(x.variable);
    const isScalar = variable !== undefined && variable.origin !== 'let' && variable.scalar === 'real' && variable.eventRank === 0;
    if (!isScalar || !free.includes(variable.constraint.kind) || !x.at.every((a) => isConst(a))) isFixed = false;
    else if (!out.some((unknown) => equal(unknown, x))) out.push(x);
  });
  return isFixed ? out : null;
}
/** Types whose numbers do not tell of each other. */
const free: readonly Constraint['kind'][] = ['none', 'positive', 'unit', 'interval'];
