/**
 * Numbers of a component: log evidence, moments, quantiles, probabilities and draws. Configurations of
 * finite unknowns are gone through once for their weights and once for the moments they mix.
 *
 * log p(data) = log sum over configurations c of p(data, c); the posterior is the mixture of the
 * posteriors given c with weights p(data, c) / p(data), lane by lane.
 */
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import { renderDiagnostics } from '../../errors/render.js';
import type { Interruptible } from '../stopping.js';
import { regionName } from '../wording.js';
import { elementName } from '../posterior.js';
import { gridWarnings } from '../gridLosses.js';
import { quantileLevels } from '../marginals.js';
import type { VariableMoments } from './parts.js';
import { type ClosedReport, probe, type ReportMoments } from './reports.js';
import { type ComponentProgram, type ExactProgram, type Memory, mostConfigurations } from './program.js';

export interface SolvedComponent {
  readonly program: ComponentProgram;
  readonly logEvidence: number;
  readonly moments: ReadonlyMap<string, VariableMoments>;
  /** [...shape, count] of each finite variable. */
  readonly probabilities: ReadonlyMap<string, Float64Array>;
  readonly warnings: readonly Diagnostic[];
  /** Log of the joint probability (density) of the data and the most probable assignment; without finite unknowns the evidence. */
  readonly logMode: number;
  /** Writes an independent draw of the component's unknowns to the state. */
  draw(): void;
}

function fail(...diagnostics: readonly Diagnostic[]): never {
  throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'exact'));
}
function unknownsOf(c: ComponentProgram): string {
  return [...new Set(c.component.regions.map((r) => regionName(r.region)))].join(', ');
}

/** @param mode the most probable configuration of finite unknowns instead of all of them. */
export function* solve(
  program: ExactProgram,
  c: ComponentProgram,
  mode: boolean,
  reports: readonly ClosedReport[],
): Interruptible<SolvedComponent> {
  if (c.blocks.length > 0) return solveBlocks(program, c, mode);
  return c.enumerated
    ? yield* solveMixture(
        program,
        c,
        mode,
        reports.filter((r) => r.components.includes(c)),
      )
    : solveClosed(program, c);
}

/** Refuses laws that are not proper, in lanes whose configuration is possible. */
function check(program: ExactProgram, c: ComponentProgram, warnings: Diagnostic[]): void {
  checkPivots(program, c, warnings);
  const broken = program.read(c.broken);
  for (const part of c.parts)
    for (const { region, storage, limits, losses, singular, element } of part.proper) {
      const values = program.read(storage);
      const isPossible = (i: number): boolean => c.lanes === 1 || broken[Math.floor((i * c.lanes) / values.length)] === 0;
      const bad = values.findIndex((v, i) => !(v > limits.improper) && isPossible(i));
      const name = (flat: number): string =>
        element?.((s) => program.read(s)) ?? elementName(region.variable.name, program.builder.storage(storage).shape, flat);
      if (bad >= 0) {
        fail({
          code: 'improper-posterior',
          severity: 'error',
          span: region.statement.span,
          message: `the posterior of ${name(bad)} is improper${singular ? ': the precision matrix is singular (rank deficient) there, so data and priors do not determine some combination of unknowns' : ': data and priors do not determine it'}`,
          hint: singular
            ? 'Give it a proper prior, or remove regressors that are combinations of others.'
            : 'Give it a proper prior, or more data.',
        });
      }
      const doubtful = values.findIndex((v, i) => !(v > limits.doubtful) && isPossible(i));
      if (doubtful >= 0 && !warnings.some((w) => w.code === 'ill-conditioned')) {
        warnings.push({
          code: 'ill-conditioned',
          severity: 'warning',
          span: region.statement.span,
          message: `the precision matrix of ${name(doubtful)} is nearly singular (relative pivot ${values[doubtful]!.toExponential(1)}): about ${Math.max(0, Math.round(16 + Math.log10(values[doubtful]!)))} digits of the result are right`,
          hint: 'Some of its elements are nearly combinations of others: centre the regressors or remove one.',
        });
      }
      if (losses !== undefined) checkGrids(program, region.variable.name, losses, warnings);
    }
}
function checkGrids(program: ExactProgram, variable: string, storage: string, warnings: Diagnostic[]): void {
  const shape = program.builder.storage(storage).shape.slice(0, -1);
  for (const found of gridWarnings([{ variable, shape, losses: program.read(storage) }]))
    if (!warnings.some((w) => w.code === found.code)) warnings.push(found);
}

/** Share of the smallest pivot that may be wrong without a word. */
const doubtfulShare = 1e-6;
/** From this share on the pivot says nothing: the matrix counts as singular. */
const mostWrong = 0.1;

/** Twice the digits make the factor of what was summed as good as exact; here is seen whether what was summed is what the program has. */
function checkPivots(program: ExactProgram, c: ComponentProgram, warnings: Diagnostic[]): void {
  c.parts.forEach((part, n) => {
    const worst = program.formOfWorst(c, n);
    if (worst === null) return;
    const wrong = Math.abs(worst.form - 1);
    if (!(wrong < mostWrong)) program.refusePivot(c, n, worst.row);
    else if (wrong > doubtfulShare && !warnings.some((w) => w.code === 'ill-conditioned')) {
      warnings.push({
        code: 'ill-conditioned',
        severity: 'warning',
        span: part.regions[0]!.statement.span,
        message: `the precision matrix of ${[...new Set(part.regions.map((r) => regionName(r)))].join(', ')} is nearly singular (relative pivot ${worst.ratio.toExponential(1)}), and rounding of its coefficients leaves about ${Math.max(0, Math.floor(-Math.log10(wrong)))} digits of the result`,
        hint: 'Some of its elements are nearly combinations of others: centre the regressors, remove one, or bring scales closer to each other.',
      });
    }
  });
}
function impossible(c: ComponentProgram): never {
  fail({
    code: 'impossible-evidence',
    severity: 'error',
    span: c.component.factors[0]?.statement.span,
    message: `the data are impossible under the program: every value of ${unknownsOf(c)} has probability zero`,
    hint: 'Look for observations outside the support of their laws, or for priors that exclude what was observed.',
  });
}
function notANumber(c: ComponentProgram): never {
  fail({
    code: 'not-a-number',
    severity: 'error',
    span: c.component.factors[0]?.statement.span,
    message: `the evidence of ${unknownsOf(c)} is not a finite number`,
    hint: 'Look for data whose density is infinite or undefined, or rescale the data.',
  });
}

function solveClosed(program: ExactProgram, c: ComponentProgram): SolvedComponent {
  const warnings: Diagnostic[] = [];
  program.prepare(c);
  check(program, c, warnings);
  const logEvidence = program.read(c.evidence)[0]!;
  if (logEvidence === -Infinity) impossible(c);
  if (!Number.isFinite(logEvidence)) notANumber(c);
  program.moments(c);
  program.quantiles(c);
  return {
    program: c,
    logEvidence,
    logMode: logEvidence,
    moments: readMoments(program, c),
    probabilities: new Map(),
    warnings,
    draw: () => program.draw(c),
  };
}

function readMoments(program: ExactProgram, c: ComponentProgram): ReadonlyMap<string, VariableMoments> {
  return new Map(
    c.variables.map((name) => {
      const s = program.results.get(name)!;
      const copy = (storage: string): Float64Array => Float64Array.from(program.read(storage));
      return [
        name,
        { mean: copy(s.mean), variance: copy(s.variance), quantiles: c.withQuantiles.has(name) ? s.quantiles.map(copy) : null },
      ];
    }),
  );
}

function solveBlocks(program: ExactProgram, c: ComponentProgram, mode: boolean): SolvedComponent {
  program.prepare(c);
  const logEvidence = program.read(c.evidence)[0]!;
  if (logEvidence === -Infinity || Number.isNaN(logEvidence)) impossible(c);
  program.moments(c);
  const probabilities = new Map(c.finite.map((f) => [f.name, Float64Array.from(program.read(f.table))]));
  if (!mode) return { program: c, logEvidence, logMode: NaN, moments: new Map(), probabilities, warnings: [], draw: () => program.draw(c) };
  program.mode(c);
  const logMode = program.logJoint(c);
  for (const f of c.finite) {
    const values = program.read(f.name),
      table = probabilities.get(f.name)!;
    table.fill(0);
    values.forEach((v, i) => {
      const k = v - f.low;
      if (k >= 0 && k < f.count) table[i * f.count + k] = 1;
    });
  }
  return { program: c, logEvidence, logMode, moments: new Map(), probabilities, warnings: [], draw: () => program.mode(c) };
}

/** Posterior weights of configurations: [configurations, lanes]. */
interface Weights {
  readonly count: number;
  readonly lanes: number;
  readonly weights: Float64Array;
  readonly logEvidence: number;
  readonly logMode: number;
}

/** Weights below this share of a lane's total are dropped. */
const smallestWeight = 1e-18;

function* weigh(program: ExactProgram, c: ComponentProgram, mode: boolean, warnings: Diagnostic[]): Interruptible<Weights> {
  program.count(c);
  const states = program.read(c.states),
    chosen = program.read(c.chosen),
    evidence = program.read(c.evidence),
    broken = program.read(c.broken);
  let count = 1;
  for (const n of states) count = Math.max(count, n);
  if (!(count <= mostConfigurations)) {
    const finite = c.finite.map((f) => f.name).join(', ');
    const rest = c.variables.join(', ');
    const number = count > 1e15 ? count.toExponential(1) : count;
    fail({
      code: 'too-many-configurations',
      severity: 'error',
      span: c.component.regions.find((r) => r.region.variable.name === c.finite[0]!.name)?.region.statement.span,
      message:
        rest === ''
          ? `exact does not apply: ${finite} has ${number} configurations, above the ${mostConfigurations} that are enumerated, and ${c.apart}`
          : `exact does not apply: ${finite} has ${number} configurations that meet ${rest}, above the ${mostConfigurations} that are enumerated`,
      hint:
        rest === ''
          ? `Pass values for ${finite}, or use --backend gibbs.`
          : `Pass values for ${rest} (then ${finite} is solved by elimination) or for ${finite}, or use --backend gibbs.`,
    });
  }
  const { lanes } = c;
  const weights = new Float64Array(count * lanes).fill(-Infinity);
  for (let k = 0; k < count; k++) {
    for (let l = 0; l < lanes; l++) chosen[l] = Math.min(k, states[l]! - 1);
    program.configure(c);
    program.prepare(c);
    let possible = false;
    for (let l = 0; l < lanes; l++) {
      if (k >= states[l]! || evidence[l] === -Infinity || broken[l]! > 0) continue;
      weights[k * lanes + l] = evidence[l]!;
      possible = true;
    }
    if (possible) check(program, c, warnings);
    yield { done: k + 1, total: count };
  }
  let logEvidence = 0,
    logMode = 0;
  for (let l = 0; l < lanes; l++) {
    let top = -Infinity,
      best = 0;
    for (let k = 0; k < count; k++) {
      const w = weights[k * lanes + l]!;
      if (Number.isNaN(w) || w === Infinity) notANumber(c);
      if (w > top) {
        top = w;
        best = k;
      }
    }
    if (top === -Infinity) impossible(c);
    let total = 0;
    for (let k = 0; k < count; k++) total += Math.exp(weights[k * lanes + l]! - top);
    logEvidence += top + Math.log(total);
    logMode += top;
    for (let k = 0; k < count; k++) weights[k * lanes + l] = mode ? (k === best ? 1 : 0) : Math.exp(weights[k * lanes + l]! - top) / total;
  }
  return { count, lanes, weights, logEvidence, logMode };
}

function* solveMixture(
  program: ExactProgram,
  c: ComponentProgram,
  mode: boolean,
  reports: readonly ClosedReport[],
): Interruptible<SolvedComponent> {
  const warnings: Diagnostic[] = [];
  const w = yield* weigh(program, c, mode, warnings);
  const probed = probe(program, reports, w.count),
    probing = reports.filter((r) => r.finite || probed?.has(r) === true);
  const mixture = new MixtureMoments(program, c, w.lanes, probing, smallestMixed(w));
  const install = (k: number): void => {
    const chosen = program.read(c.chosen),
      states = program.read(c.states);
    for (let l = 0; l < w.lanes; l++) chosen[l] = Math.min(k, states[l]! - 1);
    program.configure(c);
    program.prepare(c);
  };
  for (let k = 0; k < w.count; k++) {
    const row = w.weights.subarray(k * w.lanes, (k + 1) * w.lanes);
    if (!row.some((x) => x > smallestWeight)) continue;
    install(k);
    program.moments(c);
    program.quantiles(c);
    mixture.add(row, probe(program, probing, 1) ?? new Map());
    yield;
  }
  const cumulative = new Float64Array(w.count * w.lanes);
  for (let l = 0; l < w.lanes; l++)
    for (let k = 0, sum = 0; k < w.count; k++) {
      sum += w.weights[k * w.lanes + l]!;
      cumulative[k * w.lanes + l] = sum;
    }
  let installed = -1;
  const draw = (): void => {
    const chosen = program.read(c.chosen);
    for (let l = 0; l < w.lanes; l++) {
      // The first configuration whose cumulative weight exceeds the uniform.
      const u = program.random.uniform() * cumulative[(w.count - 1) * w.lanes + l]!;
      let low = 0,
        high = w.count - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cumulative[middle * w.lanes + l]! > u) high = middle;
        else low = middle + 1;
      }
      chosen[l] = low;
    }
    // Drawing changes only what lies within the configuration.
    if (w.lanes > 1 || chosen[0] !== installed) {
      program.configure(c);
      program.prepare(c);
      installed = w.lanes > 1 ? -1 : chosen[0]!;
    }
    program.draw(c);
  };
  return {
    program: c,
    logEvidence: w.logEvidence,
    logMode: w.logMode,
    moments: mixture.moments(mode),
    probabilities: mixture.probabilities,
    warnings,
    draw,
  };
}

/** Probability that distribution functions of a mixture may miss. */
const missed = 1e-14;
/** The weight of the least of the configurations that hold all but `missed` of the probability; 0 for several lanes. */
function smallestMixed({ lanes, weights }: Weights): number {
  if (lanes > 1) return 0;
  const sorted = weights.slice().sort();
  let below = 0,
    k = 0;
  while (k < sorted.length - 1 && below + sorted[k]! <= missed) below += sorted[k++]!;
  return sorted[k]!;
}

/** More numbers than this are not kept to invert distribution functions. */
const mostKept = 4_000_000;
/** Configurations whose distribution functions are mixed. */
const mostMixed = 2000;

/** Moments of mixtures, configuration by configuration (means and squares by the weighted recurrence of West 1979). */
class MixtureMoments {
  readonly probabilities: ReadonlyMap<string, Float64Array>;
  private readonly program: ExactProgram;
  private readonly c: ComponentProgram;
  private readonly lanes: number;
  private readonly total: Float64Array;
  private readonly sums: ReadonlyMap<string, VariableMoments>;
  /** Per variable and level, the smallest and largest quantile of any configuration. */
  private readonly brackets: ReadonlyMap<string, readonly { readonly low: Float64Array; readonly high: Float64Array }[]>;
  private kept: { readonly weights: Float64Array; readonly memory: readonly Memory[] }[] | null;
  private keptNumbers: number;
  private readonly smallestMixed: number;

  /** @param smallestMixed weight from which a configuration counts in distribution functions. */
  constructor(program: ExactProgram, c: ComponentProgram, lanes: number, reports: readonly ClosedReport[], smallestMixed: number) {
    this.smallestMixed = smallestMixed;
    this.program = program;
    this.c = c;
    this.lanes = lanes;
    this.total = new Float64Array(lanes);
    const size = (name: string): number => program.read(name).length;
    this.sums = new Map(
      [...c.variables, ...reports.map((r) => r.name)].map((v) => [
        v,
        { mean: new Float64Array(size(v)), variance: new Float64Array(size(v)), quantiles: null },
      ]),
    );
    this.brackets = new Map(
      [...c.withDistribution].map((v) => [
        v,
        quantileLevels.map(() => ({ low: new Float64Array(size(v)).fill(Infinity), high: new Float64Array(size(v)).fill(-Infinity) })),
      ]),
    );
    this.probabilities = new Map(c.finite.map((f) => [f.name, new Float64Array(program.read(f.table).length)]));
    this.kept = this.brackets.size > 0 ? [] : null;
    this.keptNumbers = 0;
  }

  /** Mixes in the configuration whose numbers are in memory. */
  add(weights: Float64Array, reports: ReadonlyMap<ClosedReport, ReportMoments>): void {
    const { program, c, lanes, total } = this;
    const before = total.slice();
    for (let l = 0; l < lanes; l++) total[l] = total[l]! + weights[l]!;
    for (const [name, sum] of this.sums) {
      const s = program.results.get(name);
      const report = [...reports].find(([r]) => r.name === name)?.[1];
      const mean = report?.mean ?? program.read(s!.mean),
        variance = report?.variance ?? program.read(s!.variance),
        row = sum.mean.length / lanes;
      for (let i = 0; i < sum.mean.length; i++) {
        const l = Math.floor(i / row),
          weight = weights[l]!;
        if (!(weight > 0)) continue;
        const delta = mean[i]! - sum.mean[i]!;
        sum.mean[i] = sum.mean[i]! + (delta * weight) / total[l]!;
        sum.variance[i] = sum.variance[i]! + weight * variance[i]! + (weight * delta * delta * before[l]!) / total[l]!;
      }
      this.brackets.get(name)?.forEach((b, level) => {
        const q = program.read(s!.quantiles[level]!);
        for (let i = 0; i < q.length; i++)
          if (weights[Math.floor(i / row)]! > 0) {
            b.low[i] = Math.min(b.low[i]!, q[i]!);
            b.high[i] = Math.max(b.high[i]!, q[i]!);
          }
      });
    }
    for (const f of c.finite) {
      const table = this.probabilities.get(f.name)!,
        values = program.read(f.name),
        row = values.length / lanes;
      values.forEach((v, i) => {
        const k = v - f.low,
          at = i * f.count + k;
        if (k >= 0 && k < f.count) table[at] = table[at]! + weights[Math.floor(i / row)]!;
      });
    }
    if (this.kept === null || !weights.some((x) => x >= this.smallestMixed)) return;
    const memory = c.storages.map((s) => program.read(s).slice());
    this.kept.push({ weights: Float64Array.from(weights), memory });
    this.keptNumbers += memory.reduce((n, m) => n + m.length, 0);
    if (this.keptNumbers > mostKept || this.kept.length > mostMixed) this.kept = null;
  }

  moments(mode: boolean): ReadonlyMap<string, VariableMoments> {
    const { lanes, total } = this;
    for (const { variance } of this.sums.values())
      for (let i = 0; i < variance.length; i++) variance[i] = variance[i]! / total[Math.floor((i * lanes) / variance.length)]!;
    if (this.kept !== null) this.invert(mode);
    return this.sums;
  }

  /** Quantiles of all numbers at once: the mixture's distribution function by false position with bisection (Illinois). */
  private invert(mode: boolean): void {
    const found = new Map([...this.brackets.keys()].map((v) => [v, [] as Float64Array[]]));
    quantileLevels.forEach((level, n) => {
      const search = [...this.brackets].map(([name, brackets]) => {
        const a = brackets[n]!.low.slice(),
          b = brackets[n]!.high.slice();
        return {
          name,
          a,
          b,
          fa: new Float64Array(a.length).fill(-level),
          fb: new Float64Array(a.length).fill(1 - level),
          x: a.slice(),
          side: new Int8Array(a.length),
        };
      });
      for (let step = 0; step < mostSteps && !mode; step++) {
        let open = false;
        for (const s of search)
          for (let i = 0; i < s.a.length; i++) {
            const width = s.b[i]! - s.a[i]!;
            if (width > 1e-13 * (Math.abs(s.a[i]!) + Math.abs(s.b[i]!))) open = true;
            const guess =
              step < 2
                ? step === 0
                  ? s.a[i]!
                  : s.b[i]!
                : step % 3 === 2
                  ? s.a[i]! + width / 2
                  : s.a[i]! - (s.fa[i]! * width) / (s.fb[i]! - s.fa[i]!);
            s.x[i] = guess >= s.a[i]! && guess <= s.b[i]! ? guess : s.a[i]! + width / 2;
          }
        if (!open) break;
        const f = this.mixed(search);
        search.forEach((s, v) => {
          for (let i = 0; i < s.a.length; i++) {
            const value = f[v]![i]! - level;
            if (step < 2) {
              if (step === 0) s.fa[i] = value;
              else s.fb[i] = value;
              continue;
            }
            if (value < 0) {
              s.a[i] = s.x[i]!;
              s.fa[i] = value;
              if (s.side[i] === -1) s.fb[i] = s.fb[i]! / 2;
              s.side[i] = -1;
            } else {
              s.b[i] = s.x[i]!;
              s.fb[i] = value;
              if (s.side[i] === 1) s.fa[i] = s.fa[i]! / 2;
              s.side[i] = 1;
            }
          }
        });
      }
      for (const s of search) found.get(s.name)!.push(s.a.map((x, i) => x + (s.b[i]! - x) / 2));
    });
    for (const [name, quantiles] of found) this.sums.get(name)!.quantiles = quantiles;
  }

  /** P(X <= x) under the mixture. */
  private mixed(search: readonly { readonly name: string; readonly x: Float64Array }[]): readonly Float64Array[] {
    const { program, c, lanes } = this;
    const out = search.map((s) => new Float64Array(s.x.length));
    for (const { weights, memory } of this.kept!) {
      c.storages.forEach((name, k) => {
        program.read(name).set(memory[k]!);
      });
      for (const s of search) program.read(program.results.get(s.name)!.mean).set(s.x);
      program.distribution(c);
      search.forEach((s, v) => {
        const f = program.read(program.results.get(s.name)!.quantiles[0]!),
          into = out[v]!,
          row = into.length / lanes;
        for (let i = 0; i < into.length; i++) {
          const weight = weights[Math.floor(i / row)]!;
          if (weight > 0) into[i] = into[i]! + weight * f[i]!;
        }
      });
    }
    return out;
  }
}
/** Steps of a search for a quantile; a third of them halve the bracket. */
const mostSteps = 150;
