/**
 * Factors of a positive scalar of which a power is a Gamma.
 */
import { type Slot, statisticTerm } from '../../../3-derive/closedForm.js';
import type { StatisticKind } from '../../../3-derive/conditional.js';
import { type MeanFieldBlock, MeanFieldRefusal, type NeededExpectation } from '../../../3-derive/meanField.js';
import { accumulate, store } from '../../../code/loop.js';
import { gammaMoment } from '../../../distributions/gamma.js';
import { type Expr, add, addAll, apply, lgamma, log, mul, neg, num, one, pow, ref, scalar, sub } from '../../../expr/expr.js';
import { type RegionContext, naturals } from '../../kernels.js';
import { quantileLevels } from '../../marginals.js';
import type { BlockCode } from './factor.js';
import { over, parameterStorages, together, writeTable } from './tables.js';

/** v^p ~ Gamma(s, r): moments of v are moments of the Gamma. */
export function powerGammaBlock(
  context: RegionContext,
  block: MeanFieldBlock,
  power: number,
  slots: readonly Slot[],
  needed: readonly NeededExpectation[],
): BlockCode {
  const { builder } = context;
  const eta = naturals(context, slots, block.expected);
  const stored = parameterStorages(context, {
    shape: scalar(mul(add(ref(eta.storages[0]!, []), one), num(1 / power))),
    rate: scalar(neg(ref(eta.storages[1]!, []))),
  });
  const p = stored.read();
  const shape = p['shape']!.body,
    rate = p['rate']!.body;
  const logMean = sub(apply('digamma', shape), log(rate));
  const moment = (q: number): Expr => gammaMoment(shape, rate, q / power);
  const expectation = (kind: StatisticKind): Expr => {
    if (kind.kind === 'power') return moment(kind.power);
    if (kind.kind === 'log') return mul(num(1 / power), logMean);
    throw new MeanFieldRefusal('has no expectation in closed form', statisticTerm(kind, context.region), context.name);
  };
  const entropyOfGamma = addAll([shape, neg(log(rate)), lgamma(shape), mul(sub(one, shape), apply('digamma', shape))]);
  const drawn = builder.fresh('drawn', [], 'local');
  const here = context.place();
  // v falls where u = v^p rises for p < 0.
  const quantile = (u: number): Expr => pow(apply('div', apply('gammaPInverse', shape, num(power > 0 ? u : 1 - u)), rate), num(1 / power));
  return {
    block,
    factor: { kind: 'powerGamma', power, slots },
    scores: null,
    common: [],
    ...together(
      context,
      [...eta.code, ...stored.write],
      needed.flatMap((n) => writeTable(context, n.name, scalar(expectation(n.kind)))),
    ),
    // v = u^(1/p): log |dv/du| = -log |p| + (1/p - 1) log u
    entropy: (into) =>
      over(context, [accumulate(into, [], addAll([entropyOfGamma, num(-Math.log(Math.abs(power))), mul(num(1 / power - 1), logMean)]))]),
    draw: over(context, [
      {
        do: 'call',
        procedure: 'gamma',
        args: [
          { kind: 'value', value: shape },
          { kind: 'value', value: rate },
        ],
        into: { storage: drawn, at: [] },
        effects: [],
      },
      store(here.storage, here.at, pow(ref(drawn, []), num(1 / power))),
    ]),
    moments: (mean, variance) =>
      over(context, [store(mean, context.at, moment(1)), store(variance, context.at, sub(moment(2), pow(moment(1), num(2))))]),
    quantiles: (into) =>
      over(
        context,
        quantileLevels.map((u, n) => store(into[n]!, context.at, quantile(u))),
      ),
  };
}
