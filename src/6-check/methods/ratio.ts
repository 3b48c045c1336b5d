/**
 * `ratio`: what is derived, and the log joint density of generated code, against the statements evaluated one by one.
 * No Monte Carlo error: two numbers agree to 1e-9 or something is wrong.
 */
import { jointFactors } from '../../3-derive/joint.js';
import { DerivedModel } from '../../3-derive/model.js';
import { givenOf } from '../../4-infer/programBuilder.js';
import { createRandom } from '../../random/generator.js';
import { KernelMachine } from '../program/kernelMachine.js';
import { State } from '../program/state.js';
import { checkRatios } from '../ratio.js';
import { inapplicable, type QuantityTest, settled } from '../results.js';
import { believedBy, derivationOf, kernelOf, type Subject } from '../subject.js';
import type { Method } from './method.js';

/** Random states, and elements of each region at each. */
const states = 2, elements = 3;
/** Relative difference of log densities that rounding explains. */
const tolerance = 1e-9;
/** Cells beyond which walking the statements one by one takes too long. */
const mostCells = 200_000;

export const ratio: Method = {
  name: 'ratio',
  doc: 'every derived conditional, and the log joint of generated code, against the statements to 1e-9',
  statistical: false,
  run(subject) {
    const { bound, graph } = subject;
    const cells = [...bound.variables.values()].reduce((sum, v) => sum + v.values.length, 0);
    if (cells > mostCells) return inapplicable('ratio', `the program has ${cells} numbers; its statements are walked one by one up to ${mostCells}`);
    const believed = believedBy(subject);
    const derivation = derivationOf(subject, new DerivedModel(believed.graph, givenOf(believed)));
    const program = { graph, bound, model: derivation.model, derivation };
    const tests: Omit<QuantityTest, 'p'>[] = [];
    const { failures, compared } = checkRatios(program, { seeds: Array.from({ length: states }, (_, k) => k + 1), elements });
    for (const [region, count] of compared) {
      const own = failures.filter((f) => f.startsWith(`${region} (`));
      tests.push({ quantity: `conditional of ${region}`, statistic: 'ratios compared', value: count, failed: own.length > 0, detail: own[0] ?? (count === 0 ? 'no state with positive density was found to compare at' : 'equal to 1e-9'), pointsTo: 'a wrong term, or a wrong closed form, in the derivation' });
    }
    tests.push(...generatedDensity(subject));
    return settled('ratio', `conditionals at ${states} random states${tests.some((t) => t.quantity === 'log joint') ? ', log joint of generated code after sweeps' : ''}`, tests);
  },
};

/** The log joint density that the sampler's code computes, at the states of a short run. */
function generatedDensity(subject: Subject): readonly Omit<QuantityTest, 'p'>[] {
  const kernel = kernelOf(subject, subject.data, {});
  if (kernel === null) return [];
  const { bound, graph } = subject;
  const model = new DerivedModel(graph, givenOf(bound));
  const truth = { graph, bound, model, derivation: { model, factors: jointFactors(model), forms: [], regions: [] } };
  const machine = new KernelMachine(kernel, createRandom(subject.seed, 'ratio'), graph.hostFunctions.map((h) => h.call), null);
  let worst = 0, detail = 'equal to 1e-9';
  for (let sweep = 0; sweep < 5; sweep++) {
    machine.sweep(sweep < 2);
    const values: Record<string, readonly number[]> = Object.create(null) as Record<string, readonly number[]>;
    for (const v of bound.variables.values()) if ((v.status === 'latent' || v.status === 'partial') && graph.variables.get(v.name)?.origin !== 'predict') values[v.name] = [...machine.read(v.name)];
    const expected = new State(truth, 1, 1, values).logJoint, found = machine.logJoint();
    if (Object.is(found, expected)) continue;
    const error = Math.abs(found - expected) / (1 + Math.abs(expected));
    if (!(error <= worst)) { worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error; detail = `generated code gives ${found}, the statements ${expected}`; }
  }
  return [{ quantity: 'log joint', statistic: 'largest relative error', value: worst, failed: !(worst <= tolerance), detail: worst <= tolerance ? 'equal to 1e-9' : detail, pointsTo: 'generated code that computes another density, or a table that is stale after a sweep' }];
}
