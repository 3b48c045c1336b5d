/**
 * A sampler's kernel for one data set after the other. Compiling anew takes some ten milliseconds, which tests of
 * thousands of data sets cannot spend, and new code runs slowly at first. Where compiling for several simulated data sets gives the same code, and the same
 * memories as that code over their data, code is reused over new data; now and then it is compared with a new compilation.
 */
import type { BoundModel } from '../../2-graph/bound.js';
import type { KernelProgram } from '../../4-infer/backend.js';
import type { ChainProgram } from '../../4-infer/chainProgram.js';
import type { HostFunction } from '../../code/runtime.js';
import { createRandom, type Random } from '../../random/generator.js';
import type { JointLaw, Values } from './jointLaw.js';
import { KernelMachine, type Tuning } from './kernelMachine.js';

/** Data sets on which code is compared before it is reused, and one in this many after. */
const compared = 3, spotCheck = 100;

export interface KernelBackend {
  /** The program that the backend believes, bound to data of a draw. */
  bind(values: Values): BoundModel;
  compile(bound: BoundModel, init: Readonly<Record<string, unknown>>): KernelProgram;
  readonly hostFunctions: readonly HostFunction[];
}

export class KernelSource {
  readonly law: JointLaw;
  private readonly backend: KernelBackend;
  private tuning: Tuning | null = null;
  /** Code that does not depend on the data; null where it does. */
  private common: KernelProgram | null = null;
  /** The machine of that code. */
  private machine: KernelMachine | null = null;
  private used = 0;

  /** @throws ModelError where the backend refuses the program. */
  constructor(law: JointLaw, backend: KernelBackend) {
    this.law = law;
    this.backend = backend;
    const first = this.compile(law.draw());
    const same = Array.from({ length: compared - 1 }, () => law.draw()).every((values) => sameProgram(first.over(this.backend.bind(values)), this.compile(values).program));
    if (same) this.common = first;
  }

  /** The steps of a sweep. */
  get steps(): KernelProgram['steps'] { return (this.common ?? this.compile(this.law.draw())).steps; }

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
    machine.place(values, this.law.unknowns.map((v) => v.name));
    return machine;
  }

  private machineOver(values: Values): KernelMachine {
    if (this.common === null) return this.newMachine(this.compile(values));
    const program = this.common.over(this.backend.bind(values));
    this.used++;
    if (this.used % spotCheck === 0) {
      const anew = this.compile(values);
      if (!sameProgram(program, anew.program)) { this.common = null; return this.newMachine(anew); }
    }
    if (this.machine === null) this.machine = this.newMachine({ ...this.common, program });
    else this.machine.load(program, this.tuning);
    return this.machine;
  }
  /** Streams are lent to machines, so that which one they are made with does not matter. */
  private newMachine(kernel: KernelProgram): KernelMachine { return new KernelMachine(kernel, createRandom('machine', 'own'), this.backend.hostFunctions, this.tuning); }

  private compile(values: Values): KernelProgram {
    return this.backend.compile(this.backend.bind(values), Object.fromEntries(this.law.unknowns.map(({ name }) => [name, Array.from(values.get(name)!)])));
  }
}

/** Equal code over equal data; the start of the state does not count. */
function sameProgram(a: ChainProgram, b: ChainProgram): boolean {
  if (a.source !== b.source || a.storages.length !== b.storages.length) return false;
  return a.storages.every((s, k) => {
    const t = b.storages[k]!;
    if (s.name !== t.name || s.type !== t.type || s.place !== t.place) return false;
    if (s.place !== 'data') return true;
    return s.values?.length === t.values?.length && (s.values === undefined || s.values.every((x, i) => Object.is(x, t.values![i]) || x === t.values![i]));
  });
}
