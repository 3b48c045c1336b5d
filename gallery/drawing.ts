/** What figures of the gallery are drawn with: the drawing that `credence/plot` is made of. */
export { type Chart, chart, ellipse, escaped, grid, histogram, type LegendEntry, type Picture, picture } from '../src/plot/drawing.js';
