/**
 * Flat(): the improper law with density 1 on the real line. It has no draws and no moments.
 */
import { InternalError } from '../errors/diagnostic.js';
import { zero } from '../expr/expr.js';
import type { Family } from './family.js';
import { infinity, interval, minusInfinity } from './notation.js';

export const flat: Family = {
  name: 'Flat',
  doc: 'improper: density 1 on the real line',
  parameters: [],
  alternatives: [],
  eventRank: 0,
  discrete: false,
  proper: false,
  eventDims: () => [],
  support: () => interval(minusInfinity, infinity),
  logDensity: () => zero,
  variate: () => {
    throw new InternalError('an improper law has no draws');
  },
};
