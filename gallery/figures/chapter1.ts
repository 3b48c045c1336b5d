/** Figures 1.1 to 1.5: pushforward measures, entropy and divergences. References are the closed forms of the notes. */
import * as Plot from '@observablehq/plot';
import { ChiSquared, Normal } from '../../src/distributions-api.js';
import { chart, grid, histogram, picture } from '../../src/plot/drawing.js';
import { average, type Figure, found, held, jsonOf, kolmogorovSmirnov, programAt, scriptAt } from '../figure.js';
import { colour } from '../../src/plot/palette.js';
import { entropies } from '../programs/bernoulli-entropy.js';
import { divergences } from '../programs/kl-directions.js';
import { flow } from '../programs/kl-flow.js';

const axis = { grid: false, nice: false } as const;

/** Masses before and after a map that merges two outcomes. */
export async function figure11(): Promise<Figure> {
  const { model, program } = programAt('examples/13-discrete-pushforward/model.cred');
  const data = jsonOf<{ readonly p: readonly number[] }>('examples/13-discrete-pushforward/masses.json');
  const exact = await model.infer(data, { backend: 'exact', seed: 1 });
  const masses = [...exact.probabilities('y')];
  const draws = model.sample(data, { count: 20_000, seed: 1 }).map((draw) => draw['y'] as number);
  const frequency = [0, 1].map((value) => average(draws.map((y) => (y === value ? 1 : 0))));
  const bars = (
    heading: string,
    label: string,
    names: readonly string[],
    heights: readonly number[],
    fill: string,
    dots: readonly number[],
  ) =>
    chart(heading, {
      width: 340,
      height: 260,
      x: { label, type: 'band', domain: [...names], padding: 0.35 },
      y: { label: 'probability', domain: [0, 1], grid: true },
      marks: [
        Plot.barY(names, { x: (name: string) => name, y: (_: string, k: number) => heights[k]!, fill, fillOpacity: 0.35, stroke: fill }),
        Plot.text(names, {
          x: (name: string) => name,
          y: (_: string, k: number) => heights[k]!,
          text: (_: string, k: number) => heights[k]!.toFixed(1),
          dy: -14,
          fill: 'currentColor',
        }),
        Plot.dot(dots, {
          x: (_: number, k: number) => names[k]!,
          y: (height: number) => height,
          r: 4,
          symbol: 'times',
          stroke: colour('ink'),
          strokeWidth: 2,
        }),
        Plot.ruleY([0]),
      ],
    });
  const description = `Bars of the source masses ${data.p.join(', ')} on 1, 2, 3 and of the target masses ${masses.map((mass) => mass.toFixed(1)).join(' and ')} on a, b, with the frequencies of 20,000 draws as crosses on the latter.`;
  return {
    id: '1.1',
    title: 'Discrete pushforward',
    caption:
      'Source and pushforward distributions where T(1) = a and T(2) = T(3) = b: the masses of outcomes that T does not tell apart are added.',
    programs: [program],
    run: 'backend exact; 20,000 draws by sample, seed 1',
    description,
    svg: picture('1.1', {
      title: 'Figure 1.1: source and pushforward masses',
      description,
      legend: [
        { label: 'source', colour: colour('blue'), shape: 'area' },
        { label: 'pushforward, exact', colour: colour('orange'), shape: 'area' },
        { label: 'frequency in 20,000 draws', colour: colour('ink'), shape: 'cross' },
      ],
      rows: [
        [
          bars('Source X', 'value of X', ['1', '2', '3'], data.p, colour('blue'), []),
          bars('Target T(X)', 'value of T(X)', ['a', 'b'], masses, colour('orange'), frequency),
        ],
      ],
    }),
    numbers: [
      held('P(T = a), exact', masses[0]!, 0.2, 1e-12),
      held('P(T = b), exact', masses[1]!, 0.8, 1e-12),
      held('P(T = a), frequency', frequency[0]!, 0.2, 0.015),
    ],
  };
}

/** The four maps of the program, with what is known about their laws. */
const normal = Normal(0, 1);
const maps = [
  {
    name: 'square',
    heading: 'T(x) = x², X ~ N(0, 1)',
    low: 0,
    high: 5,
    top: 1.5,
    source: (x: number) => Math.exp(normal.logProb(x)),
    cdf: (y: number) => ChiSquared(1).cdf(y),
    density: (y: number) => Math.exp(-y / 2) / Math.sqrt(2 * Math.PI * y),
  },
  {
    name: 'split',
    heading: 'T(x) = x + 2 if x < 0, else x − 2',
    low: -4,
    high: 4,
    top: 0.6,
    source: (x: number) => Math.exp(normal.logProb(x)),
    cdf: (y: number) => normal.cdf(Math.min(0, y - 2)) + Math.max(0, normal.cdf(y + 2) - 0.5),
    density: (y: number) => (y < 2 ? Math.exp(normal.logProb(y - 2)) : 0) + (y >= -2 ? Math.exp(normal.logProb(y + 2)) : 0),
  },
  {
    name: 'logged',
    heading: 'T(x) = log(1 + x²), X ~ N(0, 1)',
    low: 0,
    high: 3,
    top: 1.5,
    source: (x: number) => Math.exp(normal.logProb(x)),
    cdf: (y: number) => 2 * normal.cdf(Math.sqrt(Math.expm1(y))) - 1,
    density: (y: number) => Math.exp(y - Math.expm1(y) / 2) / Math.sqrt(2 * Math.PI * Math.expm1(y)),
  },
  {
    name: 'quantile',
    heading: 'T(u) = Φ⁻¹(u), U uniform on (0, 1)',
    low: -4,
    high: 4,
    top: 1.1,
    source: (x: number) => (x >= 0 && x <= 1 ? 1 : 0),
    cdf: (y: number) => normal.cdf(y),
    density: (y: number) => Math.exp((-y * y) / 2) / Math.sqrt(2 * Math.PI),
  },
];

/** Four continuous laws through maps: derived density, draws, source. */
export async function figure12(): Promise<Figure> {
  const { model, program } = programAt('examples/14-change-of-variables/model.cred');
  const data = { noisy: 0.5 };
  const count = 20_000;
  const draws = model.sample(data, { count, seed: 1 });
  const density = model.logDensity(data);
  const inside = { square: 1, split: 0, logged: 1, quantile: 0, hidden: 1 };
  const derived = (name: string, at: number): number =>
    Math.exp(density.byFactor({ ...inside, [name]: at }).find(({ statement }) => statement.startsWith(`sample ${name} `))!.value);
  const rows = maps.map(({ name, heading, low, high, top, source, cdf, density: closed }) => {
    const values = draws.map((draw) => draw[name] as number);
    // Half a step inside: the densities of squares have a pole at 0.
    const step = (high - low) / 400,
      points = grid(low + step / 2, high - step / 2, 400).map((x) => ({ x, y: derived(name, x) }));
    const outline = grid(low, high, 401).map((x) => ({ x, y: source(x) }));
    const drawn = chart(heading, {
      width: 400,
      height: 250,
      x: { ...axis, label: null, domain: [low, high] },
      y: { label: 'density', domain: [0, top], grid: true, clamp: true },
      marks: [
        Plot.rectY(histogram(values, low, high, 40), {
          x1: 'x1',
          x2: 'x2',
          y1: 0,
          y2: 'y',
          fill: colour('orange'),
          fillOpacity: 0.35,
          insetLeft: 0.5,
          insetRight: 0.5,
        }),
        Plot.line(outline, {
          x: 'x',
          y: 'y',
          stroke: colour('blue'),
          strokeDasharray: '5 3',
          strokeWidth: 1.8,
          curve: name === 'quantile' ? 'step' : 'linear',
        }),
        Plot.line(
          points.filter(({ y }) => y <= top),
          { x: 'x', y: 'y', stroke: colour('orange'), strokeWidth: 2.2 },
        ),
        Plot.ruleY([0]),
      ],
    });
    const worst = Math.max(...points.map(({ x, y }) => Math.abs(y - closed(x))));
    return { drawn, name, worst, distance: kolmogorovSmirnov(values, cdf) };
  });
  // Kolmogorov's limit law exceeds 1.95 / sqrt(n) once in a thousand samples.
  const critical = 1.95 / Math.sqrt(count);
  const description =
    'Four charts. In each the histogram of 20,000 draws follows the density that the change of variables gives: a pole at 0 for the square and the logarithm of one plus the square, two overlapping halves with a jump for the split, a bell for the normal quantile of a uniform number. The source density is dashed.';
  return {
    id: '1.2',
    title: 'Continuous pushforward',
    caption:
      'Source and target densities. The densities are derived from the maps of the program by the change of variables, branch by branch; the histograms are its draws.',
    programs: [program],
    run: 'logDensity by statement; 20,000 draws by sample, seed 1',
    description,
    svg: picture('1.2', {
      title: 'Figure 1.2: source and target densities of four maps',
      description,
      rows: [rows.slice(0, 2), rows.slice(2)].map((row) => row.map(({ drawn }) => drawn)),
      legend: [
        { label: 'source density', colour: colour('blue'), shape: 'dashed' },
        { label: 'target density, derived', colour: colour('orange'), shape: 'line' },
        { label: '20,000 draws', colour: colour('orange'), shape: 'area' },
      ],
    }),
    numbers: rows.flatMap(({ name, worst, distance }) => [
      held(`${name}: Kolmogorov-Smirnov distance of the draws`, distance, 0, critical),
      held(`${name}: largest error of the density`, worst, 0, 1e-9),
    ]),
  };
}

/** Entropy of a coin. */
export async function figure13(): Promise<Figure> {
  const thetas = grid(0, 1, 101);
  const values = entropies(thetas);
  const term = (p: number): number => (p === 0 ? 0 : -p * Math.log(p));
  const worst = Math.max(...thetas.map((theta, k) => Math.abs(values[k]! - term(theta) - term(1 - theta))));
  const description =
    'The entropy of a coin against the probability of heads: 0 at both ends, symmetric, with its maximum log 2 at one half.';
  return {
    id: '1.3',
    title: 'Entropy of a Bernoulli variable',
    caption: 'Entropy is 0 where the outcome is certain and largest, log 2, for a fair coin.',
    programs: [scriptAt('gallery/programs/bernoulli-entropy.ts')],
    run: 'credence/distributions at 101 values of θ',
    description,
    svg: picture('1.3', {
      title: 'Figure 1.3: entropy of Bernoulli(θ)',
      description,
      legend: [],
      rows: [
        [
          chart('', {
            width: 560,
            height: 320,
            x: { ...axis, label: 'θ' },
            y: { label: 'entropy (nats)', domain: [0, 0.75], grid: true },
            marks: [
              Plot.ruleY([Math.log(2)], { stroke: colour('muted'), strokeDasharray: '4 3' }),
              Plot.text(['log 2'], { x: 0.03, y: Math.log(2), dy: -9, fill: colour('muted') }),
              Plot.line(thetas, {
                x: (theta: number) => theta,
                y: (_: number, k: number) => values[k]!,
                stroke: colour('blue'),
                strokeWidth: 2.5,
              }),
              Plot.dot([0.5], { x: 0.5, y: values[50]!, fill: colour('blue'), r: 4 }),
              Plot.ruleY([0]),
            ],
          }),
        ],
      ],
    }),
    numbers: [
      held('H at θ = 1/2', values[50]!, Math.log(2), 1e-14),
      held('H at θ = 0', values[0]!, 0, 0),
      held('largest distance from −θ log θ − (1−θ) log(1−θ)', worst, 0, 1e-14),
    ],
  };
}

/** Direct and reverse divergence by the variance. */
export async function figure14(): Promise<Figure> {
  const path = divergences(grid(0.1, 4, 196));
  const at = (variance: number) =>
    path.reduce((best, row) => (Math.abs(row.variance - variance) < Math.abs(best.variance - variance) ? row : best));
  const direct = (v: number): number => (Math.log(v) + 1 / v - 1) / 2,
    reverse = (v: number): number => (-Math.log(v) + v - 1) / 2;
  const description =
    'Two curves that touch 0 at variance 1. The direct divergence explodes as the variance of q goes to 0 and grows slowly beyond 1; the reverse one grows slowly towards 0 and linearly beyond 1.';
  return {
    id: '1.4',
    title: 'Direct and reverse KL of zero-mean Gaussians',
    caption: 'KL(p‖q) punishes a q that is too narrow, KL(q‖p) one that is too wide; p = N(0, 1), q = N(0, v²).',
    programs: [scriptAt('gallery/programs/kl-directions.ts')],
    run: 'credence/distributions at 196 variances',
    description,
    svg: picture('1.4', {
      title: 'Figure 1.4: direct and reverse KL by the variance of q',
      description,
      legend: [
        { label: 'direct, KL(p‖q)', colour: colour('blue'), shape: 'line' },
        { label: 'reverse, KL(q‖p)', colour: colour('orange'), shape: 'dashed' },
      ],
      rows: [
        [
          chart('', {
            width: 560,
            height: 320,
            x: { ...axis, label: 'variance v² of q', domain: [0, 4] },
            y: { label: 'divergence (nats)', domain: [0, 3.5], grid: true },
            marks: [
              Plot.ruleX([1], { stroke: colour('muted'), strokeDasharray: '4 3' }),
              Plot.line(path, { x: 'variance', y: 'direct', stroke: colour('blue'), strokeWidth: 2.5 }),
              Plot.line(path, { x: 'variance', y: 'reverse', stroke: colour('orange'), strokeWidth: 2.5, strokeDasharray: '6 3' }),
              Plot.ruleY([0]),
            ],
          }),
        ],
      ],
    }),
    numbers: [0.2, 1, 4].flatMap((v) => {
      const row = at(v);
      return [
        held(`KL(p‖q) at v² = ${v}`, row.direct, direct(row.variance), 1e-12),
        held(`KL(q‖p) at v² = ${v}`, row.reverse, reverse(row.variance), 1e-12),
      ];
    }),
  };
}

/** Gradient descent of the divergence. */
export async function figure15(): Promise<Figure> {
  const rate = 0.1,
    steps = 300;
  const path = flow(rate, steps);
  // The update of sigma as the notes print it lacks the term of the means.
  const printed: { mean: number; sd: number; divergence: number }[] = [];
  for (let mean = 4, sd = 2.5, step = 0; step <= steps; step++) {
    printed.push({ mean, sd, divergence: Math.log(sd) + (1 + mean * mean) / (2 * sd * sd) - 0.5 });
    [mean, sd] = [mean - (rate * mean) / (sd * sd), sd - (rate * (sd * sd - 1)) / sd ** 3];
  }
  const shown = [0, 20, 60, 120, 300];
  const snapshots = shown.flatMap((step, k) =>
    grid(-4, 10, 201).map((x) => ({
      x,
      y: Math.exp(Normal(path[step]!.mean, path[step]!.sd).logProb(x)),
      step,
      strength: 0.35 + 0.16 * k,
    })),
  );
  const target = grid(-4, 10, 201).map((x) => ({ x, y: Math.exp(normal.logProb(x)) }));
  const numbered = (rows: readonly { readonly divergence: number }[]) =>
    rows.map(({ divergence }, step) => ({ step, divergence })).filter(({ divergence }) => divergence > 1e-9);
  const peak = (step: number) => {
    const { mean, sd } = path[step]!;
    return { x: mean, y: 1 / (sd * Math.sqrt(2 * Math.PI)), step };
  };
  const first = path[1]!;
  const last = path[steps]!;
  const description =
    'Three charts of the descent from N(4, 2.5²) to N(0, 1): the density of q at steps 0, 20, 60, 120 and 300 moves onto p; the path of mean and standard deviation; the divergence falls at each step on a logarithmic scale. The rule without the term of the means, dashed, narrows q first and ends in the same place.';
  return {
    id: '1.5',
    title: 'KL gradient flow between two Gaussians',
    caption:
      'Descent of KL(p‖q) in the mean and standard deviation of q. The full gradient is drawn against the rule of the notes, which leaves the term of the means out of the update of σ.',
    programs: [scriptAt('gallery/programs/kl-flow.ts')],
    run: `flow(${rate}, ${steps})`,
    description,
    svg: picture('1.5', {
      title: 'Figure 1.5: KL gradient flow',
      description,
      legend: [
        { label: 'target p', colour: colour('blue'), shape: 'dashed' },
        { label: 'q, full gradient', colour: colour('orange'), shape: 'line' },
        { label: 'q, rule of the notes', colour: colour('purple'), shape: 'dashed' },
      ],
      rows: [
        [
          chart('Density of q, numbered by step', {
            width: 816,
            height: 260,
            x: { ...axis, label: 'x' },
            y: { label: 'density', grid: true, domain: [0, 0.48] },
            marks: [
              Plot.line(snapshots, { x: 'x', y: 'y', z: 'step', stroke: colour('orange'), strokeWidth: 2, strokeOpacity: 'strength' }),
              Plot.line(target, { x: 'x', y: 'y', stroke: colour('blue'), strokeWidth: 2, strokeDasharray: '5 3' }),
              Plot.text(shown.map(peak), { x: 'x', y: 'y', text: 'step', dy: -9, fill: 'currentColor' }),
              Plot.ruleY([0]),
            ],
          }),
        ],
        [
          chart('Mean and standard deviation', {
            width: 400,
            height: 280,
            x: { ...axis, label: 'μ', domain: [-0.3, 4.3] },
            y: { label: 'σ', grid: true, domain: [0.8, 3.4] },
            marks: [
              Plot.line(path, { x: 'mean', y: 'sd', stroke: colour('orange'), strokeWidth: 2.2 }),
              Plot.line(printed, { x: 'mean', y: 'sd', stroke: colour('purple'), strokeWidth: 2.2, strokeDasharray: '5 3' }),
              Plot.dot(
                path.filter((_, k) => k % 20 === 0),
                { x: 'mean', y: 'sd', r: 3, fill: colour('orange') },
              ),
              Plot.dot([[0, 1]], { r: 6, stroke: colour('blue'), strokeWidth: 2 }),
            ],
          }),
          chart('KL(p‖q) by step', {
            width: 400,
            height: 280,
            x: { ...axis, label: 'step' },
            y: { label: 'divergence (nats)', type: 'log', grid: true, ticks: 5, tickFormat: '~e', domain: [1e-9, 5] },
            marks: [
              Plot.line(numbered(path), { x: 'step', y: 'divergence', stroke: colour('orange'), strokeWidth: 2.2 }),
              Plot.line(numbered(printed), {
                x: 'step',
                y: 'divergence',
                stroke: colour('purple'),
                strokeWidth: 2.2,
                strokeDasharray: '5 3',
              }),
            ],
          }),
        ],
      ],
    }),
    numbers: [
      held('μ after one step', first.mean, 4 - (rate * 4) / 2.5 ** 2, 1e-12),
      held('σ after one step', first.sd, 2.5 - (rate * (2.5 ** 2 - 1 - 16)) / 2.5 ** 3, 1e-12),
      held(`μ after ${steps} steps`, last.mean, 0, 1e-6),
      held(`σ after ${steps} steps`, last.sd, 1, 1e-6),
      held(
        'largest rise of the divergence in a step',
        Math.max(0, ...path.slice(1).map(({ divergence }, k) => divergence - path[k]!.divergence)),
        0,
        1e-15,
      ),
      found(
        'steps to KL < 1e-6, full gradient',
        path.findIndex(({ divergence }) => divergence < 1e-6),
      ),
      found(
        'steps to KL < 1e-6, rule of the notes',
        printed.findIndex(({ divergence }) => divergence < 1e-6),
      ),
    ],
  };
}
