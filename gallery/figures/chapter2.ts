/** Figures 2.1 to 2.3: expectation maximisation for a Gaussian mixture from a good and a bad start. */
import * as Plot from '@observablehq/plot';
import type { Posterior } from '../../src/index.js';
import { type Chart, chart, ellipse, type LegendEntry, picture } from '../../src/plot/drawing.js';
import { type Figure, found, held, jsonOf, matrices, matrix, programAt, type Row, vector } from '../figure.js';
import { colour, groupColours } from '../../src/plot/palette.js';

const folder = 'examples/25-gaussian-mixture';

interface Parameters {
  readonly pi: readonly number[];
  readonly mu: readonly (readonly number[])[];
  readonly Sigma: readonly (readonly (readonly number[])[])[];
}
interface Claim {
  readonly truth: {
    readonly 'gaussian-mixture/maximum': {
      readonly logLikelihood: number;
      readonly quantities: Readonly<Record<string, { readonly mean: number }>>;
    };
  };
}
interface Fit {
  readonly heading: string;
  readonly start: Parameters;
  readonly solution: Parameters;
  readonly logLikelihood: number;
  readonly trace: readonly number[];
  readonly labels: readonly number[];
}

/** For each mean of `like` the number of the closest one of `parameters`. */
function orderLike(parameters: Parameters, like: Parameters): readonly number[] {
  const distance = (k: number, j: number): number =>
    Math.hypot(parameters.mu[k]![0]! - like.mu[j]![0]!, parameters.mu[k]![1]! - like.mu[j]![1]!);
  return like.mu.map((_, j) => parameters.mu.reduce((best, _mu, k) => (distance(k, j) < distance(best, j) ? k : best), 0));
}

/** The most probable component of each point by its responsibilities. */
function labelsOf(posterior: Posterior): readonly number[] {
  const probabilities = posterior.probabilities('z'),
    [N, K] = probabilities.shape as [number, number];
  return Array.from({ length: N }, (_, n) => {
    const row = probabilities.subarray(n * K, (n + 1) * K);
    return row.indexOf(Math.max(...row));
  });
}

/** The log-likelihood of plane data, term by term. */
function logLikelihoodAt(x: readonly (readonly number[])[], { pi, mu, Sigma }: Parameters): number {
  return x.reduce(
    (sum, [u, v]) =>
      sum +
      Math.log(
        pi.reduce((density, weight, k) => {
          const [[a, b], [, c]] = Sigma[k]! as [[number, number], [number, number]],
            determinant = a * c - b * b;
          const [p, q] = [u! - mu[k]![0]!, v! - mu[k]![1]!];
          return (
            density +
            (weight * Math.exp(-(c * p * p - 2 * b * p * q + a * q * q) / (2 * determinant))) / (2 * Math.PI * Math.sqrt(determinant))
          );
        }, 0),
      ),
    0,
  );
}

interface Fits {
  readonly x: readonly (readonly number[])[];
  readonly truth: Parameters;
  readonly fits: readonly Fit[];
}

/** Data of the example, its true parameters and both fits. */
async function mixtureFits(): Promise<Fits> {
  const { model } = programAt(`${folder}/model.cred`);
  const data = jsonOf<{ readonly x: readonly (readonly number[])[]; readonly K: number }>(`${folder}/data.json`);
  const truth = jsonOf<Parameters>(`${folder}/truth.json`);
  const fits: Fit[] = [];
  for (const [heading, file] of [
    ['good start', 'good-start.json'],
    ['bad start', 'bad-start.json'],
  ] as const) {
    const start = jsonOf<Parameters>(`${folder}/${file}`);
    const posterior = await model.infer(data, { backend: 'em', seed: 1, init: { ...start }, options: { tolerance: '1e-12' } });
    const { traces } = JSON.parse(posterior.files()['run.json']!) as { readonly traces: { readonly logLikelihood: readonly number[] } };
    const { pi, mu, Sigma } = {
      pi: vector(posterior.mean('pi')),
      mu: matrix(posterior.mean('mu')),
      Sigma: matrices(posterior.mean('Sigma')),
    };
    const order = orderLike({ pi, mu, Sigma }, truth);
    const solution = { pi: order.map((k) => pi[k]!), mu: order.map((k) => mu[k]!), Sigma: order.map((k) => Sigma[k]!) };
    fits.push({
      heading,
      start,
      solution,
      logLikelihood: posterior.logLikelihood!,
      trace: traces.logLikelihood,
      labels: labelsOf(posterior).map((k) => order.indexOf(k)),
    });
  }
  return { x: data.x, truth, fits };
}

const ringsOf = ({ mu, Sigma }: Parameters, dash: string, strokes: readonly string[]) =>
  mu.flatMap((mean, k) =>
    [1, 2].map((radius) =>
      Plot.line(ellipse(mean, Sigma[k]!, radius), { stroke: strokes[k]!, strokeWidth: radius === 1 ? 2.4 : 1.5, strokeDasharray: dash }),
    ),
  );
const centresOf = ({ mu }: Parameters, strokes: readonly string[]) =>
  mu.map((mean, k) => Plot.dot([mean], { symbol: 'times', stroke: strokes[k]!, strokeWidth: 3, r: 6 }));

function plane(heading: string, points: readonly Plot.Markish[], marks: readonly Plot.Markish[]): Chart {
  return chart(heading, {
    width: 400,
    height: 380,
    x: { label: 'x₀', domain: [-7, 6], nice: false },
    y: { label: 'x₁', domain: [-6, 6.35], nice: false, grid: true },
    marks: [...points, ...marks],
  });
}

const pointEntry: LegendEntry = { label: 'data, N = 400', colour: colour('muted'), shape: 'point' };
const run = 'backend em from good-start.json and bad-start.json, tolerance 1e-12';

/** The data with both starts. */
function starts({ x, fits }: Fits): Figure {
  const { program } = programAt(`${folder}/model.cred`);
  const description =
    'The same 400 points twice. On the left three unit circles stand near the three clusters; on the right three wide circles lie upon each other in the middle of the data.';
  return {
    id: '2.1',
    title: 'Two initialisations of a Gaussian mixture',
    caption: 'Where EM starts: ellipses of one and two standard deviations of the three components, centres as crosses.',
    programs: [program],
    run,
    description,
    svg: picture('2.1', {
      title: 'Figure 2.1: a good and a bad start',
      description,
      legend: [pointEntry, ...[0, 1, 2].map((k): LegendEntry => ({ label: `component ${k}`, colour: groupColours[k]!, shape: 'line' }))],
      rows: [
        fits.map(({ heading, start }) =>
          plane(
            heading === 'good start' ? 'Good start' : 'Bad start',
            [Plot.dot(x, { r: 2, fill: colour('muted'), fillOpacity: 0.6 })],
            [...ringsOf(start, 'none', groupColours), ...centresOf(start, groupColours)],
          ),
        ),
      ],
    }),
    numbers: fits.map(({ heading, start, trace }) => held(`log-likelihood at the ${heading}`, trace[0]!, logLikelihoodAt(x, start), 1e-8)),
  };
}

/** Both solutions beside the truth. */
function solutions({ x, truth, fits }: Fits): Figure {
  const { program } = programAt(`${folder}/model.cred`);
  const { quantities } = jsonOf<Claim>(`${folder}/claim.json`).truth['gaussian-mixture/maximum'];
  const maximum = [0, 1, 2].map((j) => ({ pi: quantities[`pi[${j}]`]!.mean, mu: [0, 1].map((d) => quantities[`mu[${j},${d}]`]!.mean) }));
  const reference = orderLike({ pi: [], mu: maximum.map(({ mu }) => mu), Sigma: [] }, truth).map((j) => maximum[j]!);
  const ink = [colour('ink'), colour('ink'), colour('ink')];
  const charts = fits.map(({ heading, solution, labels }) =>
    plane(
      heading === 'good start' ? 'From the good start' : 'From the bad start',
      [Plot.dot(x, { r: 2, fill: (_: readonly number[], n: number) => groupColours[labels[n]!]!, fillOpacity: 0.6 })],
      [...ringsOf(truth, '4 3', ink), ...ringsOf(solution, 'none', groupColours), ...centresOf(solution, groupColours)],
    ),
  );
  const description =
    'The same 400 points twice, coloured by their most probable component. On both sides the three fitted ellipses are the same and lie close to the true ones, which are dashed.';
  const numbers: Row[] = fits.flatMap(({ heading, solution }) =>
    reference.flatMap(({ pi, mu }, k) => [
      held(`π[${k}], ${heading}`, solution.pi[k]!, pi, 1e-5),
      ...mu.map((value, d) => held(`μ[${k},${d}], ${heading}`, solution.mu[k]![d]!, value, 1e-5)),
    ]),
  );
  const errors = truth.mu.map((mean, k) => Math.hypot(fits[0]!.solution.mu[k]![0]! - mean[0]!, fits[0]!.solution.mu[k]![1]! - mean[1]!));
  return {
    id: '2.2',
    title: 'Solutions from both starts',
    caption:
      'Both starts end in the same maximum. Points are coloured by their most probable component; the parameters that made the data are dashed.',
    programs: [program],
    run,
    description,
    svg: picture('2.2', {
      title: 'Figure 2.2: learnt and true components',
      description,
      rows: [charts],
      legend: [
        ...[0, 1, 2].map((k): LegendEntry => ({ label: `component ${k}, learnt`, colour: groupColours[k]!, shape: 'line' })),
        { label: 'true', colour: colour('ink'), shape: 'dashed' },
      ],
    }),
    numbers: [...numbers, ...errors.map((error, k) => found(`distance of μ[${k}] from the true mean`, error))],
  };
}

/** The log-likelihood by iteration. */
function traces({ fits }: Fits): Figure {
  const { program } = programAt(`${folder}/model.cred`);
  const { logLikelihood: maximum } = jsonOf<Claim>(`${folder}/claim.json`).truth['gaussian-mixture/maximum'];
  const colours = [colour('blue'), colour('orange')],
    dashes = ['none', '6 3'];
  const lines = fits.map(({ trace }, k) =>
    Plot.line(trace, {
      x: (_: number, step: number) => step,
      y: (value: number) => value,
      stroke: colours[k]!,
      strokeWidth: 2.4,
      strokeDasharray: dashes[k]!,
    }),
  );
  const missing = fits.map(({ trace }, k) =>
    Plot.line(
      trace.map((value, step) => ({ step, gap: maximum - value })).filter(({ gap }) => gap > 1e-6),
      { x: 'step', y: 'gap', stroke: colours[k]!, strokeWidth: 2.4, strokeDasharray: dashes[k]! },
    ),
  );
  const fall = (trace: readonly number[]): number => Math.max(0, ...trace.slice(1).map((value, k) => trace[k]! - value));
  const within = (trace: readonly number[]): number => trace.findIndex((value) => value > maximum - 0.01);
  const description =
    'Left: the log-likelihood against the iteration never falls and ends at the same value for both starts. Right: what is missing from the maximum, on a logarithmic scale; the good start gets there in fewer iterations.';
  const lowest = Math.min(...fits.map(({ trace }) => trace[0]!));
  return {
    id: '2.3',
    title: 'Log-likelihood by iteration',
    caption: 'Both starts reach the same log-likelihood, the good one sooner. It never falls.',
    programs: [program],
    run,
    description,
    svg: picture('2.3', {
      title: 'Figure 2.3: evolution of the log-likelihood',
      description,
      legend: [
        { label: 'good start', colour: colour('blue'), shape: 'line' },
        { label: 'bad start', colour: colour('orange'), shape: 'dashed' },
        { label: 'maximum', colour: colour('muted'), shape: 'dashed' },
      ],
      rows: [
        [
          chart('Log-likelihood', {
            width: 400,
            height: 300,
            marginLeft: 58,
            x: { label: 'iteration' },
            y: { label: 'log p(x | θ)', grid: true, domain: [lowest - 5, maximum + 12] },
            marks: [Plot.ruleY([maximum], { stroke: colour('muted'), strokeDasharray: '3 3' }), ...lines],
          }),
          chart('Missing from the maximum', {
            width: 400,
            height: 300,
            x: { label: 'iteration' },
            y: { label: 'nats', type: 'log', grid: true, ticks: 6, tickFormat: '~e' },
            marks: missing,
          }),
        ],
      ],
    }),
    numbers: fits.flatMap(({ heading, trace, logLikelihood }) => [
      held(`log-likelihood, ${heading}`, logLikelihood, maximum, 1e-6),
      held(`largest fall in an iteration, ${heading}`, fall(trace), 0, 1e-9),
      found(`iterations to within 0.01 of the maximum, ${heading}`, within(trace)),
      found(`iterations in all, ${heading}`, trace.length - 1),
    ]),
  };
}

/** The three figures, from the same two fits. */
export async function figures21to23(): Promise<readonly Figure[]> {
  const fits = await mixtureFits();
  return [starts(fits), solutions(fits), traces(fits)];
}
