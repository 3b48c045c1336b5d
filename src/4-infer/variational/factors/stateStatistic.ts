/**
 * Statistics of the current state: expectations of point masses, where coordinate ascent starts.
 */
import { replaceSelf } from '../../../3-derive/closedForm.js';
import { type StatisticKind, selfExpr } from '../../../3-derive/conditional.js';
import { type MeanField, atElement, expectationOf, oneHotOf } from '../../../3-derive/meanField.js';
import { type Code, forLoop, store } from '../../../code/loop.js';
import {
  type ArrayExpr,
  type Expr,
  type Index,
  add,
  apply,
  build,
  cond,
  index,
  log,
  mul,
  num,
  one,
  scalar,
  sub,
  zero,
} from '../../../expr/expr.js';
import type { FoldedTables } from '../../contract.js';
import { RegionContext } from '../../kernels.js';
import type { ProgramBuilder } from '../../programBuilder.js';
import type { BlockCode } from './factor.js';
import { over, writeTable } from './tables.js';

/** The smallest number whose log is taken: a proportion that nothing supports is 0, and 0 log 0 is 0. */
const smallestLogged = num(1e-300);

/** A statistic of the current state's value of the element. */
export function stateStatistic(context: RegionContext, kind: StatisticKind): ArrayExpr {
  const d = num(context.eventDims[0] ?? 1);
  const current = (...e: Expr[]): Expr => context.current(e);
  if (context.region.eventRank === 0) {
    if (kind.kind === 'log') return scalar(log(apply('max', context.current(), smallestLogged)));
    if (kind.kind === 'log1m') return scalar(log(apply('max', sub(one, context.current()), smallestLogged)));
    return scalar(replaceSelf(context.builder.bind(atElement(selfExpr(kind), context.at)), context.current()));
  }
  const matrix = (): ArrayExpr => build([d, d], (i, j) => current(i, j));
  switch (kind.kind) {
    case 'pair':
      return build([d, d], (i, j) => mul(current(i), current(j)));
    case 'log':
      return build([d], (i) => log(apply('max', current(i), smallestLogged)));
    case 'inverse': {
      const m = matrix();
      return build([d, d], (i, j) => ({ op: 'element', array: { fn: 'inverse', args: [m], dims: [d, d] }, at: [i, j] }));
    }
    case 'logdet':
      return scalar({ op: 'element', array: { fn: 'logdet', args: [matrix()], dims: [] }, at: [] });
    default:
      return context.region.eventRank === 1 ? build([d], (i) => current(i)) : matrix();
  }
}

/** Expectations of a point mass at the current state: where coordinate ascent starts. */
export function startTables(builder: ProgramBuilder, field: MeanField, codes: readonly BlockCode[], folded: FoldedTables): readonly Code[] {
  return codes.flatMap(({ block, factor }): readonly Code[] => {
    const name = block.region.variable.name;
    const context = new RegionContext(builder, { ...block.collected, region: block.region }, folded);
    const code: Code[] = field.needed
      .filter((n) => n.variable === name)
      .flatMap((n) => writeTable(context, n.name, stateStatistic(context, n.kind)));
    if (factor.kind === 'finite') {
      const k: Index = index('k');
      code.push(
        forLoop(k, zero, num(factor.count), [
          store(
            expectationOf(oneHotOf(name), '1'),
            [...context.at, k],
            cond(apply('eq', add(num(factor.low), k), context.current()), one, zero),
          ),
        ]),
      );
    }
    return over(context, code);
  });
}
