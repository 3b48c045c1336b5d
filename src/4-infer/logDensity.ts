/**
 * The log joint density at a point, whole or by statement, as generated code over the bound model.
 */
import { InternalError, ModelError, type Diagnostic, type Span } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { allocate, instantiate, printModule } from '../code/module.js';
import { createRuntime } from '../code/runtime.js';
import { createRandom } from '../random/generator.js';
import type { BoundModel } from '../2-graph/bound.js';
import { jointFactors } from '../3-derive/joint.js';
import { type DerivedModel, type Factor, maskOf, targetArray } from '../3-derive/model.js';
import type { Statement } from '../2-graph/graph.js';
import type { Support } from '../distributions/family.js';
import { conditionsOf, mapLaw, supportOf, supportTests } from '../distributions/law.js';
import { apply, type ArrayExpr, at, type Expr, index, num, one, reduce, scalarOf, sub, zero } from '../expr/expr.js';
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
  const printed = printModule(builder.module());
  const initial = new Map<string, Float64Array | Int32Array>();
  for (const s of printed.storages) { const v = builder.initialValues(s.name); if (v !== undefined) initial.set(s.name, s.place === 'data' ? v : v.slice()); }
  const arrays = allocate(printed.storages, initial);
  const functions = instantiate(printed.source, arrays, createRuntime(createRandom('density', 'density'), bound.graph.hostFunctions.map((h) => h.call)));
  const memory = new Map(printed.storages.map((s, k) => [s.name, arrays[k]!]));
  const unknowns = unknownsOf(bound);
  const place = (values: ReadonlyMap<string, ArrayLike<number>>): void => {
    placePoint(unknowns, memory, values);
    functions['prepare']!();
  };
  const evaluate = (): number[] => terms.map((_, k) => functions[`term${k}`]!() ?? NaN);
  return {
    unknowns,
    total(values) { place(values); return evaluate().reduce((a, b) => a + b, 0); },
    byFactor(values) { place(values); return evaluate().map((value, k) => ({ span: terms[k]!.factor.statement.span, value })); },
  };
}

/** The factors of the joint density with tests for every support: a sampler's state lies in them by construction, a user's point may not. */
export function pointFactors(model: DerivedModel): readonly Factor[] {
  return [...jointFactors(model).map((f): Factor => ({ ...f, conditions: [...f.conditions, ...pointTests(f.statement, model)] })), ...paramFactors(model)];
}

/** What a point must give a value for. */
export function unknownsOf(bound: BoundModel): LogDensity['unknowns'] {
  return [...bound.variables.values()].filter((v) => (v.status === 'latent' || v.status === 'partial') && bound.graph.variables.get(v.name)?.origin !== 'predict').map((v) => ({ name: v.name, shape: v.shape }));
}

/** Puts a point into memory, of data with gaps the missing elements only. @throws ModelError for missing or wrongly sized values. */
export function placePoint(unknowns: LogDensity['unknowns'], memory: ReadonlyMap<string, Float64Array | Int32Array>, values: ReadonlyMap<string, ArrayLike<number>>): void {
  const wrong: Diagnostic[] = [];
  for (const u of unknowns) {
    const given = values.get(u.name);
    const expected = u.shape.length === 0 ? 'a number' : `shape [${u.shape.join(', ')}]`;
    if (given === undefined) wrong.push({ code: 'missing-value', severity: 'error', message: `the point has no value for '${u.name}'`, expected });
    else if (given.length !== sizeOf(u.shape)) wrong.push({ code: 'wrong-size', severity: 'error', message: `'${u.name}' has ${given.length} numbers, ${sizeOf(u.shape)} are needed`, expected });
  }
  if (wrong.length > 0) throw new ModelError(wrong, renderDiagnostics(wrong, '', 'point'));
  for (const u of unknowns) {
    const into = memory.get(u.name);
    if (into === undefined) throw new InternalError(`no memory for ${u.name}`);
    const mask = memory.get(maskOf(u.name)), given = values.get(u.name)!;
    for (let i = 0; i < into.length; i++) if (mask === undefined || mask[i] !== 0) into[i] = given[i]!;
  }
}

/** Tests that a value drawn by a statement lies in the support of its law. */
function pointTests(s: Statement, model: DerivedModel): readonly Expr[] {
  if (s.kind !== 'sample' && s.kind !== 'observe') return [];
  const x = s.kind === 'observe' ? model.inlineArray(s.value) : targetArray(model, s.target);
  const law = mapLaw(s.law, (e) => model.inline(e));
  return [...supportAt(supportOf(law), x), ...conditionsOf(law)];
}
/** A flat unknown has no density, but its declared type is a support. */
function paramFactors(model: DerivedModel): readonly Factor[] {
  return model.graph.statements.flatMap((s): Factor[] => {
    if (s.kind !== 'param') return [];
    const { constraint } = model.variable(s.target.variable);
    const x = targetArray(model, s.target), inner = (low: Expr, high: Expr): readonly Expr[] => supportTests({ kind: 'interval', low, high }, x.body);
    const conditions = constraint.kind === 'positive' ? [apply('gt', x.body, zero)] : constraint.kind === 'unit' ? inner(zero, one)
      : constraint.kind === 'interval' ? inner(constraint.low, constraint.high)
        : constraint.kind === 'simplex' || constraint.kind === 'cov' || constraint.kind === 'corr' ? supportAt({ kind: constraint.kind, dimension: x.dims[0]! }, x) : [];
    return conditions.length === 0 ? [] : [{ id: s.id, statement: s, plates: s.plates, guards: s.guards, logDensity: zero, conditions }];
  });
}
function supportAt(support: Support, x: ArrayExpr): readonly Expr[] {
  const i = index('i');
  switch (support.kind) {
    case 'simplex': {
      const total = reduce('sum', i, zero, support.dimension, at(x, i));
      return [apply('ge', reduce('min', i, zero, support.dimension, at(x, i)), zero), apply('le', apply('abs', sub(total, one)), num(simplexTolerance))];
    }
    // The log determinant of what is not positive definite is not a number, and not below infinity.
    case 'cov': case 'corr': return [apply('lt', apply('abs', scalarOf('logdet', [x])), num(Infinity))];
    case 'vector': case 'counts': return [];
    default: return supportTests(support, x.body);
  }
}
/** How far the sum of a simplex may be from 1, as for data. */
const simplexTolerance = 1e-6;
