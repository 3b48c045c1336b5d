/** Figures 3.1 to 3.6: generative models, samplers and mean field. References are closed forms and the values that made the data. */
import * as Plot from '@observablehq/plot';
import { Uniform } from '../../src/distributions-api.js';
import type { Posterior } from '../../src/index.js';
import { chart, ellipse, type LegendEntry, picture } from '../../src/plot/drawing.js';
import { average, type Figure, found, held, matrix, programAt, vector } from '../figure.js';
import { colour, groupColours } from '../../src/plot/palette.js';

/** Acceptance rate by block, chain 0. */
function acceptance(posterior: Posterior): number {
  const { traces } = JSON.parse(posterior.files()['run.json']!) as {
    readonly traces: { readonly acceptance: Readonly<Record<string, readonly number[]>> };
  };
  return Object.values(traces.acceptance)[0]![0]!;
}

/** Points of a run with one chain: pairs of numbers. */
function pairs(draws: ArrayLike<number>): readonly (readonly [number, number])[] {
  return Array.from({ length: draws.length / 2 }, (_, s) => [draws[2 * s]!, draws[2 * s + 1]!] as const);
}

/** The fraction of draws that differ from the one before. */
function moved(points: readonly (readonly [number, number])[]): number {
  return average(points.slice(1).map(([a, b], s) => (a !== points[s]![0] || b !== points[s]![1] ? 1 : 0)));
}

/** Lag-one autocorrelation. */
function autocorrelation(values: readonly number[]): number {
  const mean = average(values);
  return (
    values.slice(1).reduce((sum, value, s) => sum + (value - mean) * (values[s]! - mean), 0) /
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  );
}

/** Data from the hierarchical mixture, with what Gibbs sampling learns of the means. */
export async function figure31(): Promise<Figure> {
  const { model, program } = programAt('examples/01-hierarchical-mixture/model.cred');
  const K = 4,
    simulated = model.sample({ N: 400, D: 2, K }, { seed: 22 });
  const x = matrix(simulated['x']),
    z = vector(simulated['z']),
    mu = matrix(simulated['mu']),
    pi = vector(simulated['pi']);
  const posterior = await model.infer(
    { x, K },
    { backend: 'gibbs', chains: 4, draws: 500, warmup: 200, seed: 1, keep: ['mu', 'spread', 'purity', 'leftmost', 'rightmost'] },
  );
  const draws = posterior.draws('mu'),
    [chains, count] = draws.shape as [number, number];
  const element = (c: number, s: number, k: number, d: number): number => draws[((c * count + s) * K + k) * 2 + d]!;
  // Labels are arbitrary: in each draw the component nearest to a true mean stands for it.
  const matched = mu.map((truth) =>
    Array.from({ length: chains * count }, (_, at) => {
      const c = Math.floor(at / count),
        s = at % count;
      const distance = (k: number): number => Math.hypot(element(c, s, k, 0) - truth[0]!, element(c, s, k, 1) - truth[1]!);
      const k = [0, 1, 2, 3].reduce((a, b) => (distance(b) < distance(a) ? b : a), 0);
      return [element(c, s, k, 0), element(c, s, k, 1)] as const;
    }),
  );
  const centres = matched.map((points) => [0, 1].map((d) => average(points.map((point) => point[d]!))));
  const spread = matched.map((points, k) =>
    [0, 1].map((d) => Math.sqrt(average(points.map((point) => (point[d]! - centres[k]![d]!) ** 2)))),
  );
  const description =
    'Four clusters of 400 points in the plane, coloured by the component that made them. A cross marks each true mean, a ring the posterior mean found by Gibbs sampling; they coincide.';
  const diagnostics = posterior.diagnostics();
  return {
    id: '3.1',
    title: 'Samples from a hierarchical Gaussian mixture',
    caption:
      'Weights and means are drawn first, then 400 labels and points. Rings are posterior means under Gibbs sampling, which saw the points only.',
    programs: [program],
    run: 'sample N = 400, D = 2, K = 4, seed 22; then backend gibbs on x, 4 chains of 500 draws',
    description,
    svg: picture('3.1', {
      title: 'Figure 3.1: data from a hierarchical mixture',
      description,
      legend: [
        ...groupColours.map((fill, k): LegendEntry => ({ label: `z = ${k}`, colour: fill, shape: 'point' })),
        { label: 'true mean', colour: colour('ink'), shape: 'cross' },
        { label: 'posterior mean', colour: colour('ink'), shape: 'ring' },
      ],
      rows: [
        [
          chart('', {
            width: 640,
            height: 460,
            x: { label: 'x₀' },
            y: { label: 'x₁', grid: true },
            marks: [
              Plot.dot(x, { r: 2.4, fill: (_: readonly number[], n: number) => groupColours[z[n]!]!, fillOpacity: 0.75 }),
              Plot.dot(centres, { r: 10, stroke: colour('ink'), strokeWidth: 2 }),
              Plot.dot(mu, { symbol: 'times', r: 6, stroke: colour('ink'), strokeWidth: 3 }),
            ],
          }),
        ],
      ],
    }),
    numbers: [
      ...mu.flatMap((truth, k) =>
        [0, 1].map((d) => held(`E μ[${k},${d}], true mean ± 4 posterior sd`, centres[k]![d]!, truth[d]!, 4 * spread[k]![d]!)),
      ),
      ...pi.map((weight, k) =>
        held(
          `share of z = ${k}, π[${k}] ± 4 sd`,
          average(z.map((label) => (label === k ? 1 : 0))),
          weight,
          4 * Math.sqrt((weight * (1 - weight)) / z.length),
        ),
      ),
      held('R-hat of Σ|μ|², which does not see labels', diagnostics['spread']!.rhat!, 1, 0.01),
    ],
  };
}

/** Data from a Bayesian linear model, with the exact posterior. */
export async function figure32(): Promise<Figure> {
  const { model, program } = programAt('examples/02-linear-regression/model.cred');
  const inputs = Uniform(-2, 2).sample(5, 400),
    X = inputs.map((value) => [value]);
  const simulated = model.sample({ X }, { seed: 6 });
  const y = vector(simulated['y']),
    w = vector(simulated['w'])[0]!;
  const posterior = await model.infer({ X, y }, { backend: 'exact', seed: 1 });
  const mean = vector(posterior.mean('w'))[0]!,
    sd = vector(posterior.sd('w'))[0]!;
  const noise = 0.3 ** 2,
    precision = 1 + inputs.reduce((sum, v) => sum + v * v, 0) / noise,
    product = inputs.reduce((sum, v, n) => sum + v * y[n]!, 0) / noise;
  // log N(y; 0, s² I + X Xᵀ) by the matrix determinant and inversion lemmas.
  const evidence =
    -0.5 *
    (y.length * Math.log(2 * Math.PI * noise) +
      Math.log(precision) +
      y.reduce((sum, v) => sum + v * v, 0) / noise -
      (product * product) / precision);
  const band = [-2, 2].map((at) => ({ at, low: at * (mean - 3 * Math.sign(at) * sd), high: at * (mean + 3 * Math.sign(at) * sd) }));
  const description = `400 points around a line through the origin. The line of the weight that made them, ${w.toFixed(3)}, and that of the posterior mean, ${mean.toFixed(3)}, cannot be told apart.`;
  return {
    id: '3.2',
    title: 'Samples from a Bayesian linear model',
    caption:
      'A weight is drawn from its prior, then 400 outputs. The exact posterior, from the points alone, concentrates on that weight; the band is three posterior standard deviations.',
    programs: [program],
    run: 'sample of w and y for 400 uniform inputs, seed 6; then backend exact',
    description,
    svg: picture('3.2', {
      title: 'Figure 3.2: data from a linear model and the line behind them',
      description,
      legend: [
        { label: 'samples', colour: colour('muted'), shape: 'point' },
        { label: 'latent weight', colour: colour('blue'), shape: 'line' },
        { label: 'posterior mean', colour: colour('orange'), shape: 'dashed' },
        { label: '± 3 posterior sd', colour: colour('orange'), shape: 'area' },
      ],
      rows: [
        [
          chart('', {
            width: 640,
            height: 380,
            x: { label: 'input x' },
            y: { label: 'output y', grid: true },
            marks: [
              Plot.dot(inputs, { x: (v: number) => v, y: (_: number, n: number) => y[n]!, r: 2, fill: colour('muted'), fillOpacity: 0.7 }),
              Plot.areaY([band[0]!, { at: 0, low: 0, high: 0 }, band[1]!], {
                x: 'at',
                y1: 'low',
                y2: 'high',
                fill: colour('orange'),
                fillOpacity: 0.35,
              }),
              Plot.line(
                [-2, 2].map((at) => [at, at * w]),
                { stroke: colour('blue'), strokeWidth: 2.4 },
              ),
              Plot.line(
                [-2, 2].map((at) => [at, at * mean]),
                { stroke: colour('orange'), strokeWidth: 2.2, strokeDasharray: '6 4' },
              ),
            ],
          }),
        ],
      ],
    }),
    numbers: [
      held('posterior mean of w, closed form', mean, product / precision, 1e-10),
      held('posterior sd of w, closed form', sd, 1 / Math.sqrt(precision), 1e-10),
      held('log evidence, closed form', posterior.logEvidence!, evidence, 1e-8),
      held('w behind the data, within 4 posterior sd', mean, w, 4 * sd),
    ],
  };
}

/** A path of the nonlinear state space model and what can be learnt of it. */
export async function figure33(): Promise<Figure> {
  const { model, program } = programAt('examples/03-nonlinear-state-space/model.cred');
  const simulated = model.sample({ T: 400 }, { seed: 2 });
  const x = vector(simulated['x']),
    z = vector(simulated['z']);
  const posterior = await model.infer({ x }, { backend: 'gibbs', chains: 2, draws: 1000, warmup: 300, seed: 1, keep: ['energy'] });
  const { variables } = posterior.summary();
  const band = x.map((_, t) => ({ t, ...variables[`energy[${t}]`]! }));
  const inside = average(z.map((value, t) => (value ** 2 >= band[t]!.q5! && value ** 2 <= band[t]!.q95! ? 1 : 0)));
  const path = (values: readonly number[], stroke: string) =>
    Plot.line(values, { x: (_: number, t: number) => t, y: (value: number) => value, stroke, strokeWidth: 1.6 });
  const wide = { width: 820, height: 210 } as const;
  const description =
    'Three charts over 400 time steps: the latent state stays for long around one of two levels, about 1.5 and −1.5; the observations are about a fifth of its square, with noise; the posterior band of the squared state follows the true one.';
  return {
    id: '3.3',
    title: 'Samples from a nonlinear state space model',
    caption:
      'The latent state, its observations, and the posterior of the squared state given the observations: the model cannot tell z from −z, so the square is what can be learnt.',
    programs: [program],
    run: 'sample T = 400, seed 2; then backend gibbs (slice sampling) on x, 2 chains of 1,000 draws',
    description,
    svg: picture('3.3', {
      title: 'Figure 3.3: states and observations',
      description,
      legend: [
        { label: 'latent state', colour: colour('blue'), shape: 'line' },
        { label: 'observation', colour: colour('muted'), shape: 'point' },
        { label: 'posterior of z², 90 % band', colour: colour('orange'), shape: 'area' },
      ],
      rows: [
        chart('Latent state z', {
          ...wide,
          x: { label: null },
          y: { label: 'z', grid: true },
          marks: [Plot.ruleY([0], { stroke: colour('muted') }), path(z, colour('blue'))],
        }),
        chart('Observation x = z²/5 + noise', {
          ...wide,
          insetBottom: 8,
          x: { label: null },
          y: { label: 'x', grid: true },
          marks: [
            Plot.dot(x, { x: (_: number, t: number) => t, y: (value: number) => value, r: 1.8, fill: colour('muted') }),
            path(
              z.map((value) => value ** 2 / 5),
              colour('blue'),
            ),
          ],
        }),
        chart('Squared state', {
          ...wide,
          x: { label: 'time t' },
          y: { label: 'z²', grid: true },
          marks: [
            Plot.areaY(band, { x: 't', y1: 'q5', y2: 'q95', fill: colour('orange'), fillOpacity: 0.4 }),
            path(
              z.map((value) => value ** 2),
              colour('blue'),
            ),
          ],
        }),
      ].map((row) => [row]),
    }),
    numbers: [
      held('share of true z² inside the 90 % band', inside, 0.9, 0.08),
      held(
        'mean of x against mean of z²/5, within 4 sd of the noise',
        average(x),
        average(z.map((value) => value ** 2 / 5)),
        (4 * 0.45) / Math.sqrt(x.length),
      ),
      found('average posterior mean of z²', average(band.map(({ mean }) => mean!))),
      found('average true z²', average(z.map((value) => value ** 2))),
    ],
  };
}

/** Random-walk Metropolis on two components. */
export async function figure34(): Promise<Figure> {
  const { model, program } = programAt('examples/05-metropolis-hastings/model.cred');
  const posterior = await model.infer(
    {},
    { backend: 'mh', chains: 1, draws: 10_000, warmup: 500, seed: 1, options: { 'kernel.z': 'rw(scale: 0.9, adapt: false)' } },
  );
  const points = pairs(posterior.draws('z')),
    density = model.logDensity({});
  const distinct = points.filter(([a, b], s) => s === 0 || a !== points[s - 1]![0] || b !== points[s - 1]![1]);
  const { variables } = posterior.summary(),
    rate = acceptance(posterior);
  const description =
    'Left: draws of a random walk on contours of a mixture of two Gaussians with opposite correlations; both components are covered. Right: the first coordinate over 10,000 steps jumps between the components now and then.';
  return {
    id: '3.4',
    title: 'Metropolis-Hastings on a mixture of two Gaussians',
    caption:
      'A random walk with proposal standard deviation 0.9, 10,000 steps. Few proposals cross from one component to the other, so the chain stays in each for a while.',
    programs: [program],
    run: 'backend mh, kernel.z=rw(scale: 0.9, adapt: false), 1 chain of 10,000 draws, seed 1',
    description,
    svg: picture('3.4', {
      title: 'Figure 3.4: draws by Metropolis-Hastings',
      description,
      legend: [
        { label: 'draws', colour: colour('blue'), shape: 'point' },
        { label: 'density of the target', colour: colour('orange'), shape: 'line' },
      ],
      rows: [
        chart('Draws and target', {
          width: 760,
          height: 430,
          x: { label: 'z₀', domain: [-6, 6] },
          y: { label: 'z₁', domain: [-4.6, 5] },
          color: { type: 'identity' },
          marks: [
            Plot.dot(distinct, { r: 1.3, fill: colour('blue'), fillOpacity: 0.45, clip: true }),
            Plot.contour({
              x1: -6,
              x2: 6,
              y1: -4.6,
              y2: 5,
              value: (a: number, b: number) => Math.exp(density({ z: [a, b] })),
              thresholds: [0.002, 0.01, 0.03, 0.08, 0.15],
              pixelSize: 4,
              stroke: colour('orange'),
              strokeWidth: 1.8,
            }),
          ],
        }),
        chart('First coordinate by step', {
          width: 760,
          height: 190,
          x: { label: 'step' },
          y: { label: 'z₀', grid: true },
          marks: [
            Plot.line(
              points.filter((_, s) => s % 10 === 0),
              { x: (_: readonly number[], k: number) => 10 * k, y: '0', stroke: colour('blue'), strokeWidth: 1 },
            ),
          ],
        }),
      ].map((row) => [row]),
    }),
    numbers: [
      found('acceptance rate', rate),
      held('accepted moves among the draws, against the rate reported', moved(points), rate, 0.02),
      ...(
        [
          ['z[0]', -0.11],
          ['z[1]', 0.215],
          ['right', 0.457923733530239],
        ] as const
      ).map(([name, truth]) => held(`E ${name}, within 4 MCSE`, variables[name]!.mean!, truth, 4 * variables[name]!.mcse!)),
      found('bulk ESS of z[0] in 10,000 draws', variables['z[0]']!.essBulk!),
    ],
  };
}

/** Gibbs and a random walk on the same narrow Gaussian. */
export async function figure35(): Promise<Figure> {
  const rho = 0.99;
  const walk = programAt('gallery/programs/correlated-pair.cred'),
    pair = programAt('examples/06-gibbs-correlated-gaussian/model.cred');
  const run = { chains: 1, draws: 40_000, warmup: 0, seed: 2 },
    shown = 1000;
  const mh = await walk.model.infer(
    { rho },
    { ...run, backend: 'mh', init: { z: [0, 0] }, options: { 'kernel.z': 'rw(scale: 0.9, adapt: false)' } },
  );
  const gibbs = await pair.model.infer({ rho }, { ...run, backend: 'gibbs', init: { a: 0, b: 0 }, options: { block: 'none' } });
  const a = [...gibbs.draws('a')],
    b = [...gibbs.draws('b')],
    walked = pairs(mh.draws('z'));
  const points = { mh: walked.slice(0, shown), gibbs: a.slice(0, shown).map((value, s) => [value, b[s]!] as const) };
  const ring = Plot.line(
    ellipse(
      [0, 0],
      [
        [1, rho],
        [rho, 1],
      ],
      Math.sqrt(-2 * Math.log(0.05)),
    ),
    { stroke: colour('orange'), strokeWidth: 2 },
  );
  const plane = (heading: string, drawn: readonly (readonly [number, number])[]) =>
    chart(heading, {
      width: 400,
      height: 380,
      x: { label: 'z₀', domain: [-3.6, 3.6] },
      y: { label: 'z₁', domain: [-3.6, 3.6], grid: true },
      marks: [
        Plot.line(drawn, { stroke: colour('muted'), strokeWidth: 0.5, strokeOpacity: 0.6 }),
        ring,
        Plot.dot(drawn, { r: 1.8, fill: colour('blue'), fillOpacity: 0.7 }),
      ],
    });
  const rate = acceptance(mh),
    thousands = run.draws / 1000;
  const sizes = { mh: mh.diagnostics()['z[0]']!.essBulk! / thousands, gibbs: gibbs.diagnostics()['a']!.essBulk! / thousands };
  const distinct = (drawn: readonly (readonly [number, number])[]): number => new Set(drawn.map(([u]) => u)).size;
  const description =
    'Two charts of a very narrow, tilted ellipse. On the left, the random walk leaves few distinct points because most proposals fall outside; on the right, Gibbs sampling moves at every sweep and covers the ellipse.';
  return {
    id: '3.5',
    title: 'Gibbs and Metropolis-Hastings on a correlated Gaussian',
    caption:
      'The first 1,000 draws of each, ρ = 0.99. Most proposals of the random walk leave the ellipse and are refused. Gibbs moves at each sweep, but only as far as the conditionals are wide, so its draws are strongly correlated too: the numbers say what 1,000 of them are worth.',
    programs: [walk.program, pair.program],
    run: 'mh with kernel.z=rw(scale: 0.9, adapt: false) on the first program, gibbs with block=none on the second; 40,000 draws, seed 2, from the origin, of which the first 1,000 are shown',
    description,
    svg: picture('3.5', {
      title: 'Figure 3.5: 1,000 draws by Metropolis-Hastings and by Gibbs',
      description,
      legend: [
        { label: 'draws', colour: colour('blue'), shape: 'point' },
        { label: 'path', colour: colour('muted'), shape: 'line' },
        { label: '95 % of the target', colour: colour('orange'), shape: 'line' },
      ],
      rows: [[plane('Metropolis-Hastings', points.mh), plane('Gibbs', points.gibbs)]],
    }),
    numbers: [
      held('moves in 40,000 draws of the random walk, against the acceptance reported', moved(walked), rate, 0.001),
      found('distinct draws of 1,000, Metropolis-Hastings', distinct(points.mh)),
      held('distinct draws of 1,000, Gibbs', distinct(points.gibbs), shown, 0),
      held('lag-1 autocorrelation of Gibbs, ρ²', autocorrelation(a), rho ** 2, 0.005),
      // The chain is a first-order autoregression with coefficient ρ².
      held('bulk ESS for 1,000 draws of Gibbs, 1000 (1 − ρ²) / (1 + ρ²)', sizes.gibbs, (1000 * (1 - rho ** 2)) / (1 + rho ** 2), 4),
      found('bulk ESS for 1,000 draws of Metropolis-Hastings', sizes.mh),
    ],
  };
}

/** Mean field of Gaussians with three correlations. */
export async function figure36(): Promise<Figure> {
  const { model, program } = programAt('examples/07-mean-field-gaussian/model.cred');
  const mean = [0, 0],
    sd = [1, 1];
  const cases = [];
  for (const rho of [0, 0.6, 0.95]) {
    const fit = await model.infer({ mean, sd, rho }, { backend: 'cavi', seed: 1, options: { block: 'none', tolerance: '1e-14' } });
    cases.push({
      rho,
      at: [fit.mean('a') as number, fit.mean('b') as number],
      variances: [(fit.sd('a') as number) ** 2, (fit.sd('b') as number) ** 2],
      elbo: fit.elbo!,
    });
  }
  const description =
    'Three charts with ellipses of one and two standard deviations. Without correlation the mean-field circles lie on the target. At 0.6 and 0.95 the target tilts and the circles inside it shrink.';
  return {
    id: '3.6',
    title: 'Mean-field approximation of a correlated Gaussian',
    caption: 'The optimal factors keep the means, and have the variances of the conditionals, 1 − ρ², not those of the marginals, 1.',
    programs: [program],
    run: 'backend cavi with block=none, ρ = 0, 0.6 and 0.95',
    description,
    svg: picture('3.6', {
      title: 'Figure 3.6: mean field of Gaussians with three correlations',
      description,
      legend: [
        { label: 'target, 1 and 2 sd', colour: colour('blue'), shape: 'line' },
        { label: 'mean field, 1 and 2 sd', colour: colour('orange'), shape: 'dashed' },
      ],
      rows: [
        cases.map(({ rho, at, variances }) =>
          chart(`ρ = ${rho}`, {
            width: 275,
            height: 275,
            x: { label: 'z₀', domain: [-2.6, 2.6] },
            y: { label: 'z₁', domain: [-2.6, 2.6], grid: true },
            marks: [1, 2].flatMap((radius) => [
              Plot.line(
                ellipse(
                  mean,
                  [
                    [1, rho],
                    [rho, 1],
                  ],
                  radius,
                ),
                { stroke: colour('blue'), strokeWidth: 4 },
              ),
              Plot.line(
                ellipse(
                  at,
                  [
                    [variances[0]!, 0],
                    [0, variances[1]!],
                  ],
                  radius,
                ),
                { stroke: colour('orange'), strokeWidth: 2, strokeDasharray: '7 7', strokeLinecap: 'butt' },
              ),
            ]),
          }),
        ),
      ],
    }),
    numbers: cases.flatMap(({ rho, at, variances, elbo }) => [
      held(`s₀ at ρ = ${rho}, 1 − ρ²`, variances[0]!, 1 - rho ** 2, 1e-10),
      held(`s₁ at ρ = ${rho}, 1 − ρ²`, variances[1]!, 1 - rho ** 2, 1e-10),
      held(`mean of z₀ at ρ = ${rho}`, at[0]!, 0, 1e-6),
      held(`−KL(q‖p) at ρ = ${rho}, log(1 − ρ²)/2`, elbo, Math.log(1 - rho ** 2) / 2, 1e-9),
    ]),
  };
}
