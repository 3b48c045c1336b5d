/** The latest draws of a run, as chains hand them over, and a picture of them. Nothing is stored: the run goes on whatever happens here. */
import { elementName, sizeOf } from '../../../src/4-infer/posterior.js';
import { type Checkpoint, type Diagnostic, type DrawPiece, ModelError, type Recorded, type RunStore } from '../../../src/index.js';
import { tracePlot } from '../../../src/plot-api.js';

/** Scalars shown while a run goes on. */
const mostShown = 4;
/** Draws of a chain that are shown of a scalar. */
const latest = 2000;
/** Numbers in all draws of a run: they are in memory twice, and a page has little. */
const mostNumbers = 1e8;

export class LiveTraces implements RunStore {
  /** Scalars shown, and where they lie in a piece. */
  private shown: readonly { readonly name: string; readonly variable: number; readonly size: number; readonly element: number }[] = [];
  /** The latest draws of each scalar by chain. */
  private draws: number[][][] = [];
  /** All that were made, by chain. */
  private made: number[] = [];
  private readonly changed: () => void;

  /** @param changed called after new draws have come. */
  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** @throws ModelError for more draws than a page has memory for. */
  async open(_identity: string, chains: number, values: number | null, recorded: readonly Recorded[]): Promise<readonly null[]> {
    if (values !== null && values > mostNumbers) throw tooMany(values);
    const kept = recorded.flatMap((variable, position) =>
      variable.mode === 'draws' && variable.kind !== 'predict' ? [{ ...variable, position }] : [],
    );
    const outside = kept.filter(({ insidePlate }) => !insidePlate);
    this.shown = (outside.length > 0 ? outside : kept)
      .flatMap(({ name, shape, position, elements }) => {
        const size = sizeOf(shape);
        return Array.from(elements ?? Array.from({ length: Math.min(size, mostShown) }, (_, k) => k))
          .slice(0, mostShown)
          .map((element) => ({ name: elementName(name, shape, element), variable: position, size, element }));
      })
      .slice(0, mostShown);
    this.made = new Array<number>(chains).fill(0);
    this.draws = this.shown.map(() => Array.from({ length: chains }, () => []));
    return [];
  }

  async keep({ chain }: Checkpoint, pieces: readonly DrawPiece[]): Promise<void> {
    for (const { count, values } of pieces) {
      this.made[chain]! += count;
      this.shown.forEach(({ variable, size, element }, k) => {
        const of = values[variable],
          own = this.draws[k]?.[chain];
        if (of === null || of === undefined || own === undefined) return;
        for (let draw = Math.max(0, count - latest); draw < count; draw++) own.push(of[draw * size + element]!);
        own.splice(0, own.length - latest);
      });
    }
    this.changed();
  }

  /** The latest draws of the chains that have as many, where that shows most; null before there is anything to see. */
  picture(): { readonly svg: string; readonly draws: number; readonly made: number } | null {
    const lengths = (this.draws[0] ?? []).map(({ length }) => length);
    const shownWith = (draws: number): number => draws * lengths.filter((length) => length >= draws).length;
    const draws = lengths.reduce((best, length) => (shownWith(length) > shownWith(best) ? length : best), 0);
    if (draws < 2) return null;
    const source = Object.fromEntries(
      this.shown.map(({ name }, k) => [name, this.draws[k]!.filter(({ length }) => length >= draws).map((own) => own.slice(-draws))]),
    );
    return { svg: tracePlot(source), draws, made: Math.max(...this.made) };
  }
}

function tooMany(values: number): ModelError {
  const wrong: Diagnostic = {
    code: 'wrong-option',
    severity: 'error',
    message: `The run would keep ${values.toLocaleString('en')} numbers; a page keeps up to ${mostNumbers.toLocaleString('en')}.`,
    hint: 'Ask for fewer draws or chains, or run it on the command line.',
  };
  return new ModelError([wrong], `${wrong.message} ${wrong.hint}`);
}
