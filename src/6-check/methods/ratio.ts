/**
 * `ratio`: what is derived, and the log joint density and reports of generated code, against the statements evaluated one by one.
 * No Monte Carlo error: two numbers agree to 1e-9 or something is wrong.
 */
import { jointFactors } from '../../3-derive/joint.js';
import { DerivedModel } from '../../3-derive/model.js';
import { elementName } from '../../4-infer/posterior.js';
import { givenOf } from '../../4-infer/programBuilder.js';
import { createRandom } from '../../random/generator.js';
import { KernelMachine } from '../program/kernelMachine.js';
import { State } from '../program/state.js';
import { checkRatios } from '../ratio.js';
import { inapplicable, type QuantityTest, settled } from '../results.js';
import { believedBy, derivationOf, kernelOf, type Subject } from '../subject.js';
import type { Method } from './method.js';

/** Random states, and elements of each region at each. */
const states = 2,
  elements = 3;
/** Relative difference of log densities that rounding explains. */
const tolerance = 1e-9;
/** Cells beyond which walking the statements one by one takes too long. */
const mostCells = 200_000;

export const ratio: Method = {
  name: 'ratio',
  doc: 'every derived conditional, and the log joint and reports of generated code, against the statements to 1e-9',
  statistical: false,
  run(subject) {
    const { bound, graph } = subject;
    const cells = [...bound.variables.values()].reduce((sum, v) => sum + v.values.length, 0);
    if (cells > mostCells)
      return inapplicable('ratio', `the program has ${cells} numbers; its statements are walked one by one up to ${mostCells}`);
    const believed = believedBy(subject);
    const derivation = derivationOf(subject, new DerivedModel(believed.graph, givenOf(believed)));
    const program = { graph, bound, model: derivation.model, derivation };
    const tests: Omit<QuantityTest, 'p'>[] = [];
    const { failures, compared } = checkRatios(program, { seeds: Array.from({ length: states }, (_, k) => k + 1), elements });
    for (const [region, count] of compared) {
      const own = failures.filter((f) => f.startsWith(`${region} (`));
      tests.push({
        quantity: `conditional of ${region}`,
        statistic: 'ratios compared',
        value: count,
        failed: own.length > 0,
        detail: own[0] ?? (count === 0 ? 'no state with positive density was found to compare at' : 'equal to 1e-9'),
        pointsTo: 'a wrong term, or a wrong closed form, in the derivation',
      });
    }
    tests.push(...generatedCode(subject));
    return settled(
      'ratio',
      `conditionals at ${states} random states${tests.some((t) => t.quantity === 'log joint') ? ', log joint and reports of generated code after sweeps' : ''}`,
      tests,
    );
  },
};

/** Elements of a report that are compared. */
const mostElements = 50;

/** The log joint density and the reports that the sampler's code computes, at the states of a short run. */
function generatedCode(subject: Subject): readonly Omit<QuantityTest, 'p'>[] {
  const kernel = kernelOf(subject, subject.data, {});
  if (kernel === null) return [];
  const { bound, graph } = subject;
  const model = new DerivedModel(graph, givenOf(bound));
  const truth = { graph, bound, model, derivation: { model, factors: jointFactors(model), forms: [], regions: [] } };
  const machine = new KernelMachine(
    kernel,
    createRandom(subject.seed, 'ratio'),
    graph.hostFunctions.map((h) => h.call),
    null,
  );
  const reports = [...bound.variables.values()].filter(
    (v) => v.status === 'deterministic' && graph.variables.get(v.name)?.origin === 'report',
  );
  const errors = new Map(
    ['log joint', ...reports.map((v) => v.name)].map((name): [string, { worst: number; detail: string }] => [
      name,
      { worst: 0, detail: 'equal to 1e-9' },
    ]),
  );
  const compare = (name: string, what: string, found: number, expected: number): void => {
    if (Object.is(found, expected) || found === expected) return;
    // No number and minus infinity are the same to every kernel.
    if (expected === Number.NEGATIVE_INFINITY && Number.isNaN(found)) return;
    const error = Math.abs(found - expected) / (1 + Math.abs(expected)),
      known = errors.get(name)!;
    if (error <= known.worst) return;
    known.worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    if (!(error <= tolerance)) known.detail = `${what} is ${found} in generated code, ${expected} by the statements`;
  };
  for (let sweep = 0; sweep < 5; sweep++) {
    machine.sweep(sweep < 2);
    machine.report();
    const values: Record<string, readonly number[]> = Object.create(null) as Record<string, readonly number[]>;
    for (const v of bound.variables.values())
      if ((v.status === 'latent' || v.status === 'partial') && graph.variables.get(v.name)?.origin !== 'predict')
        values[v.name] = [...machine.read(v.name)];
    const state = new State(truth, 1, 1, values);
    compare('log joint', 'log joint', machine.logJoint(), state.logJoint);
    for (const { name, shape, absent } of reports) {
      const found = machine.read(name);
      for (let k = 0; k < Math.min(found.length, mostElements); k++)
        if (absent?.[k] !== 1) compare(name, elementName(name, shape, k), found[k]!, state.value(name, ...addressOf(k, shape)));
    }
  }
  return [...errors].map(([name, { worst, detail }]) => ({
    quantity: name,
    statistic: 'largest relative error',
    value: worst,
    failed: !(worst <= tolerance),
    detail,
    pointsTo:
      name === 'log joint'
        ? 'generated code that computes another density, or a table that is stale after a sweep'
        : 'a report that is computed of other values than those of its draw',
  }));
}

function addressOf(flat: number, shape: readonly number[]): readonly number[] {
  const at: number[] = [];
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    at.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}
