/** The methods that check a backend, in the order of their cost. */
import { agreement, exact } from './comparison.js';
import { laws } from './laws.js';
import type { Method } from './method.js';
import { ratio } from './ratio.js';
import { geweke, rank, sbc } from './simulation.js';

export const checks: readonly Method[] = [ratio, laws, exact, rank, geweke, agreement, sbc];
