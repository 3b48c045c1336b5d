/**
 * One region of a program by itself, for `explain`: which factors enter its conditional, and that conditional derived
 * once more with everything else held fixed, so that formulas read as the program was written.
 */
import type { ModelGraph, Statement } from '../2-graph/graph.js';
import { arraysOfStatement } from '../2-graph/query.js';
import { type ClosedForm, recognise } from '../3-derive/closedForm.js';
import { collect, type Collected, factorForms } from '../3-derive/conditional.js';
import { jointFactors } from '../3-derive/joint.js';
import { DerivedModel, latentRegions, maskOf } from '../3-derive/model.js';
import { dependentTerms, elementTerms } from '../3-derive/occurrences.js';
import { addAll, cond, type Expr, nestedSum, variablesOf, zero } from '../expr/expr.js';
import type { RegionPlan } from './derivation.js';

/** A conditional and the model in which only its own variable is unknown. */
export interface Focus {
  readonly form: ClosedForm;
  readonly collected: Collected;
  readonly model: DerivedModel;
}

/**
 * The statements whose terms contain the region's element, in the program's order: its own law always, however flat, and
 * of the others that mention its variable not those that speak only of other elements.
 */
export function entering({ region, factors }: Pick<Collected, 'region' | 'factors'>, model: DerivedModel): readonly Statement[] {
  const recursions = model.recursionsOf(region.variable.name);
  const found = factors.filter((f) => elementTerms(region, [f], null, recursions).length > 0).map((f) => f.statement);
  const own = region.statement.kind === 'param' || found.includes(region.statement) ? [] : [region.statement];
  return [...own, ...found].sort((a, b) => a.id - b.id);
}

/** The log joint density of what is drawn together, up to what does not depend on it, as the program's statements have it. */
export function jointDensity(statements: readonly Statement[], variables: readonly string[], model: DerivedModel): Expr {
  return addAll(
    jointFactors(model, statements).map((f) => {
      const own = f.guards.reduce<Expr>((e, g) => cond(g, e, zero), dependentTerms(f.logDensity, variables));
      return nestedSum(f.plates, own);
    }),
  );
}

/**
 * The same conditional with everything but this variable held fixed, so that what does not contain it
 * stays as the program wrote it. Null where the region looks different then (gaps in vectors).
 */
export function focused(all: DerivedModel, plan: RegionPlan): Focus | null {
  const near = onlyWith(all, plan);
  const complete = new Set(
    [...near.variables.values()]
      .filter((v) => v.name !== plan.region.variable.name && v.origin !== 'let' && v.origin !== 'report')
      .map((v) => v.name),
  );
  const model = new DerivedModel(near, { complete, partial: new Set() });
  const region = latentRegions(model).find((r) => r.statement.id === plan.region.statement.id);
  if (region === undefined || region.eventRank !== plan.region.eventRank) return null;
  const collected = collect(
    region,
    factorForms(
      jointFactors(
        model,
        plan.collected.factors.map((f) => f.statement),
      ).map((f) => ({ ...f, guards: [...f.guards, ...guardsOnGaps(plan, f.statement)] })),
      model,
    ),
    model,
  );
  const form = recognise(collected, model);
  return form.kind === 'none' || form.kind !== plan.recognised.kind ? null : { form, collected, model };
}

/** What the plan asks of the data beside the statement: whether an element is missing. */
function guardsOnGaps({ collected }: RegionPlan, statement: Statement): readonly Expr[] {
  const { target } = statement.kind === 'observe' ? statement : { target: null };
  const own = collected.factors.find((f) => f.statement === statement);
  return target === null || own === undefined ? [] : own.guards.filter((g) => variablesOf(g).has(maskOf(target.variable)));
}

/** The part of a program that a region's factors read, so that each region costs what it has. */
function onlyWith({ graph, definitions }: DerivedModel, plan: RegionPlan): ModelGraph {
  const own = plan.region.variable.name;
  const statements = new Set<Statement>([...plan.collected.factors.map((f) => f.statement), ...(definitions.get(own) ?? [])]);
  const names = new Set<string>();
  const open = [...statements].flatMap(namesIn);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const variable = graph.variables.get(name);
    if (variable === undefined || names.has(name)) continue;
    names.add(name);
    open.push(...variable.dims.flatMap((d) => [...variablesOf(d)]));
    // Whatever else is drawn is held fixed, wherever it comes from.
    for (const s of definitions.get(name) ?? []) {
      if (s.kind !== 'let') continue;
      statements.add(s);
      open.push(...namesIn(s));
    }
  }
  return {
    ...graph,
    variables: new Map([...names].map((name) => [name, graph.variables.get(name)!])),
    statements: [...statements].sort((a, b) => a.id - b.id),
  };
}
function namesIn(s: Statement): readonly string[] {
  const own = s.kind === 'factor' || s.target === null ? [] : [s.target.variable];
  return [...own, ...arraysOfStatement(s).flatMap((a) => [a.body, ...a.dims].flatMap((e) => [...variablesOf(e)]))];
}
