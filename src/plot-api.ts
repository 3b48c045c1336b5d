/**
 * What `import ... from 'credence/plot'` offers: the figures of a report as SVG text. Names only; no logic.
 * @module
 */
export {
  autocorrelationPlot,
  bandPlot,
  type BandSource,
  type Components,
  componentsPlot,
  densityPlot,
  forestPlot,
  objectivePlot,
  pairsPlot,
  type PlotOptions,
  type PredictiveCheck,
  predictivePlot,
  rankPlot,
  tracePlot,
} from './plot/figures.js';
export type { Draws, DrawSource } from './plot/series.js';
