/**
 * `credence graph`: the plated graph of a program as a drawing.
 */
import type { DrawingFormat } from '../../index.js';
import { write } from '../output.js';
import { readModel } from './program.js';

/** @throws ModelError for a wrong program. */
export async function graph(path: string, flags: { readonly format: DrawingFormat }): Promise<number> {
  await write(`${readModel(path).graph(flags.format).trimEnd()}\n`);
  return 0;
}
