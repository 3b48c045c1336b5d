/**
 * Functions of whole arrays (a mean, a sum, an inverse) in the laws that predictions are drawn from, of data along a
 * size that new data have changed: under the new data they are of other rows than those that the run was fitted with,
 * so that `standardise(x)` of two new rows says nothing of the run's scale.
 */
import type { BoundModel } from '../2-graph/bound.js';
import { arraysOfStatement } from '../2-graph/query.js';
import type { Span } from '../errors/diagnostic.js';
import { type Expr, freeIndices, type Index, visit } from '../expr/expr.js';
import { drawnAnew, readerOf, sizesIn } from './affected.js';
import type { Continued } from './newData.js';

export interface SummaryOfRows {
  /** What is drawn or defined by the function; of several the first. */
  readonly reader: string;
  readonly span: Span;
  /** What it is a function of: data, unknowns with new elements, what definitions make of these. */
  readonly variable: string;
  /** The size that it runs over. */
  readonly size: string;
}

/**
 * One for each variable and size. Reports and `predict` statements have no part in a fit: a function of the new rows is what they are for.
 * @param changed sizes that are not the run's, or of which all indices are new.
 */
export function summariesOfNewRows(
  bound: BoundModel,
  continued: ReadonlyMap<string, Continued>,
  changed: ReadonlySet<string>,
): readonly SummaryOfRows[] {
  const { graph } = bound,
    closure = readerOf(graph);
  const originOf = (name: string): string | undefined => graph.variables.get(name)?.origin,
    isLet = (name: string): boolean => originOf(name) === 'let' || originOf(name) === 'report';
  const used = closure(
    [...drawnAnew(bound, continued)].filter((name) => originOf(name) !== 'predict'),
    (name) => isLet(name) || (bound.variables.get(name)?.status !== 'given' && continued.get(name)?.fresh !== null),
  );
  const isOfRows = (name: string, size: string): boolean =>
    [...closure([name], isLet)].some((other) => {
      const isDatum = originOf(other) === 'data' && ['given', 'partial'].includes(bound.variables.get(other)?.status ?? '');
      return (
        (isDatum || (continued.get(other)?.fresh ?? null) !== null) &&
        graph.variables.get(other)!.dims.some((dim) => sizesIn(dim).includes(size))
      );
    });
  const found = new Map<string, SummaryOfRows>();
  for (const statement of graph.statements) {
    if (statement.kind === 'factor' || statement.kind === 'predict' || statement.target === null) continue;
    const target = statement.target.variable;
    if (!used.has(target) || (statement.kind !== 'let' && bound.variables.get(target)?.status === 'given')) continue;
    const { dims, eventRank } = graph.variables.get(target)!,
      // A joint draw over rows is one of all of them.
      own = dims.slice(dims.length - eventRank).flatMap(sizesIn);
    const note = (index: Index, ranges: readonly Expr[], body: Expr): void => {
      for (const size of ranges.flatMap(sizesIn)) {
        if (!changed.has(size) || own.includes(size)) continue;
        visit(body, (x) => {
          if (x.op !== 'ref' || found.has(`${x.variable} ${size}`)) return;
          const runs = x.at.some((e) => freeIndices(e).has(index));
          if (runs && isOfRows(x.variable, size))
            found.set(`${x.variable} ${size}`, { reader: target, span: statement.span, variable: x.variable, size });
        });
      }
    };
    for (const { body } of arraysOfStatement(statement))
      visit(body, (x) => {
        if (x.op === 'reduce') note(x.index, [x.from, x.to], x.body);
        else if (x.op === 'element')
          for (const { indices, dims: lengths, body: argument } of x.array.args)
            indices.forEach((i, axis) => {
              note(i, [lengths[axis]!], argument);
            });
      });
  }
  return [...found.values()];
}
