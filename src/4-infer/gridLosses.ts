/** What quadrature grids miss of the mass of the laws that are kept on them, as warnings of a run. */
import type { Diagnostic } from '../errors/diagnostic.js';
import { gridLosses } from '../random/quadratureGrid.js';
import { elementName } from './posterior.js';

/** Shares of a law's mass below which a loss is not worth a word; what panels miss is estimated from above. */
const negligibleLosses = [5e-3, 1e-3] as const;

/** Elements whose laws are kept on grids, with the losses of each. */
export interface KeptOnGrids {
  readonly variable: string;
  readonly shape: readonly number[];
  readonly losses: ArrayLike<number>;
}

/** The element of all that loses most in one of the ways, with its share. */
function worst(kept: readonly KeptOnGrids[], way: 0 | 1): { readonly element: string; readonly share: number } | null {
  let found: { readonly element: string; readonly share: number } | null = null;
  for (const { variable, shape, losses } of kept)
    for (let k = 0; k * gridLosses < losses.length; k++) {
      const share = losses[k * gridLosses + way]!;
      if (share > (found?.share ?? negligibleLosses[way])) found = { element: elementName(variable, shape, k), share };
    }
  return found;
}

function percent(share: number): string {
  return `${share < 0.1 ? (100 * share).toPrecision(2) : Math.round(100 * share)} %`;
}

/** One warning for each way in which a grid can fail. */
export function gridWarnings(kept: readonly KeptOnGrids[]): readonly Diagnostic[] {
  const coarse = worst(kept, 0),
    cut = worst(kept, 1);
  return [
    ...(coarse === null
      ? []
      : [
          {
            code: 'coarse-grid',
            severity: 'warning',
            message: `the quadrature grid of ${coarse.element} does not resolve its density: it may be wrong about ${percent(coarse.share)} of the mass`,
            hint: 'The density has more narrow modes, steps or decades than the grid has panels: bound, moments and quantiles are doubtful. gibbs needs no grid.',
          } as const,
        ]),
    ...(cut === null
      ? []
      : [
          {
            code: 'cut-at-bound',
            severity: 'warning',
            message: `about ${percent(cut.share)} of the mass of ${cut.element} lies nearer to a bound than numbers can tell from it, and is left out`,
            hint: 'Write the program for the distance from that bound, or give the unknown a prior that leaves it (an exponent of at least 0.5).',
          } as const,
        ]),
  ];
}
