/**
 * The rows of one variable column by column: NaN stands for what is not known. Rows as objects are made of them when they are read, so
 * that a million of them take as much memory as their numbers.
 */
import { elementName, sizeOf } from '../4-infer/posterior.js';
import type { SummaryRow } from './record.js';
import { type ElementSummary, type RowNumber, rowNumbers } from './rows.js';

/** The variable that rows are of; `range` and `low` of a finite support, else null. */
export interface RowsOf {
  readonly name: string;
  readonly shape: readonly number[];
  readonly range: number | null;
  readonly low: number | null;
}

export class RowColumns {
  private readonly of: RowsOf;
  private readonly size: number;
  /** Made when the first number of the kind is met: a point has no effective size. */
  private readonly columns: Map<RowNumber, Float64Array> = new Map();
  /** 1 for elements that have a row. */
  private readonly present: Uint8Array;
  private listed: Float64Array | null = null;
  private rows = 0;

  constructor(of: RowsOf) {
    this.of = of;
    this.size = sizeOf(of.shape);
    this.present = new Uint8Array(this.size);
  }

  /** How many elements have a row. */
  get count(): number {
    return this.rows;
  }

  /** [...shape, range] from the probabilities by value; null where none are listed. */
  get probabilities(): Float64Array | null {
    return this.listed;
  }

  set(flat: number, row: SummaryRow): void {
    for (const name of rowNumbers) {
      const value = row[name];
      if (value !== null) this.ownColumn(name)[flat] = value;
    }
    const { range, low } = this.of,
      { probs } = row;
    if (this.present[flat] === 0) this.rows++;
    this.present[flat] = 1;
    if (probs === null || range === null) return;
    this.listed ??= new Float64Array(this.size * range).fill(Number.NaN);
    for (let k = 0; k < range; k++) this.listed[flat * range + k] = probs[String(k + (low ?? 0))] ?? Number.NaN;
  }

  /** The numbers of all elements; null where none of them is known. */
  column(name: RowNumber): Float64Array | null {
    return this.columns.get(name) ?? null;
  }

  /** The same, all NaN where none is known. */
  numbers(name: RowNumber): Float64Array {
    return this.column(name) ?? new Float64Array(this.size).fill(Number.NaN);
  }

  /** Flat numbers of the elements that have a row. */
  flats(): Int32Array {
    const flats = new Int32Array(this.rows);
    let to = 0;
    for (let flat = 0; flat < this.size; flat++) if (this.present[flat] !== 0) flats[to++] = flat;
    return flats;
  }

  /** The row of an element. */
  at(flat: number): ElementSummary {
    const number = (name: RowNumber): number | null => {
      const value = this.columns.get(name)?.[flat];
      return value === undefined || Number.isNaN(value) ? null : value;
    };
    return {
      name: elementName(this.of.name, this.of.shape, flat),
      flat,
      mean: number('mean'),
      sd: number('sd'),
      mcse: number('mcse'),
      q5: number('q5'),
      q50: number('q50'),
      q95: number('q95'),
      essBulk: number('essBulk'),
      essTail: number('essTail'),
      rhat: number('rhat'),
      probs: this.probabilitiesOf(flat),
    };
  }

  private probabilitiesOf(flat: number): ElementSummary['probs'] {
    const { range, low } = this.of;
    if (range === null || this.listed === null) return null;
    const probs: { [value: string]: number } = {};
    for (let k = 0; k < range; k++) probs[String(k + (low ?? 0))] = this.listed[flat * range + k]!;
    return probs;
  }

  private ownColumn(name: RowNumber): Float64Array {
    const known = this.columns.get(name);
    if (known !== undefined) return known;
    const made = new Float64Array(this.size).fill(Number.NaN);
    this.columns.set(name, made);
    return made;
  }
}
