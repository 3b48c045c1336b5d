/**
 * Reports in closed form: those affine in Normals, and functions of finite unknowns.
 *
 * An affine report of x = m + A z, z standard normal, is r(m) + sum_i (r(m + A e_i) - r(m)) z_i: its variance
 * is the sum of the squares of what drawing with unit vectors in place of normals adds. No covariance of
 * two unknowns that do not meet is ever formed. Everything else comes from draws.
 */
import type { Statement } from '../../2-graph/graph.js';
import { normalForm } from '../../3-derive/normalForm.js';
import { type Expr, variablesOf } from '../../expr/expr.js';
import { isGaussian } from './plan.js';
import type { ComponentProgram, ExactProgram } from './program.js';
import { quantileLevels } from '../marginals.js';
import { normalQuantile } from '../../numeric/special/normal.js';
import { studentQuantile } from '../../numeric/special/student.js';
import type { VariableMoments } from './parts.js';

export interface ClosedReport {
  readonly name: string;
  readonly components: readonly ComponentProgram[];
  /** True where it reads finite unknowns only. */
  readonly finite: boolean;
}

/** Draws with unit vectors, over all configurations, that a report may cost. */
const mostProbes = 20_000;

/** Reports that are affine in Normals, or functions of enumerated finite unknowns. */
export function closedReports(program: ExactProgram): readonly ClosedReport[] {
  const { graph } = program.builder.bound;
  return [...graph.variables.values()]
    .filter((v) => v.origin === 'report')
    .flatMap((v) => {
      const statements = graph.statements.filter((s) => s.kind === 'let' && s.target.variable === v.name);
      const kinds = statements.map((s) => (s.kind === 'let' ? kindOf(program, s) : null));
      if (kinds.length === 0 || kinds.some((k) => k === null)) return [];
      const components = new Set(kinds.flatMap((k) => k!.components));
      if (components.size === 0) return [];
      // A mixture's numbers are mixed by its own weights.
      if ([...components].some((c) => c.enumerated) && (components.size > 1 || [...components][0]!.lanes > 1)) return [];
      const finite = kinds.every((k) => k!.finite);
      if ([...components].some((c) => c.blocks.length > 0 && c.component.kind === 'discrete')) return [];
      return [{ name: v.name, components: [...components], finite }];
    });
}

/** What a statement's value depends on, where it is affine in Normals; null where it is not. */
function kindOf(
  program: ExactProgram,
  s: Statement & { readonly kind: 'let' },
): { readonly components: readonly ComponentProgram[]; readonly finite: boolean } | null {
  const { model } = program.builder;
  if (s.recursive) return null;
  const value = model.inline(s.value);
  const unknowns = [...variablesOf(value), ...s.guards.flatMap((g) => [...variablesOf(g)])].filter((n) => model.statusOf(n) !== 'given');
  const components = new Set<ComponentProgram>();
  const continuous = new Set<string>();
  for (const name of unknowns) {
    const c = program.components.find((x) => x.component.regions.some((r) => r.region.variable.name === name));
    if (c === undefined) return null;
    components.add(c);
    const regions = c.component.regions.filter((r) => r.region.variable.name === name);
    if (c.finite.some((f) => f.name === name)) continue;
    if (!regions.every(isGaussian)) return null;
    continuous.add(name);
  }
  const speaks = (e: Expr): boolean => [...variablesOf(e)].some((n) => continuous.has(n));
  for (const m of normalForm(value, model)) {
    if ([...m.guards, ...m.coefficient, ...m.binders.flatMap((b) => [b.from, b.to])].some(speaks)) return null;
    const own = m.atoms.filter((a) => speaks(a.base) || speaks(a.power));
    if (own.length > 1) return null;
    const [a] = own;
    if (a !== undefined && (a.base.op !== 'ref' || a.base.at.some(speaks) || a.power.op !== 'const' || a.power.value !== 1)) return null;
  }
  return { components: [...components], finite: continuous.size === 0 };
}

/** Mean and variance of reports at the current configuration of their component. */
export interface ReportMoments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/**
 * Mean and variance of reports by unit vectors; the components have been prepared. Reports of Normals under several scales are left out.
 * @returns null where that would take too many draws; then the state is as it was.
 */
export function probe(
  program: ExactProgram,
  reports: readonly ClosedReport[],
  configurations: number,
): ReadonlyMap<ClosedReport, ReportMoments> | null {
  const components = [...new Set(reports.filter((r) => !r.finite).flatMap((r) => r.components))];
  const counts = components.map((c) => program.normals(c, -1));
  if (counts.reduce((a, b) => a + b, 0) * configurations > mostProbes) return null;
  program.evaluate();
  const out = new Map(
    reports.map((r): [ClosedReport, ReportMoments] => {
      const mean = Float64Array.from(program.read(r.name));
      return [r, { mean, variance: new Float64Array(mean.length) }];
    }),
  );
  components.forEach((c, k) => {
    const { inflation } = program.scaling(c);
    const own = reports.filter((r) => !r.finite && r.components.includes(c));
    // Normals under several scales: each unit vector would need the inflation of its own, so that draws have to do.
    if (Number.isNaN(inflation)) for (const r of own) out.delete(r);
    for (let unit = 0; unit < counts[k]!; unit++) {
      program.normals(c, unit);
      program.evaluate();
      for (const r of own) {
        const found = out.get(r);
        if (found === undefined) continue;
        const { mean, variance } = found,
          values = program.read(r.name);
        for (let i = 0; i < mean.length; i++) variance[i] = variance[i]! + inflation * (values[i]! - mean[i]!) ** 2;
      }
    }
    program.normals(c, -1);
  });
  return out;
}

/** Reports of components without configurations: also their quantiles, where the law is Normal or Student t. */
export function reportMoments(
  program: ExactProgram,
  reports: readonly ClosedReport[],
  mode: boolean,
): ReadonlyMap<string, VariableMoments> {
  program.tabulate();
  // The tables of a block are its marginals: at the most probable assignment a report is what it is there, which draws say.
  const tabulated = (mode ? [] : program.tabulated).map((t): [string, VariableMoments] => [
    t.name,
    { mean: Float64Array.from(program.read(t.mean)), variance: Float64Array.from(program.read(t.variance)), quantiles: null },
  ]);
  const plain = reports.filter((r) => !r.components.some((c) => c.enumerated));
  if (plain.length === 0) return new Map(tabulated);
  for (const c of new Set(plain.flatMap((r) => r.components))) program.prepare(c);
  const found = probe(program, plain, 1);
  if (found === null) return new Map(tabulated);
  return new Map([
    ...tabulated,
    ...[...found].map(([r, { mean, variance }]): [string, VariableMoments] => {
      const scaled = r.components.map((c) => program.scaling(c)).filter((s) => s.df < Infinity);
      // A sum of several Student ts, or of one and a Normal, has no quantiles in closed form.
      const { inflation, ratio, df } = scaled[0] ?? { inflation: 1, ratio: 1, df: Infinity };
      const closed = scaled.length === 0 || (r.components.length === 1 && Number.isFinite(ratio));
      const quantile = (u: number): number => (df === Infinity ? normalQuantile(u) : studentQuantile(u, df));
      return [
        r.name,
        {
          mean,
          variance,
          quantiles: closed
            ? quantileLevels.map((u) => mean.map((m, i) => m + quantile(u) * Math.sqrt((variance[i]! / inflation) * ratio)))
            : null,
        },
      ];
    }),
  ]);
}
