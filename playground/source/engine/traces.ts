/** The draws of a run so far, as chains hand them over, and a picture of them. Nothing is stored: the run goes on whatever happens here. */
import { elementName, sizeOf } from '../../../src/4-infer/posterior.js';
import type { Checkpoint, DrawPiece, Recorded, RunStore } from '../../../src/index.js';
import { tracePlot } from '../../../src/plot-api.js';

/** Scalars shown while a run goes on. */
const mostShown = 4;

export class LiveTraces implements RunStore {
  /** Scalars shown, and where they lie in a piece. */
  private shown: readonly { readonly name: string; readonly variable: number; readonly size: number; readonly element: number }[] = [];
  /** Draws of each scalar by chain. */
  private draws: number[][][] = [];
  private readonly changed: () => void;

  /** @param changed called after new draws have come. */
  constructor(changed: () => void) { this.changed = changed; }

  async open(_identity: string, chains: number, _values: number | null, recorded: readonly Recorded[]): Promise<readonly null[]> {
    const kept = recorded.flatMap((variable, position) => (variable.mode === 'draws' && variable.kind !== 'predict' ? [{ ...variable, position }] : []));
    const outside = kept.filter(({ insidePlate }) => !insidePlate);
    this.shown = (outside.length > 0 ? outside : kept).flatMap(({ name, shape, position, elements }) => {
      const size = sizeOf(shape);
      return Array.from(elements ?? Array.from({ length: Math.min(size, mostShown) }, (_, k) => k)).slice(0, mostShown)
        .map((element) => ({ name: elementName(name, shape, element), variable: position, size, element }));
    }).slice(0, mostShown);
    this.draws = this.shown.map(() => Array.from({ length: chains }, () => []));
    return [];
  }

  async keep({ chain }: Checkpoint, pieces: readonly DrawPiece[]): Promise<void> {
    for (const { count, values } of pieces) {
      this.shown.forEach(({ variable, size, element }, k) => {
        const of = values[variable], own = this.draws[k]?.[chain];
        if (of === null || of === undefined || own === undefined) return;
        for (let draw = 0; draw < count; draw++) own.push(of[draw * size + element]!);
      });
    }
    this.changed();
  }

  /** Of the chains, and as far, that show most; null before there is anything to see. */
  picture(): { readonly svg: string; readonly draws: number } | null {
    const lengths = (this.draws[0] ?? []).map(({ length }) => length);
    const shownWith = (draws: number): number => draws * lengths.filter((length) => length >= draws).length;
    const draws = lengths.reduce((best, length) => (shownWith(length) > shownWith(best) ? length : best), 0);
    if (draws < 2) return null;
    const source = Object.fromEntries(this.shown.map(({ name }, k) => [name, this.draws[k]!.filter(({ length }) => length >= draws).map((own) => own.slice(0, draws))]));
    return { svg: tracePlot(source), draws };
  }
}
