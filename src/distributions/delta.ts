/**
 * Delta(value): all mass at one value; a discrete law whatever the value is.
 */
import { apply, cond, one, scalar, zero } from '../expr/expr.js';
import type { Family } from './family.js';
import { argument, minusInfinity, parameter } from './notation.js';

export const delta: Family = {
  name: 'Delta',
  doc: 'mass 1 at value',
  parameters: [parameter('value', 0, 'real', 'the only value')],
  alternatives: [],
  eventRank: 0,
  discrete: true,
  proper: true,
  eventDims: () => [],
  support: (p) => ({ kind: 'point', value: argument(p, 'value') }),
  logDensity: (x, p) => cond(apply('eq', x.body, argument(p, 'value')), zero, minusInfinity),
  variate: (p) => ({ fn: 'uniform', args: [], transform: () => argument(p, 'value') }),
  cdf: (x, p) => cond(apply('ge', x, argument(p, 'value')), one, zero),
  survival: (x, p) => cond(apply('ge', x, argument(p, 'value')), zero, one),
  quantile: (_, p) => argument(p, 'value'),
  mean: (p) => scalar(argument(p, 'value')),
  variance: () => scalar(zero),
};
