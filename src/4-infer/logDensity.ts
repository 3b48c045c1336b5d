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
import { maskOf } from '../3-derive/model.js';
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
  const factors = jointFactors(builder.model);
  const terms = jointTerms(builder, factors);
  const recompute = recomputeCode(builder, null);
  builder.entry('prepare', recompute);
  terms.forEach((t, k) => builder.entry(`term${k}`, [{ do: 'return', value: t.value }]));
  const printed = printModule(builder.module());
  const initial = new Map<string, Float64Array | Int32Array>();
  for (const s of printed.storages) { const v = builder.initialValues(s.name); if (v !== undefined) initial.set(s.name, s.place === 'data' ? v : v.slice()); }
  const arrays = allocate(printed.storages, initial);
  const functions = instantiate(printed.source, arrays, createRuntime(createRandom('density', 'density'), bound.graph.hostFunctions.map((h) => h.call)));
  const memory = new Map(printed.storages.map((s, k) => [s.name, arrays[k]!]));
  const unknowns = [...bound.variables.values()].filter((v) => (v.status === 'latent' || v.status === 'partial') && bound.graph.variables.get(v.name)?.origin !== 'predict').map((v) => ({ name: v.name, shape: v.shape }));

  const place = (values: ReadonlyMap<string, ArrayLike<number>>): void => {
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
    functions['prepare']!();
  };
  const evaluate = (): number[] => terms.map((_, k) => functions[`term${k}`]!() ?? NaN);
  return {
    unknowns,
    total(values) { place(values); return evaluate().reduce((a, b) => a + b, 0); },
    byFactor(values) { place(values); return evaluate().map((value, k) => ({ span: terms[k]!.factor.statement.span, value })); },
  };
}
