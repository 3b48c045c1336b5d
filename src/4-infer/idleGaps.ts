/** Missing observations that nothing else reads: they say nothing of the other unknowns, whatever is missing. */
import { isProper, mapLaw } from '../distributions/law/law.js';
import { arraysOfLaw } from '../2-graph/query.js';
import { type DerivedModel, type Factor, givenPartOf, maskOf } from '../3-derive/model.js';
import { apply, equal, type Expr, isConst, ref, rewrite, variablesOf, visit } from '../expr/expr.js';
import { flatAddress } from './blocks/finiteVariables.js';
import { instancesOf } from './blocks/instances.js';
import type { ProgramBuilder } from './programBuilder.js';

/**
 * Data with gaps whose missing elements occur in their own law alone, once: they integrate to one.
 * @param apart whether no element belongs to two of these factors.
 * @param except variables that stay unknowns.
 */
export function idleGaps(
  model: DerivedModel,
  factors: readonly Factor[],
  apart: (own: readonly Factor[], name: string) => boolean,
  except: readonly string[] = [],
): ReadonlySet<string> {
  const out = new Set<string>();
  for (const [name, status] of model.status) {
    if (status !== 'partial' || except.includes(name) || model.variable(name).eventRank > 0 || model.recursionsOf(name).size > 0) continue;
    const own = factors.filter((f) => [f.logDensity, ...f.conditions, ...f.guards].some((e) => variablesOf(e).has(name)));
    const idle = own.every(({ statement: s, logDensity, conditions, guards }) => {
      if (s.kind !== 'observe' || s.target === null || s.target.variable !== name || !isProper(s.law)) return false;
      const lawReads = arraysOfLaw(mapLaw(s.law, (e) => model.inline(e))).some((a) => variablesOf(a.body).has(name));
      const { at } = s.target;
      let single = !lawReads && guards.every((g) => !variablesOf(g).has(name));
      for (const e of [logDensity, ...conditions])
        visit(e, (x) => {
          if (x.op === 'ref' && x.variable === name && !x.at.every((a, d) => equal(a, at[d]!))) single = false;
        });
      return single;
    });
    if (idle && (own.length === 1 || apart(own, name))) out.add(name);
  }
  return out;
}
/** True where no element belongs to two of the statements: a datum observed twice has no law, but a product of laws. */
export function areApart(builder: ProgramBuilder): (own: readonly Factor[], name: string) => boolean {
  return (own, name) => {
    const { shape } = builder.storage(name);
    const seen = new Uint8Array(shape.reduce((a, b) => a * b, 1));
    return own.every(({ statement: s }) => {
      if (s.kind !== 'observe' || s.target === null) return false;
      const binders = s.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
      const guards = s.guards.map((g) => builder.bind(builder.model.inline(g))).filter((g) => !isConst(g, 1));
      const cells = instancesOf(builder, { binders, guards, outputs: [builder.bind(flatAddress(s.target.at, shape))] });
      return cells.values.subarray(0, cells.count).every((cell) => seen[cell]!++ === 0);
    });
  };
}

/** The factors with the missing elements of these variables integrated out: they are of the given ones, as data. */
export function withoutGaps(factors: readonly Factor[], idle: ReadonlySet<string>): readonly Factor[] {
  return factors.map((f) => {
    const { target } = f.statement.kind === 'observe' ? f.statement : { target: null };
    if (target === null || !idle.has(target.variable)) return f;
    const given = (e: Expr): Expr =>
      rewrite(e, (x) => (x.op === 'ref' && x.variable === target.variable ? ref(givenPartOf(x.variable), x.at) : x));
    return {
      ...f,
      guards: [...f.guards, apply('not', ref(maskOf(target.variable), target.at))],
      conditions: f.conditions.map(given),
      logDensity: given(f.logDensity),
    };
  });
}
