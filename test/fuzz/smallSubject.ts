/**
 * Small random programs whose posteriors are known by quadrature of a density that was written down beside the text: every backend gives
 * the posterior (`exact`), keeps it (`gibbs`, `mh`), is bounded by its evidence (`cavi`), is where likelihood or density are largest (`em`, `map`), or
 * refuses. A term that a derivation leaves out is seen here, and nowhere that asks the derivation itself.
 */
import { compile, type Model, ModelError, type Posterior } from '../../src/index.js';
import { type Case, problemOfRefusal, type Step, type Subject } from './cases.js';
import { Dice } from './dice.js';
import type { State } from './smallLaws.js';
import { smallProgram, type SmallProgram } from './smallProgram.js';
import { elementName, type Truth, truthOf } from './smallTruth.js';

/** Standard errors at which draws differ: of some ten numbers a program, one program in 10^10 by chance where draws are Normal. */
const furthest = 7;
/** Digits of quadrature and of what is compared with it: two rules that differ by more than 1e-5 give no truth. */
const tolerance = 2e-4;

export function smallSubject(): Subject {
  return {
    name: 'small',
    seconds: 60,
    stepSeconds: 60,
    make: (seed: string, number: number): Case => smallCase(smallProgram(new Dice(seed, `small ${number}`))),
  };
}

/** What must hold of one program. */
export function smallCase(program: SmallProgram): Case {
  return {
    shown: `data ${JSON.stringify(program.data)}\n${program.source}`,
    steps: () => (program.param === null ? stepsOfPosterior(program) : stepsOfLikelihood(program)),
    smaller: () => [],
  };
}

function stepsOfPosterior(program: SmallProgram): readonly Step[] {
  let known: { readonly model: Model; readonly truth: Truth } | null = null;
  const step = (name: string, run: (model: Model, truth: Truth) => Promise<void>): Step => ({
    name,
    run: () => (known === null ? null : run(known.model, known.truth)),
  });
  return [
    {
      name: 'truth',
      run: () => {
        const model = compile(program.source),
          truth = truthOf(program);
        known = truth === null ? null : { model, truth };
      },
    },
    step('exact', async (model, truth) => {
      const posterior = await answered(model, program, 'exact');
      if (posterior !== null) compareExact(posterior, truth);
    }),
    step('cavi', async (model, truth) => {
      const posterior = await answered(model, program, 'cavi');
      if (posterior !== null) compareBound(posterior, program, truth);
    }),
    step('map', (model) => compareMode(model, program)),
    ...['gibbs', 'mh'].map((backend) => step(backend, (model, truth) => compareDraws(model, program, truth, backend))),
  ];
}

/** Null where the backend refuses. @throws Error where the refusal is none that a user understands. */
async function answered(
  model: Model,
  { data }: SmallProgram,
  backend: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Posterior | null> {
  try {
    return await model.infer(data, { backend, workers: 0, seed: 1, chains: 2, draws: 400, warmup: 200, ...settings });
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const wrong = problemOfRefusal(thrown);
    if (wrong !== null) throw new Error(wrong, { cause: thrown });
    return null;
  }
}

function isOff(found: number, exact: number, scale: number): boolean {
  return !(Math.abs(found - exact) <= tolerance * scale + 1e-6);
}

function compareExact(posterior: Posterior, truth: Truth): void {
  const { logEvidence, variables } = posterior.summary();
  if (logEvidence === null || isOff(logEvidence, truth.logEvidence, 1))
    throw new Error(`the log evidence is ${truth.logEvidence}, and not ${logEvidence}`);
  for (const [name, { mean, sd }] of truth.moments) {
    const row = variables[name];
    if (row === undefined || row.mean === null) continue;
    const scale = Math.abs(mean) + sd,
      own = posterior.result.variables.find((v) => v.name === name.replace(/\[.*/, ''))!.result;
    // Of draws the error is that of the true law: what is rare may not have been drawn.
    const error = own.form === 'draws' ? (furthest * sd) / Math.sqrt(own.chains * own.draws) : 0;
    if (isOff(row.mean, mean, scale + error / tolerance)) throw new Error(`the mean of ${name} is ${mean}, and not ${row.mean}`);
    if (own.form !== 'draws' && row.sd !== null && isOff(row.sd, sd, 5 * scale))
      throw new Error(`the sd of ${name} is ${sd}, and not ${row.sd}`);
  }
}

function compareBound(posterior: Posterior, program: SmallProgram, truth: Truth): void {
  const bound = posterior.result.elbo;
  // A bound that is not finite is warned of.
  if (bound === null && !posterior.converged) return;
  if (bound === null || bound > truth.logEvidence + tolerance)
    throw new Error(`the evidence ${truth.logEvidence} is below its bound ${bound}`);
  if (program.continuous.length > 0) return;
  const own = boundOfLabels(posterior, program);
  if (isOff(bound, own, 1)) throw new Error(`the bound is ${own}, and not ${bound}`);
}

/** E_q[log p - log q] over all configurations of labels that are independent under q; those that have no q are summed out of p. */
function boundOfLabels(posterior: Posterior, program: SmallProgram): number {
  const { variables } = posterior.summary(),
    state = program.start(),
    hasLaw = ({ name }: { readonly name: string }): boolean =>
      posterior.result.variables.find((v) => v.name === name)!.result.form === 'closed',
    kept = program.discrete.filter(hasLaw),
    summed = program.discrete.filter((unknown) => !hasLaw(unknown));
  const density = (k: number): number => {
    const unknown = summed[k];
    if (unknown === undefined) return Math.exp(program.logDensity(state));
    return unknown.values.reduce((sum, value) => {
      put(state, unknown.name, unknown.element, value);
      return sum + density(k + 1);
    }, 0);
  };
  const go = (k: number, q: number): number => {
    const unknown = kept[k];
    if (q === 0) return 0;
    if (unknown === undefined) return q * (Math.log(density(0)) - Math.log(q));
    const { name, element, values } = unknown,
      probabilities = variables[elementName(name, element)]!.probs!;
    return values.reduce((sum, value) => {
      put(state, name, element, value);
      return sum + go(k + 1, q * (probabilities[String(value)] ?? 0));
    }, 0);
  };
  return go(0, 1);
}

function put(state: State, name: string, element: number | null, value: number): void {
  if (element === null) state.numbers[name] = value;
  else state.lists[name]![element] = value;
}

/** Effective draws below which the error of a mean is not known well enough. */
const fewestEffective = 150;

async function compareDraws(model: Model, program: SmallProgram, truth: Truth, backend: string): Promise<void> {
  const posterior = await answered(model, program, backend, { draws: 2000, warmup: 500 });
  if (posterior === null || !posterior.converged) return;
  const { variables } = posterior.summary();
  for (const [name, { mean, sd }] of truth.moments) {
    const row = variables[name];
    if (row === undefined) continue;
    const size = Math.min(row.essBulk ?? 4000, 4000);
    if (sd > 0 && size < fewestEffective) continue;
    const error = sd / Math.sqrt(size) + 1e-9 * (1 + Math.abs(mean));
    if (row.mean !== null && Math.abs(row.mean - mean) < furthest * error) continue;
    // Chains may all have missed a mode. A kernel that keeps the posterior keeps draws of it.
    const kept = await meanAfterSweeps(model, program, backend, name);
    if (!(Math.abs(kept - mean) < (furthest * sd) / Math.sqrt(starts)))
      throw new Error(`the mean of ${name} is ${mean}, and not ${row.mean}; draws of the posterior have ${kept} after some sweeps`);
  }
}

/** Draws of the posterior that chains begin with. */
const starts = 200;

async function meanAfterSweeps(model: Model, program: SmallProgram, backend: string, name: string): Promise<number> {
  const dice = new Dice('1', 'starts'),
    names = new Set([...program.continuous, ...program.discrete].map((u) => u.name)),
    weights: number[] = [],
    states: Readonly<Record<string, number | readonly (number | null)[]>>[] = [];
  truthOf(program, {}, (weight, { numbers, lists }) => {
    weights.push(weight);
    states.push(
      Object.fromEntries(
        [...names].map((own) => {
          const given = program.data[own] as readonly (number | null)[] | undefined;
          return [own, numbers[own] ?? lists[own]!.map((value, k) => (given?.[k] == null ? value : null))];
        }),
      ),
    );
  });
  const total = weights.reduce((a, b) => a + b, 0);
  let sum = 0;
  for (let k = 0; k < starts; k++) {
    let left = dice.uniform() * total,
      chosen = 0;
    while (chosen < weights.length - 1 && (left -= weights[chosen]!) > 0) chosen++;
    const run = await model.infer(program.data, { backend, workers: 0, seed: k, chains: 1, draws: 5, warmup: 0, init: states[chosen] });
    const base = name.replace(/\[.*/, ''),
      values = run.draws(base),
      size = values.length / 5,
      at = name === base ? 0 : Number(/\[(\d+)\]/.exec(name)![1]);
    sum += values[4 * size + at]!;
  }
  return sum / starts;
}

/** At a maximum of a function of the elements, with the value that the backend says, where it says one. Nothing where quadrature does not settle. */
function expectMaximum(
  program: SmallProgram,
  estimates: Readonly<Record<string, number>>,
  said: number | null | undefined,
  what: string,
): void {
  const at = (values: Readonly<Record<string, number>>): number | null => truthOf(program, values)?.logEvidence ?? null,
    here = at(estimates);
  if (here === null) return;
  if (said === null || (said !== undefined && isOff(said, here, 1)))
    throw new Error(`the ${what} at ${JSON.stringify(estimates)} is ${here}, and not ${said}`);
  for (const { name, element, low, high } of program.continuous) {
    const own = elementName(name, element),
      estimate = estimates[own];
    if (estimate === undefined) continue;
    for (const step of [0.03, -0.03]) {
      const beside = low === 0 && high > 1 ? estimate * (1 + step) : estimate + step;
      if (!(beside > low && beside < high)) continue;
      // One start may end at a lesser maximum, but at a maximum.
      const there = at({ ...estimates, [own]: beside });
      if (there !== null && there > here + 3e-3)
        throw new Error(`the ${what} at ${own} = ${beside} is ${there}, above ${here} at the estimate ${estimate}`);
    }
  }
}

async function compareMode(model: Model, program: SmallProgram): Promise<void> {
  const posterior = await answered(model, program, 'map');
  if (posterior === null || !posterior.converged) return;
  const { variables } = posterior.summary(),
    { result } = posterior;
  // A gap that nothing else reads is integrated out, and drawn.
  const estimates = Object.fromEntries(
    program.continuous
      .filter(({ name }) => result.variables.find((v) => v.name === name)?.result.form === 'closed')
      .map(({ name, element }) => [elementName(name, element), variables[elementName(name, element)]!.mean!]),
  );
  if (Object.keys(estimates).length > 0)
    expectMaximum(program, estimates, program.param === null ? result.logJoint : undefined, 'log joint density');
}

function stepsOfLikelihood(program: SmallProgram): readonly Step[] {
  const param = program.param!;
  return [
    {
      name: 'em',
      run: async () => {
        const posterior = await answered(compile(program.source), program, 'em');
        if (posterior === null || !posterior.converged) return;
        expectMaximum(program, { [param]: posterior.summary().variables[param]!.mean! }, posterior.result.logLikelihood, 'log likelihood');
      },
    },
    { name: 'map', run: () => compareMode(compile(program.source), program) },
  ];
}
