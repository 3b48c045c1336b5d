/**
 * The log joint density at a point, whole or by statement, as generated code over the bound model.
 */
import { InternalError, ModelError, type Diagnostic, type Span } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { createRandom } from '../random/generator.js';
import type { BoundModel } from '../2-graph/bound.js';
import { jointFactors } from '../3-derive/joint.js';
import { type DerivedModel, type Factor, maskOf, targetArray } from '../3-derive/model.js';
import type { Constraint, Statement, Target } from '../2-graph/graph.js';
import type { Support } from '../distributions/family.js';
import { conditionsOf } from '../distributions/law/conditions.js';
import { evaluatedLogDensityOf } from '../distributions/law/density.js';
import { mapLaw } from '../distributions/law/law.js';
import { supportOf } from '../distributions/law/form.js';
import { supportTests, totalTests } from '../distributions/tests.js';
import { add, apply, type ArrayExpr, at, cond, type Expr, index, mul, num, one, reduce, ref, scalarOf, sub, zero } from '../expr/expr.js';
import { loadModule } from './loadedModule.js';
import { jointTerms, recomputeCode } from './assemble.js';
import { sizeOf } from './posterior.js';
import { ProgramBuilder } from './programBuilder.js';

export interface LogDensity {
  /** What a point must give a value for, with its shape; missing elements of data are named by their variable. */
  readonly unknowns: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** log p at the point; -Infinity outside the support. @throws ModelError for missing or wrongly sized values. */
  total(values: ReadonlyMap<string, ArrayLike<number>>): number;
  /** The terms of the sum, one for each statement that has a density. */
  byFactor(values: ReadonlyMap<string, ArrayLike<number>>): readonly { readonly span: Span; readonly value: number }[];
}

/** Compiles the density of a bound model. */
export function logDensityFunction(bound: BoundModel): LogDensity {
  const builder = new ProgramBuilder(bound);
  const terms = jointTerms(builder, pointFactors(builder.model));
  const recompute = recomputeCode(builder, null);
  builder.entry('prepare', recompute);
  terms.forEach((t, k) => builder.entry(`term${k}`, [{ do: 'return', value: t.value }]));
  const { functions, memory } = loadModule(builder, createRandom('density', 'density'));
  const unknowns = unknownsOf(bound);
  const place = (values: ReadonlyMap<string, ArrayLike<number>>): void => {
    placePoint(unknowns, memory, values);
    functions['prepare']!();
  };
  const evaluate = (values: ReadonlyMap<string, ArrayLike<number>>): number[] => {
    place(values);
    const outside = outsideRanges(bound, values);
    return terms.map(({ factor: { statement } }, k) => {
      const own = statement.kind === 'factor' || statement.target === null ? null : statement.target.variable;
      return own !== null && outside.has(own) ? -Infinity : (functions[`term${k}`]!() ?? NaN);
    });
  };
  return {
    unknowns,
    total(values) {
      const all = evaluate(values);
      return all.includes(-Infinity) ? -Infinity : all.reduce((a, b) => a + b, 0);
    },
    byFactor(values) {
      return evaluate(values).map((value, k) => ({ span: terms[k]!.factor.statement.span, value }));
    },
  };
}

/** Integer unknowns with a value that is no integer or that none of their laws takes: generated code relies on their ranges. */
function outsideRanges(bound: BoundModel, values: ReadonlyMap<string, ArrayLike<number>>): ReadonlySet<string> {
  const out = new Set<string>();
  for (const [name, given] of values) {
    const v = bound.variables.get(name);
    if (v === undefined || !(v.values instanceof Int32Array)) continue;
    for (let k = 0; k < given.length; k++) {
      if (v.mask?.[k] === 0 || v.absent?.[k] === 1) continue;
      const x = given[k]!;
      if (!Number.isInteger(x) || (v.range !== undefined && (x < 0 || x >= v.range))) {
        out.add(name);
        break;
      }
    }
  }
  return out;
}

/**
 * The factors of the joint density with tests for every support: a sampler's state lies in them by construction, a user's point may not.
 */
export function pointFactors(model: DerivedModel): readonly Factor[] {
  return [
    ...jointFactors(model, model.graph.statements, evaluatedLogDensityOf).map(
      (f): Factor => ({ ...f, conditions: [...f.conditions, ...pointTests(f.statement, model)] }),
    ),
    ...paramFactors(model),
  ];
}

/** What a point must give a value for. */
export function unknownsOf(bound: BoundModel): LogDensity['unknowns'] {
  return [...bound.variables.values()]
    .filter((v) => (v.status === 'latent' || v.status === 'partial') && bound.graph.variables.get(v.name)?.origin !== 'predict')
    .map((v) => ({ name: v.name, shape: v.shape }));
}

/** Puts a point into memory, of data with gaps the missing elements only. @throws ModelError for missing or wrongly sized values. */
export function placePoint(
  unknowns: LogDensity['unknowns'],
  memory: ReadonlyMap<string, Float64Array | Int32Array>,
  values: ReadonlyMap<string, ArrayLike<number>>,
): void {
  const wrong: Diagnostic[] = [];
  for (const u of unknowns) {
    const given = values.get(u.name);
    const expected = u.shape.length === 0 ? 'a number' : `shape [${u.shape.join(', ')}]`;
    if (given === undefined)
      wrong.push({ code: 'missing-value', severity: 'error', message: `the point has no value for '${u.name}'`, expected });
    else if (given.length !== sizeOf(u.shape))
      wrong.push({
        code: 'wrong-size',
        severity: 'error',
        message: `'${u.name}' has ${given.length} numbers, ${sizeOf(u.shape)} are needed`,
        expected,
      });
  }
  if (wrong.length > 0) throw new ModelError(wrong, renderDiagnostics(wrong, '', 'point'));
  for (const u of unknowns) {
    const into = memory.get(u.name);
    if (into === undefined) throw new InternalError(`no memory for ${u.name}`);
    const mask = memory.get(maskOf(u.name)),
      given = values.get(u.name)!;
    for (let i = 0; i < into.length; i++) if (mask === undefined || mask[i] !== 0) into[i] = given[i]!;
  }
}

/** Tests that a value drawn by a statement lies in the support of its law. */
function pointTests(s: Statement, model: DerivedModel): readonly Expr[] {
  if (s.kind !== 'sample' && s.kind !== 'observe') return [];
  const x = s.kind === 'observe' ? model.inlineArray(s.value) : targetArray(model, s.target);
  const law = mapLaw(s.law, (e) => model.inline(e));
  return [...supportAt(supportOf(law), x), ...conditionsOf(law), ...(s.kind === 'sample' ? orderTests(s.target, x, model) : [])];
}
/** Tests of an ordered variable: of a whole vector, or of an element against the one before. */
function orderTests(target: Target, x: ArrayExpr, model: DerivedModel): readonly Expr[] {
  const { name, constraint, dims } = model.variable(target.variable);
  if (constraint.kind !== 'ordered') return [];
  if (target.at.length < dims.length) {
    const i = index('i'),
      count = dims[dims.length - 1]!;
    return [apply('gt', reduce('min', i, one, count, apply('gt', at(x, i), at(x, sub(i, one)))), zero)];
  }
  const last = target.at[target.at.length - 1]!;
  return [cond(apply('gt', last, zero), apply('gt', x.body, ref(name, [...target.at.slice(0, -1), sub(last, one)])), one)];
}
/** A flat unknown has no density, but its declared type is a support. */
function paramFactors(model: DerivedModel): readonly Factor[] {
  return model.graph.statements.flatMap((s): Factor[] => {
    if (s.kind !== 'param') return [];
    const { constraint } = model.variable(s.target.variable);
    const conditions = constraintTests(constraint, s.target, model);
    return conditions.length === 0 ? [] : [{ id: s.id, statement: s, plates: s.plates, guards: s.guards, logDensity: zero, conditions }];
  });
}
function constraintTests(constraint: Constraint, target: Target, model: DerivedModel): readonly Expr[] {
  const x = targetArray(model, target);
  switch (constraint.kind) {
    case 'none':
      return [];
    case 'positive':
      return [apply('gt', x.body, zero)];
    case 'unit':
      return supportTests({ kind: 'interval', low: zero, high: one }, x.body);
    case 'interval':
      return supportTests({ kind: 'interval', low: constraint.low, high: constraint.high }, x.body);
    case 'ordered':
      return orderTests(target, x, model);
    case 'simplex':
    case 'cov':
    case 'corr':
      return [...supportAt({ kind: constraint.kind, dimension: x.dims[0]! }, x), ...floorTests(constraint, x)];
  }
}
function supportAt(support: Support, x: ArrayExpr): readonly Expr[] {
  const i = index('i');
  switch (support.kind) {
    case 'simplex': {
      const total = reduce('sum', i, zero, support.dimension, at(x, i));
      return [
        apply('ge', reduce('min', i, zero, support.dimension, at(x, i)), zero),
        apply('le', apply('abs', sub(total, one)), num(simplexTolerance)),
      ];
    }
    case 'cov':
    case 'corr': {
      const j = index('j'),
        off = apply('abs', sub(at(x, i, j), at(x, j, i))),
        size = add(apply('abs', at(x, i, i)), apply('abs', at(x, j, j)));
      const symmetric = apply(
        'le',
        reduce('max', i, zero, support.dimension, reduce('max', j, zero, support.dimension, sub(off, mul(num(matrixTolerance), size)))),
        zero,
      );
      const unit = apply('le', reduce('max', i, zero, support.dimension, apply('abs', sub(at(x, i, i), one))), num(matrixTolerance));
      return [symmetric, ...(support.kind === 'corr' ? [unit] : []), isDefinite(x)];
    }
    case 'counts': {
      const whole = apply('and', apply('ge', at(x, i), zero), apply('eq', at(x, i), apply('floor', at(x, i))));
      return [apply('gt', reduce('min', i, zero, support.dimension, whole), zero), ...totalTests(support, x)];
    }
    case 'vector':
      return [];
    default:
      return supportTests(support, x.body);
  }
}
/** The log determinant of what is not positive definite is not a number, and not below infinity. */
function isDefinite(x: ArrayExpr): Expr {
  return apply('lt', apply('abs', scalarOf('logdet', [x])), num(Infinity));
}
/** No eigenvalue of X lies below f exactly if X - f I has none below 0. */
function floorTests(constraint: Constraint, x: ArrayExpr): readonly Expr[] {
  const floor = constraint.kind === 'cov' ? constraint.options['floor'] : undefined;
  if (floor === undefined) return [];
  const [i, j] = [index('i'), index('j')];
  return [isDefinite({ indices: [i, j], dims: x.dims, body: sub(at(x, i, j), cond(apply('eq', i, j), floor, zero)) })];
}
/** How far the sum of a simplex may be from 1, as for data. */
const simplexTolerance = 1e-6;
/** How far entries of a symmetric matrix may differ, against its diagonal; and the diagonal of correlations from 1. */
const matrixTolerance = 1e-8;
