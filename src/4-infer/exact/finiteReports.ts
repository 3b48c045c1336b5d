/**
 * Reports that are functions of a few finite unknowns solved by elimination: E f = sum of p(k) f(k) over
 * their joint values, p the marginal that the block keeps of the elements of a factor (a product over blocks).
 */
import { type Code, store } from '../../code/loop.js';
import {
  add,
  type Expr,
  equal,
  type Index,
  index,
  mul,
  mulAll,
  num,
  pow,
  type Ref,
  ref,
  reduce,
  rewrite,
  sub,
  variablesOf,
  visit,
  zero,
} from '../../expr/expr.js';
import type { Statement } from '../../2-graph/graph.js';
import type { DiscreteBlock } from '../blocks/block.js';
import { loops, type ProgramBuilder } from '../programBuilder.js';

/** A report with the storages of its mean and variance. */
export interface TabulatedReport {
  readonly name: string;
  readonly mean: string;
  readonly variance: string;
}

/** What is needed of a finite variable: its values, and the block it is in. */
export interface TabulatedVariable {
  readonly name: string;
  readonly low: number;
  readonly count: number;
  readonly block: DiscreteBlock;
}

/** Joint values of the unknowns of one report element that are summed over. */
const mostValues = 4096;

/** The reports, and the code that fills their storages once moments are computed. */
export function tabulatedReports(
  builder: ProgramBuilder,
  variables: readonly TabulatedVariable[],
): { readonly reports: readonly TabulatedReport[]; readonly code: readonly Code[] } {
  const { graph } = builder.bound;
  const reports: TabulatedReport[] = [];
  const code: Code[] = [];
  for (const v of graph.variables.values()) {
    if (v.origin !== 'report' || !builder.hasStorage(v.name) || builder.model.statusOf(v.name) === 'given') continue;
    const statements = graph.statements.filter(
      (s): s is Statement & { readonly kind: 'let' } => s.kind === 'let' && s.target.variable === v.name,
    );
    const sums = statements.map((s) => expectation(builder, s, variables));
    if (sums.length === 0 || sums.some((s) => s === null)) continue;
    const { shape } = builder.storage(v.name);
    const mean = builder.fresh('meanOf', shape, 'state'),
      variance = builder.fresh('varianceOf', shape, 'state');
    reports.push({ name: v.name, mean, variance });
    statements.forEach((s, k) => {
      const at = s.target.at.map((e) => builder.bind(e));
      const plates = s.plates.map((p) => builder.bindBinder({ index: p.index, from: p.from, to: p.to }));
      const sum = sums[k]!;
      code.push(
        ...loops(
          plates,
          s.guards.map((g) => builder.bind(g)),
          [
            store(
              mean,
              at,
              sum((f) => f),
            ),
            store(
              variance,
              at,
              sum((f) => pow(sub(f, ref(mean, at)), num(2))),
            ),
          ],
        ),
      );
    });
  }
  return { reports, code };
}

/** The sum of p(k) g(f(k)) as a function of g; null where the value is no such function. */
function expectation(
  builder: ProgramBuilder,
  s: Statement & { readonly kind: 'let' },
  variables: readonly TabulatedVariable[],
): ((g: (f: Expr) => Expr) => Expr) | null {
  const { model } = builder;
  if (s.recursive) return null;
  const value = builder.bind(model.inline(s.value));
  const unknowns = [...variablesOf(value)].filter((n) => model.statusOf(n) !== 'given');
  if (unknowns.length === 0 || s.guards.some((g) => model.dependsOnLatents(g))) return null;
  const own = unknowns.map((n) => variables.find((v) => v.name === n));
  if (own.some((v) => v === undefined) || unknowns.some((n) => model.statusOf(n) === 'partial')) return null;
  const elements: { readonly element: Ref; readonly variable: TabulatedVariable; readonly value: Index }[] = [];
  let inside = false;
  const bound = new Set<Index>();
  visit(value, (x) => {
    if (x.op === 'reduce') bound.add(x.index);
    // The arrays that a whole function takes (a host function, a determinant) run over indices of their own.
    if (x.op === 'element') for (const { indices } of x.array.args) for (const i of indices) bound.add(i);
  });
  visit(value, (x) => {
    if (x.op !== 'ref') return;
    const variable = variables.find((v) => v.name === x.variable);
    if (variable === undefined) return;
    // An element chosen by another unknown, or one of a sum, is many elements.
    if (x.at.some((e) => model.dependsOnLatents(e) || [...bound].some((i) => mentionsIndex(e, i)))) inside = true;
    if (!elements.some((o) => o.element.variable === x.variable && o.element.at.every((a, d) => equal(a, x.at[d]!))))
      elements.push({ element: x, variable, value: index('k') });
  });
  if (inside || elements.reduce((n, e) => n * e.variable.count, 1) > mostValues) return null;
  const blocks = [...new Set(elements.map((e) => e.variable.block))];
  const probabilities = blocks.map((b) =>
    b.probability(
      elements.filter((e) => e.variable.block === b).map(({ element, value: v }) => ({ element, value: v })),
      true,
    ),
  );
  if (probabilities.some((p) => p === null)) return null;
  for (const e of elements) builder.noteRange(e.value, zero, num(e.variable.count));
  const f = rewrite(value, (x) => {
    const e =
      x.op === 'ref'
        ? elements.find((o) => o.element.variable === x.variable && o.element.at.every((a, d) => equal(a, x.at[d]!)))
        : undefined;
    return e === undefined ? x : add(num(e.variable.low), e.value);
  });
  return (g) =>
    elements.reduce<Expr>(
      (sum, e) => reduce('sum', e.value, zero, num(e.variable.count), sum),
      mul(mulAll(probabilities.map((p) => p!)), builder.bind(g(f))),
    );
}
function mentionsIndex(e: Expr, i: Index): boolean {
  let found = false;
  visit(e, (x) => {
    if (x === i) found = true;
  });
  return found;
}
