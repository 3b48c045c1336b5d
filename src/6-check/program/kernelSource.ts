/**
 * A sampler's kernel for one data set after the other. Compiling anew takes some ten milliseconds, which tests of
 * thousands of data sets cannot spend, and new code runs slowly at first. Single numbers are part of the code, arrays are
 * memory: so code is reused among data sets with the same single numbers, once compiling for several of them gave the same
 * code and the same memories as that code over their data; now and then it is compared with a new compilation.
 */
import type { BoundModel } from '../../2-graph/bound.js';
import type { KernelProgram } from '../../4-infer/backend.js';
import type { ChainProgram } from '../../4-infer/chainProgram.js';
import type { HostFunction } from '../../code/runtime.js';
import { createRandom, type Random } from '../../random/generator.js';
import type { JointLaw, Values } from './jointLaw.js';
import { KernelMachine, type Tuning } from './kernelMachine.js';

/** Data sets on which code is compared before it is reused, and one in this many after. */
const compared = 2,
  spotCheck = 100;
/** Combinations of single numbers for which code is kept. */
const mostKept = 50;

export interface KernelBackend {
  /** The program that the backend believes, bound to data of a draw. */
  bind(values: Values): BoundModel;
  compile(bound: BoundModel, init: Readonly<Record<string, unknown>>): KernelProgram;
  readonly hostFunctions: readonly HostFunction[];
}

/** Code that may be reused, and the data that it was compiled for. */
interface Reusable {
  readonly kernel: KernelProgram;
  readonly machine: KernelMachine;
  readonly values: Values;
  confirmed: number;
}

export class KernelSource {
  readonly law: JointLaw;
  readonly steps: KernelProgram['steps'];
  private readonly backend: KernelBackend;
  private tuning: Tuning | null = null;
  /** By the single numbers among the data; null where code depends on more of them. */
  private readonly reusable = new Map<string, Reusable | null>();
  private used = 0;

  /** @throws ModelError where the backend refuses the program. */
  constructor(law: JointLaw, backend: KernelBackend) {
    this.law = law;
    this.backend = backend;
    this.steps = this.compile(law.draw()).steps;
  }

  /** Learns widths and scales on one simulated data set; every machine from then on has them. */
  tune(sweeps: number, random: Random): void {
    const machine = this.at(this.law.draw(), random);
    for (let k = 0; k < sweeps; k++) machine.sweep(true);
    this.tuning = machine.tuning();
  }

  /**
   * The sampler on the data of a draw, at its unknowns, about to draw what `random` would. It is this draw's until the next is asked for.
   */
  at(values: Values, random: Random): KernelMachine {
    const machine = this.machineOver(values);
    machine.drawingFrom(random, () => {});
    machine.place(
      values,
      this.law.unknowns.map((v) => v.name),
    );
    return machine;
  }

  private machineOver(values: Values): KernelMachine {
    const key = this.singleNumbers(values),
      known = this.reusable.get(key);
    if (known === null || (known === undefined && this.reusable.size >= mostKept)) return this.newMachine(this.compile(values));
    if (known === undefined) {
      const kernel = this.compile(values),
        machine = this.newMachine(kernel);
      this.reusable.set(key, { kernel, machine, values, confirmed: 0 });
      return machine;
    }
    const program = known.kernel.over(this.backend.bind(values));
    this.used++;
    if (known.confirmed < compared || this.used % spotCheck === 0) {
      const anew = this.compile(values);
      if (!sameProgram(program, anew.program)) {
        this.reusable.set(key, null);
        return this.newMachine(anew);
      }
      if (this.differ(values, known.values)) known.confirmed++;
    }
    known.machine.load(program, this.tuning);
    return known.machine;
  }
  private singleNumbers(values: Values): string {
    return [...this.law.generated]
      .flatMap((name) => {
        const own = values.get(name)!;
        return own.length === 1 ? [own[0]] : [];
      })
      .join(' ');
  }
  /** Equal data confirm nothing. */
  private differ(a: Values, b: Values): boolean {
    return [...this.law.generated].some((name) => {
      const own = b.get(name)!;
      return a.get(name)!.some((x, k) => x !== own[k]);
    });
  }
  /** Streams are lent to machines, so that which one they are made with does not matter. */
  private newMachine(kernel: KernelProgram): KernelMachine {
    return new KernelMachine(kernel, createRandom('machine', 'own'), this.backend.hostFunctions, this.tuning);
  }

  private compile(values: Values): KernelProgram {
    return this.backend.compile(
      this.backend.bind(values),
      Object.fromEntries(this.law.unknowns.map(({ name }) => [name, Array.from(values.get(name)!)])),
    );
  }
}

/** Equal code over equal data; the start of the state does not count. */
function sameProgram(a: ChainProgram, b: ChainProgram): boolean {
  if (a.source !== b.source || a.storages.length !== b.storages.length) return false;
  return a.storages.every((s, k) => {
    const t = b.storages[k]!;
    if (s.name !== t.name || s.type !== t.type || s.place !== t.place) return false;
    if (s.place !== 'data') return true;
    return (
      s.values?.length === t.values?.length &&
      (s.values === undefined || s.values.every((x, i) => Object.is(x, t.values![i]) || x === t.values![i]))
    );
  });
}
