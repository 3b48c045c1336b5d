/**
 * One row for each element of each variable: mean, sd, Monte Carlo error, quantiles, effective sizes,
 * R-hat, probabilities. From draws, running moments or closed forms alike; what does not apply is null.
 */
import { type ClosedForm, type DrawsForm, elementName, type MomentsForm, sizeOf, type VariableResult } from '../4-infer/posterior.js';
import { ChainDraws, meanOf, varianceOf } from './diagnostics/chainDraws.js';
import { essBulk, essTail } from './diagnostics/ess.js';
import { mcseMean, mcseQuantile } from './diagnostics/mcse.js';
import { rhat, rhatOfRanks } from './diagnostics/rhat.js';
import { RowColumns } from './rowColumns.js';
import type { ElementSummary } from './rows.js';

/** Probabilities are listed for supports of at most so many values. */
const mostListedValues = 50;

/** The rows of one variable. */
export interface VariableSummary {
  /** The result they are read from. */
  readonly variable: VariableResult;
  /** In row-major order; only elements that exist. */
  readonly elements: readonly ElementSummary[];
}

/** Elements of a variable from which on its rows are made when they are read, and not kept: a million take half a gigabyte. */
const fewestLarge = 10_000;

/** Rows of a large variable that are read off columns of numbers. */
class LargeVariable implements VariableSummary {
  readonly variable: VariableResult;
  readonly flats: ArrayLike<number>;
  readonly rowAt: (flat: number) => ElementSummary;

  constructor(variable: VariableResult, flats: ArrayLike<number>, rowAt: (flat: number) => ElementSummary) {
    this.variable = variable;
    this.flats = flats;
    this.rowAt = rowAt;
  }

  get elements(): readonly ElementSummary[] {
    return [...this.rows()];
  }

  *rows(): Generator<ElementSummary> {
    for (let i = 0; i < this.flats.length; i++) yield this.rowAt(this.flats[i]!);
  }
}

/** Rows that are read off columns of numbers: of a large variable when they are asked for, of others now. */
export function variableSummary(
  variable: VariableResult,
  flats: ArrayLike<number>,
  rowAt: (flat: number) => ElementSummary,
): VariableSummary {
  return flats.length > fewestLarge ? new LargeVariable(variable, flats, rowAt) : { variable, elements: Array.from(flats, rowAt) };
}

/** The rows of a variable one after the other, of a large one without having all of them at once. */
export function rowsOf(summary: VariableSummary): Iterable<ElementSummary> {
  return summary instanceof LargeVariable ? summary.rows() : summary.elements;
}

/** How many rows a variable has. */
export function rowCount(summary: VariableSummary): number {
  return summary instanceof LargeVariable ? summary.flats.length : summary.elements.length;
}

/** Rows by their place among those of the variable, which exist: of a large one no others are made. */
export function rowsAt(summary: VariableSummary, places: readonly number[]): readonly ElementSummary[] {
  if (!(summary instanceof LargeVariable)) return places.map((place) => summary.elements[place]!);
  return places.map((place) => summary.rowAt(summary.flats[place]!));
}

/** The same rows for another result of the variable. */
export function withResult(summary: VariableSummary, variable: VariableResult): VariableSummary {
  return summary instanceof LargeVariable
    ? new LargeVariable(variable, summary.flats, summary.rowAt)
    : { variable, elements: summary.elements };
}

function hasDraws({ result }: VariableResult): boolean {
  return result.form === 'draws' || (result.form === 'closed' && result.draws !== null);
}

/** Rows of every variable, in order. Buffers are shared, so many variables cost no more than their draws. */
export function summarise(variables: readonly VariableResult[]): readonly VariableSummary[] {
  const buffers = new Map<string, ChainDraws>();
  const buffersFor: BuffersFor = (chains, draws, repeats) => {
    const key = `${chains} ${draws} ${repeats}`;
    let found = buffers.get(key);
    if (found === undefined) {
      found = new ChainDraws(chains, draws, repeats);
      buffers.set(key, found);
    }
    return found;
  };
  return variables.map((variable) => {
    const flats = elementsOf(variable),
      rowAt = (flat: number): ElementSummary => summariseElement(variable, flat, buffersFor);
    if (flats.length <= fewestLarge || !hasDraws(variable)) return variableSummary(variable, flats, rowAt);
    // Rows of draws take their time: they are made once.
    const { name, shape, range = null, low = null } = variable,
      columns = new RowColumns({ name, shape, range, low });
    for (const flat of flats) columns.set(flat, rowAt(flat));
    return variableSummary(variable, flats, (flat) => columns.at(flat));
  });
}

/** Flat numbers of the elements that exist. */
export function elementsOf(variable: VariableResult): readonly number[] {
  return variable.elements === undefined ? Array.from({ length: sizeOf(variable.shape) }, (_, i) => i) : [...variable.elements];
}

type Row = Omit<ElementSummary, 'name' | 'flat'>;
/** Buffers for draws of one form. */
type BuffersFor = (chains: number, draws: number, repeats?: number) => ChainDraws;

function summariseElement(variable: VariableResult, flat: number, buffersFor: BuffersFor): ElementSummary {
  const { result } = variable;
  const row =
    result.form === 'draws'
      ? fromDraws(variable, result, flat, buffersFor)
      : result.form === 'moments'
        ? fromMoments(variable, result, flat)
        : fromClosedForm(variable, result, flat, buffersFor);
  const { mean, sd, mcse, q5, q50, q95, essBulk: bulk, essTail: tail, rhat: reduction, probs } = row;
  // In the order in which the file lists them.
  return {
    name: elementName(variable.name, variable.shape, flat),
    flat,
    mean,
    sd,
    mcse,
    q5,
    q50,
    q95,
    essBulk: bulk,
    essTail: tail,
    rhat: reduction,
    probs,
  };
}

const unknownRow: Row = {
  mean: null,
  sd: null,
  mcse: null,
  q5: null,
  q50: null,
  q95: null,
  essBulk: null,
  essTail: null,
  rhat: null,
  probs: null,
};

function fromDraws(variable: VariableResult, form: DrawsForm, flat: number, buffersFor: BuffersFor): Row {
  if (form.chains * form.draws === 0) return unknownRow;
  const draws = buffersFor(form.chains, form.draws, form.repeats).load(form.values, flat, sizeOf(variable.shape));
  const probs = countedProbabilities(variable, draws.values);
  const first = draws.values[0]!;
  if (isConstant(draws.values))
    return {
      ...unknownRow,
      mean: known(first),
      // One draw says nothing of its spread.
      sd: Number.isFinite(first) && draws.values.length > 1 ? 0 : null,
      q5: known(first),
      q50: known(first),
      q95: known(first),
      probs,
    };
  const unit = draws.toUnitScale();
  const sd = draws.standardDeviation();
  const quantile = (level: number): number | null => known(draws.quantile(level) * unit);
  const common = {
    mean: known(draws.mean() * unit),
    sd: known(sd * unit),
    q5: quantile(0.05),
    q50: quantile(0.5),
    q95: quantile(0.95),
    probs,
  };
  if (form.independent) return { ...common, mcse: known(errorOfIndependent(draws, sd) * unit), essBulk: null, essTail: null, rhat: null };
  const both = rhat(draws);
  return {
    ...common,
    mcse: known(mcseMean(draws) * unit),
    essBulk: known(essBulk(draws)),
    essTail: known(essTail(draws)),
    rhat: knownOrInfinite(Number.isNaN(both) ? rhatOfRanks(draws) : both),
  };
}

/** Of the mean: of draws that repeat, that of the means over the repeats. */
function errorOfIndependent(draws: ChainDraws, sd: number): number {
  if (draws.repeats === 1) return sd / Math.sqrt(draws.values.length);
  draws.fillSplitPlain();
  const { split: means } = draws.judged();
  return Math.sqrt(varianceOf(means, 0, means.length, meanOf(means, 0, means.length)) / means.length);
}

function fromMoments(variable: VariableResult, form: MomentsForm, flat: number): Row {
  const probs = givenProbabilities(variable, form.probabilities, flat);
  return {
    ...unknownRow,
    ...supportQuantiles(variable, form.probabilities, flat),
    mean: known(form.mean[flat]),
    sd: known(Math.sqrt(form.variance[flat] ?? Number.NaN)),
    mcse: known(form.mcse[flat]),
    rhat: knownOrInfinite(form.rhat[flat]),
    probs,
  };
}

function fromClosedForm(variable: VariableResult, form: ClosedForm, flat: number, buffersFor: BuffersFor): Row {
  const quantiles: Partial<Quantiles> | null =
    form.quantiles !== null
      ? { q5: known(form.quantiles.q5[flat]), q50: known(form.quantiles.q50[flat]), q95: known(form.quantiles.q95[flat]) }
      : (supportQuantiles(variable, form.probabilities, flat) ?? drawnQuantiles(variable, form, flat, buffersFor));
  return {
    ...unknownRow,
    ...quantiles,
    mean: known(form.mean[flat]),
    sd: known(form.sd?.[flat]),
    mcse: known(form.mcse?.[flat]) ?? quantiles?.mcse ?? null,
    probs: givenProbabilities(variable, form.probabilities, flat),
  };
}

type Quantiles = Pick<Row, 'q5' | 'q50' | 'q95' | 'mcse'>;

/** Beside a mean in closed form: the Monte Carlo error then is that of the quantile known least. */
function drawnQuantiles(variable: VariableResult, form: ClosedForm, flat: number, buffersFor: BuffersFor): Quantiles | null {
  if (form.draws === null || form.draws.count === 0) return null;
  const draws = buffersFor(1, form.draws.count).load(form.draws.values, flat, sizeOf(variable.shape));
  if (isConstant(draws.values)) {
    const value = known(draws.values[0]);
    return { q5: value, q50: value, q95: value, mcse: null };
  }
  const unit = draws.toUnitScale();
  const quantile = (level: number): number | null => known(draws.quantile(level) * unit);
  const errors = [0.05, 0.5, 0.95].map((level) => mcseQuantile(draws, level) * unit).filter((error) => Number.isFinite(error));
  return { q5: quantile(0.05), q50: quantile(0.5), q95: quantile(0.95), mcse: errors.length === 0 ? null : Math.max(...errors) };
}

/** Smallest values whose distribution function reaches 5, 50 and 95 %. */
function supportQuantiles(variable: VariableResult, probabilities: Float64Array | null, flat: number): Omit<Quantiles, 'mcse'> | null {
  const { range, low = 0 } = variable;
  if (probabilities === null || range === undefined) return null;
  const quantile = (level: number): number | null => {
    let sum = 0;
    for (let value = 0; value < range; value++) {
      sum += probabilities[flat * range + value]!;
      // Sums of probabilities are right to a few units in the last place only.
      if (sum >= level - 1e-12) return low + value;
    }
    return null;
  };
  return { q5: quantile(0.05), q50: quantile(0.5), q95: quantile(0.95) };
}

function countedProbabilities(variable: VariableResult, draws: Float64Array): Row['probs'] {
  const { range, low = 0 } = variable;
  if (range === undefined || range > mostListedValues) return null;
  const counts = new Float64Array(range);
  for (let i = 0; i < draws.length; i++) {
    const value = draws[i]! - low;
    if (value >= 0 && value < range) counts[value]! += 1;
  }
  return listed(counts, 0, range, low, 1 / draws.length);
}

function givenProbabilities(variable: VariableResult, probabilities: Float64Array | null, flat: number): Row['probs'] {
  const { range, low = 0 } = variable;
  if (probabilities === null || range === undefined || range > mostListedValues) return null;
  return listed(probabilities, flat * range, range, low, 1);
}

function listed(weights: Float64Array, offset: number, range: number, low: number, scale: number): Readonly<{ [value: string]: number }> {
  const probs: { [value: string]: number } = {};
  for (let value = 0; value < range; value++) probs[String(low + value)] = weights[offset + value]! * scale;
  return probs;
}

function isConstant(values: Float64Array): boolean {
  const first = values[0]!;
  for (let i = 1; i < values.length; i++) if (values[i] !== first) return false;
  return true;
}

function known(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function knownOrInfinite(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
