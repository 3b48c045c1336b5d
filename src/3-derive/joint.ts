/**
 * The log joint density as factors: one for each `sample`, `observe` and `factor` statement that
 * counts, deterministic quantities inlined, with the tests outside of which the density is zero.
 */
import { noDensity, noLatent } from '../2-graph/bindMessages.js';
import { conditionsOf } from '../distributions/law/conditions.js';
import { eventRankOf, mapLaw } from '../distributions/law/law.js';
import { logDensityOf } from '../distributions/law/density.js';
import { noDensityReason, noLatentReason, supportOf } from '../distributions/law/form.js';
import { supportTests, totalTests } from '../distributions/tests.js';
import { ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import type { Range } from '../expr/affine.js';
import { apply, type ArrayExpr, equal, equalArrays, type Expr, isConst, mulAll, one, rewrite, zero } from '../expr/expr.js';
import type { Law, Statement } from '../2-graph/graph.js';
import { inverseOf, simplify, simplifyArray } from '../expr/simplify.js';
import { factorsOf, isGuard, splitCondition } from './normalForm.js';
import { domainsOfArguments, ofExpr } from './argumentDomains.js';
import { type DerivedModel, type Factor, targetArray } from './model.js';

/**
 * Factors of the joint density of everything latent or observed (or of some statements); `predict` never enters, a flat `param` adds
 * nothing.
 * @param density how the log density of a law is written; conjugacy is read from the default
 */
export function jointFactors(
  model: DerivedModel,
  statements: readonly Statement[] = model.graph.statements,
  density: typeof logDensityOf = logDensityOf,
): readonly Factor[] {
  const out: Factor[] = [];
  for (const s of statements) {
    const f = factorOf(s, model, density);
    if (f !== null) out.push(f);
  }
  return out;
}

function factorOf(s: Statement, model: DerivedModel, density: typeof logDensityOf): Factor | null {
  const base = { id: s.id, statement: s, plates: s.plates, guards: s.guards.map((g) => model.inline(g)) };
  switch (s.kind) {
    case 'let':
    case 'param':
      return null;
    case 'factor': {
      const value = model.inline(s.value);
      return { ...base, logDensity: value, conditions: undecidedOf(ofExpr(value, model), model) };
    }
    case 'sample':
    case 'predict':
    case 'observe': {
      if (s.kind === 'predict') return null;
      refuseWithoutDensity(s, model);
      // What a statement draws is never one of the elements that other statements define.
      const x = s.kind === 'observe' ? model.inlineArray(s.value) : targetArray(model, s.target);
      const law = plainMatrices(
        mapLaw(s.law, (e) => model.inline(e)),
        s.plates,
      );
      const range = supportOf(law);
      // A known total of unknown counts is kept by the moves that share it out.
      const isOpen = range.kind === 'counts' && model.dependsOnLatents(range.total);
      const support = eventRankOf(law) === 0 ? supportTests(range, x.body) : isOpen ? totalTests(range, x) : [];
      const settled = (e: Expr): Expr => (hasMap(law) ? withKnownSigns(e, model) : e);
      // What labels can be is asked of arguments only: the test of its own support is what says so of a label.
      const ofArguments = [...conditionsOf(law), ...domainsOfArguments(law, model)]
        .flatMap(factorsOf)
        .filter((c) => !holdsByLabels(c, model, mostLabels));
      const conditions = undecidedOf([...support, ...ofArguments].map(settled), model);
      return { ...base, logDensity: settled(density(law, x)), conditions };
    }
  }
}

/** Tests that some state of the unknowns may fail. A product of tests is each of them, so that the others may be told as bounds. */
function undecidedOf(tests: readonly Expr[], model: DerivedModel): readonly Expr[] {
  const open = tests
    .flatMap(factorsOf)
    .map((c) => withoutPositiveFactors(c, model))
    .filter((c) => model.dependsOnLatents(c) && !alwaysTrue(c, model));
  return open.filter((c, k) => !open.slice(0, k).some((o) => equal(o, c)));
}

/** Without data nothing was checked against this before. @throws ModelError that says why a law has no density to derive from. */
function refuseWithoutDensity(s: Extract<Statement, { readonly law: Law }>, model: DerivedModel): void {
  const reason = noDensityReason(s.law);
  const status = s.target === null ? 'given' : model.statusOf(s.target.variable);
  const latent = reason === null && (status === 'latent' || status === 'partial') ? noLatentReason(s.law) : null;
  const wrong = reason !== null ? noDensity(reason, s.law.span) : latent !== null ? noLatent(s.target!.variable, latent, s.law.span) : null;
  if (wrong !== null) throw new ModelError([wrong], renderDiagnostics([wrong], '', 'program'));
}

/**
 * A matrix whose inverse no rule finds as it is written, simplified: `diag(v) @ R @ diag(v)` without its sums shows what its inverse is.
 */
function plainMatrix(m: ArrayExpr, ranges: readonly Range[]): ArrayExpr {
  const { body } = inverseOf(m);
  return body.op === 'element' && body.array.fn === 'inverse' && equalArrays(body.array.args[0]!, m) ? simplifyArray(m, ranges) : m;
}
/** A law in which the inverses of matrices are as plain as they can be. */
function plainMatrices(law: Law, ranges: readonly Range[]): Law {
  switch (law.kind) {
    case 'family':
      return {
        ...law,
        parameters: Object.fromEntries(
          Object.entries(law.parameters).map(([name, a]) => [name, a.indices.length === 2 ? plainMatrix(a, ranges) : a]),
        ),
      };
    case 'truncated':
      return { ...law, base: plainMatrices(law.base, ranges) };
    case 'mixture':
      return { ...law, component: plainMatrices(law.component, [...ranges, { index: law.index, from: law.from, to: law.to }]) };
    case 'mixtureOf':
      return { ...law, components: law.components.map((c) => plainMatrices(c, ranges)) };
    case 'censored':
      return { ...law, base: plainMatrices(law.base, ranges) };
    case 'pushforward':
      return {
        ...law,
        base: plainMatrices(law.base, [...ranges, ...law.over.indices.map((i, k) => ({ index: i, from: zero, to: law.over.dims[k]! }))]),
      };
  }
}

function hasMap(law: Law): boolean {
  switch (law.kind) {
    case 'family':
      return false;
    case 'pushforward':
      return true;
    case 'truncated':
    case 'censored':
      return hasMap(law.base);
    case 'mixture':
      return hasMap(law.component);
    case 'mixtureOf':
      return law.components.some(hasMap);
  }
}
/** Directions of maps that depend on the sign of a coefficient, where its support decides them. */
function withKnownSigns(e: Expr, model: DerivedModel): Expr {
  return simplify(
    rewrite(e, (x) => {
      if (x.op !== 'apply') return x;
      const [a, b] = x.args;
      switch (x.fn) {
        case 'gt':
        case 'ne':
          return isConst(b!, 0) && model.isPositive(a!) ? one : x;
        case 'sign':
          return model.isPositive(a!) ? one : x;
        case 'abs':
          return model.isPositive(a!) ? a! : x;
        default:
          return x;
      }
    }),
  );
}

/** `sqrt(w * v) > 0` for a positive v says that w > 0, and nothing of v. */
function withoutPositiveFactors(test: Expr, model: DerivedModel): Expr {
  if (test.op !== 'apply' || (test.fn !== 'gt' && test.fn !== 'ge') || !isConst(test.args[1]!, 0)) return test;
  const signed = (e: Expr): Expr => {
    const rest = factorsOf(e).filter((f) => !model.isPositive(f));
    const alone = rest.length === 1 ? rest[0]! : null;
    // The sign of a power is that of its base unless the power is even; roots of two negatives are no numbers, so a power stands alone.
    return alone?.op === 'apply' && alone.fn === 'pow' && isConst(alone.args[1]!) && alone.args[1].value % 2 !== 0
      ? signed(alone.args[0]!)
      : mulAll(rest);
  };
  return apply(test.fn, signed(test.args[0]!), zero);
}

/** Labels by whose values a test is judged at most, and values of one of them: it is looked at 4^4 = 256 times at most. */
const mostLabels = 4;
const mostValues = 4;

/** True where a test holds whatever its labels are: `z p + (1 - z) q <= 1`, at either value of z. */
function holdsByLabels(test: Expr, model: DerivedModel, left: number): boolean {
  const label = left === 0 ? null : model.labelIn(test, mostValues);
  if (label === null) return false;
  return label.values.every((value) => {
    const where = rewrite(test, (x) => (equal(x, label.at) ? value : x));
    return alwaysTrue(where, model) || holdsByLabels(where, model, left - 1);
  });
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
    case 'and':
      return alwaysTrue(a!, model) && alwaysTrue(b!, model);
    case 'gt':
      return isConst(b!) && b.value <= 0 && model.isPositive(a!);
    case 'ge':
      return isConst(b!) && b.value <= 0 && model.isNonNegative(a!);
    case 'lt':
      return isConst(b!) && b.value >= 1 && model.isUnit(a!);
    case 'le':
      return isConst(b!) && b.value >= 1 && model.isAtMostOne(a!);
    case 'eq':
      return a?.op === 'apply' && a.fn === 'floor' && model.isInteger(b!);
    default:
      return false;
  }
}
