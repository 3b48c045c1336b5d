/**
 * `laws`: what must hold of a derivation or a result whatever the data.
 *
 * - Gradients equal differences of the log density.
 * - A bound (cavi, em) or a likelihood (em) never falls from one iteration to the next.
 * - em, map: the log likelihood at the estimates is the log evidence with the estimates given (log p = ELBO + KL, KL = 0), where exact has
 * it.
 * - map: no direction is left in which the density rises; where unknowns are summed out, by differences of that evidence.
 * - cavi: every factor is the best one given the others. In unconstrained coordinates u with q(u_i) proportional to exp E log p,
 *   E_q[d log p / du_i] = 0 and E_q[(u_i - c) d log p / du_i] = -1 (Stein's identity); both by draws from q, so with z-scores.
 */
import { gradientAtPoint } from '../../4-infer/gradientAtPoint.js';
import { logDensityFunction, unknownsOf } from '../../4-infer/logDensity.js';
import { elementName, type RunResult } from '../../4-infer/posterior.js';
import { DerivedModel } from '../../3-derive/model.js';
import { givenOf } from '../../4-infer/programBuilder.js';
import { ModelError } from '../../errors/diagnostic.js';
import { derive } from '../../4-infer/derivation.js';
import { goodState } from '../program/state.js';
import { drawsOf } from '../quantities.js';
import { inapplicable, judged } from '../results.js';
import { compareMeans, estimate, known } from '../statistics/meanTests.js';
import { runOn, type Subject } from '../subject.js';
import { certain, type Law, ofEstimates } from './estimates.js';
import type { Method } from './method.js';

/** Fall of an objective, relative to its size, that rounding explains. */
const slack = 1e-8;
/** Coordinates for which Stein's identity is tested, evenly spaced where there are more. */
const mostCoordinates = 30;

export const laws: Method = {
  name: 'laws',
  doc: 'gradients against differences; bounds and likelihoods never fall; estimates are stationary; factors of cavi are optimal',
  statistical: true,
  async run(subject, rate, effort) {
    const { name, gives, laws: obeyed = [] } = subject.backend;
    const tests: Law[] = [...gradients(subject)];
    if (obeyed.length > 0) {
      const result = await runOn(subject, subject.data, {
        chains: 1,
        draws: effort.draws,
        warmup: 0,
        thin: 1,
        seed: subject.seed,
        keep: unknownsOf(subject.bound).map((u) => u.name),
      });
      if (obeyed.includes('objective never falls')) tests.push(...monotone(subject, result));
      if (obeyed.includes('factors are optimal')) tests.push(...stein(subject, result));
      if (gives === 'estimates') tests.push(...(await ofEstimates(subject, result)));
    }
    if (tests.length === 0) return inapplicable('laws', `nothing is known of ${name} beyond its draws, and the program has no gradient`);
    return judged('laws', 'what holds of every program', rate, tests);
  },
};

function gradients(subject: Subject): readonly Law[] {
  const { bound, graph } = subject;
  const cells = [...bound.variables.values()].reduce((sum, v) => sum + v.values.length, 0);
  if (cells > 20_000) return [];
  let gradient: ReturnType<typeof gradientAtPoint>;
  try {
    gradient = gradientAtPoint(bound);
  } catch (thrown) {
    if (thrown instanceof ModelError) return [];
    throw thrown;
  }
  const model = new DerivedModel(graph, givenOf(bound)),
    density = logDensityFunction(bound);
  const state = goodState({ graph, bound, model, derivation: derive(model) }, 1);
  const point = new Map(gradient.unknowns.map(({ name }) => [name, Float64Array.from(state.storage(name))]));
  let found: ReturnType<typeof gradient.natural>;
  // A state on a kink or of no density has no gradient.
  try {
    found = gradient.natural(point);
  } catch (thrown) {
    if (thrown instanceof ModelError) return [];
    throw thrown;
  }
  return [...found.gradient].flatMap(([name, { shape, values }]): Law[] => {
    const variable = graph.variables.get(name)!,
      own = point.get(name)!;
    // Entries of simplices and matrices do not move alone.
    if (
      (variable.eventRank > 0 && variable.constraint.kind !== 'none') ||
      ['simplex', 'cov', 'corr', 'ordered'].includes(variable.constraint.kind)
    )
      return [];
    if (
      variable.eventRank > 0 &&
      !graph.statements.every(
        (s) => s.kind !== 'sample' || s.target.variable !== name || (s.law.kind === 'family' && /^Mv/.test(s.law.family)),
      )
    )
      return [];
    let worst = 0,
      detail = 'equal to six digits';
    for (let k = 0; k < Math.min(values.length, 8); k++) {
      if (Number.isNaN(values[k]!)) continue;
      const x = own[k]!,
        h = 1e-4 * (1 + Math.abs(x));
      const at = (y: number): number => {
        own[k] = y;
        const out = density.total(point);
        own[k] = x;
        return out;
      };
      // Central differences of two widths, extrapolated.
      const slope = (8 * (at(x + h / 2) - at(x - h / 2)) - (at(x + h) - at(x - h))) / (6 * h);
      const error = Math.abs(slope - values[k]!) / (1 + Math.abs(slope));
      if (Number.isFinite(slope) && error > worst) {
        worst = error;
        if (error > 1e-5) detail = `d log p / d ${elementName(name, shape, k)} is ${values[k]}, differences give ${slope}`;
      }
    }
    return [certain(`gradient by ${name}`, 'largest relative error', worst, worst <= 1e-5, detail, 'a wrong derivative')];
  });
}

function monotone(subject: Subject, { traces }: RunResult): readonly Law[] {
  // Damping gives up the guarantee, and so does a floor that is added after each step.
  if ('damping' in subject.options || 'inflate' in subject.options) return [];
  // Where estimates have priors the likelihood may fall while what is maximised rises.
  const objectives = ['elbo', traces.logJoint === undefined ? 'logLikelihood' : 'logJoint'] as const;
  return objectives.flatMap((name): Law[] => {
    const trace = traces[name];
    if (trace === undefined || trace.length < 2) return [];
    let fall = 0,
      at = 0;
    trace.forEach((x, k) => {
      const d = k === 0 ? 0 : (trace[k - 1]! - x) / (1 + Math.abs(x));
      if (d > fall) {
        fall = d;
        at = k;
      }
    });
    return [
      certain(
        name,
        'largest fall',
        fall,
        fall <= slack,
        fall <= slack ? `never falls in ${trace.length} iterations` : `falls from ${trace[at - 1]} to ${trace[at]} in iteration ${at}`,
        'an update that is not the optimum it is taken for',
      ),
    ];
  });
}

function stein(subject: Subject, result: RunResult): readonly Law[] {
  const names = new Set(unknownsOf(subject.bound).map((u) => u.name));
  const draws = drawsOf(
    [...subject.bound.variables.values()].filter((v) => names.has(v.name)),
    result.variables,
  );
  if (draws === null) return [];
  let gradient: ReturnType<typeof gradientAtPoint>;
  try {
    gradient = gradientAtPoint(subject.bound);
  } catch (thrown) {
    if (thrown instanceof ModelError) return [];
    throw thrown;
  }
  // A param is a point of cavi, not a factor.
  const isFactor = (name: string): boolean => subject.graph.variables.get(name)?.origin !== 'param';
  const slopes = new Map<string, Float64Array>(),
    positions = new Map<string, Float64Array>();
  const record = (to: Map<string, Float64Array>, label: string, k: number, x: number): void => {
    let list = to.get(label);
    if (list === undefined) {
      list = new Float64Array(draws.count);
      to.set(label, list);
    }
    list[k] = x;
  };
  for (let k = 0; k < draws.count; k++) {
    let found: ReturnType<typeof gradient.unconstrained>;
    try {
      found = gradient.unconstrained(draws.values(k));
    } catch (thrown) {
      if (thrown instanceof ModelError) return [];
      throw thrown;
    }
    for (const [name, { shape, values }] of found.gradient)
      if (isFactor(name))
        values.forEach((g, i) => {
          record(slopes, elementName(name, shape, i), k, g);
          record(positions, elementName(name, shape, i), k, found.position.get(name)!.values[i]!);
        });
  }
  const labels = [...slopes.keys()],
    stride = Math.max(1, Math.ceil(labels.length / mostCoordinates));
  return labels
    .filter((_, k) => k % stride === 0)
    .flatMap((label): Law[] => {
      const g = slopes.get(label)!,
        u = positions.get(label)!;
      const centre = u.reduce((a, b) => a + b, 0) / u.length;
      const against = (
        series: Float64Array,
        value: number,
      ): ReturnType<typeof compareMeans> & { readonly mean: number; readonly heavy: boolean } => {
        const e = estimate(series, 1);
        return { ...compareMeans(e, known(value)), mean: e.mean, heavy: e.largest > 0.05 || Number.isNaN(e.error) };
      };
      const first = against(g, 0),
        second = against(
          g.map((x, k) => x * (u[k]! - centre)),
          -1,
        );
      return [
        {
          quantity: `location of the factor of ${label}`,
          statistic: 'z',
          value: first.z,
          p: first.heavy ? null : first.p,
          detail: `mean slope ${first.mean.toPrecision(3)}, 0 at the optimum`,
          pointsTo: 'its factor is not the best given the others',
        },
        {
          quantity: `spread of the factor of ${label}`,
          statistic: 'z',
          value: second.z,
          p: second.heavy ? null : second.p,
          detail: `mean slope times distance ${second.mean.toPrecision(3)}, -1 at the optimum`,
          pointsTo: `its factor is too ${second.mean < -1 ? 'wide' : 'narrow'}`,
        },
      ];
    });
}
