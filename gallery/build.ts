/** Draws every figure and writes the page and one SVG a figure into a folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, holds, type Row } from './figure.js';
import { figure11, figure12, figure13, figure14, figure15 } from './figures/chapter1.js';
import { figures21to23 } from './figures/chapter2.js';
import { figure31, figure32, figure33, figure34, figure35, figure36 } from './figures/chapter3.js';
import { fileOf, pageOf } from './page.js';

export interface Gallery {
  readonly figures: readonly Figure[];
  /** Numbers that lie too far from their reference. */
  readonly failed: readonly { readonly id: string; readonly row: Row }[];
}

/** Builds the gallery in `folder`, which is made where it is missing; `onFigure` hears of each figure. */
export async function buildGallery(folder: string, onFigure: (figure: Figure) => void = () => undefined): Promise<Gallery> {
  mkdirSync(join(folder, 'figures'), { recursive: true });
  const figures: Figure[] = [];
  for (const draw of [
    figure11,
    figure12,
    figure13,
    figure14,
    figure15,
    figures21to23,
    figure31,
    figure32,
    figure33,
    figure34,
    figure35,
    figure36,
  ]) {
    for (const figure of [await draw()].flat()) {
      writeFileSync(join(folder, fileOf(figure)), figure.svg);
      figures.push(figure);
      onFigure(figure);
    }
  }
  writeFileSync(join(folder, 'index.html'), pageOf(figures));
  return { figures, failed: figures.flatMap(({ id, numbers }) => numbers.filter((row) => !holds(row)).map((row) => ({ id, row }))) };
}
