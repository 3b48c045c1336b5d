/** Small pictures of one chart each: they keep their size, and the page puts as many side by side as the screen holds. */
import { type Chart, type LegendEntry, picture } from '../plot/drawing.js';

/** Width of charts that have half a page: drawn smaller than they are shown there, so that their letters can be read on a telephone. */
export const wideChart = 440;

/** Numbers the pictures of a page, so that their names differ. */
export class Pictures {
  private count = 0;

  /** The picture of one chart, or of charts row by row. */
  of(title: string, description: string, charts: Chart | readonly (readonly Chart[])[], legend: readonly LegendEntry[] = []): string {
    this.count++;
    return picture(String(this.count), { title, description, legend, rows: 'content' in charts ? [[charts]] : charts });
  }
}
