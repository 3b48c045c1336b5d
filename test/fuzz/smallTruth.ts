/**
 * Posteriors of small programs by enumeration and quadrature: the trapezoidal rule on the whole line, which converges faster than any
 * power of the step for smooth integrands (Trefethen and Weideman 2014). Two rules that disagree say that there is no truth to be had.
 */
import type { State } from './smallLaws.js';
import type { Continuous, SmallProgram } from './smallProgram.js';

export interface Moments {
  readonly mean: number;
  readonly sd: number;
}
export interface Truth {
  readonly logEvidence: number;
  /** By element, as in a summary. */
  readonly moments: ReadonlyMap<string, Moments>;
}

/** Values of an unknown as a function of the line, with the logarithm of its derivative. */
function placed({ low, high }: Continuous, t: number): { readonly value: number; readonly logSlope: number } {
  if (low === 0 && high === 1) {
    const e = Math.exp(-Math.abs(t));
    return { value: t < 0 ? e / (1 + e) : 1 / (1 + e), logSlope: -Math.abs(t) - 2 * Math.log1p(e) };
  }
  if (low === 0) return { value: Math.exp(t), logSlope: t };
  return { value: Math.sinh(t), logSlope: Math.log(Math.cosh(t)) };
}
/** Where the line is looked at first: values from 1e-13 to 1e13, both signs. */
const ends = 30;

type Box = readonly (readonly [number, number])[];

class Integrator {
  private readonly program: SmallProgram;
  private readonly state: State;
  private readonly unknowns: readonly Continuous[];

  constructor(program: SmallProgram, unknowns: readonly Continuous[]) {
    this.program = program;
    this.state = program.start();
    this.unknowns = unknowns;
  }

  set(name: string, element: number | null, value: number): void {
    if (element === null) this.state.numbers[name] = value;
    else this.state.lists[name]![element] = value;
  }

  /** Calls with the log weight at each node of a grid, and the state there. */
  over(box: Box, nodes: number, visit: (logWeight: number, at: readonly number[], state: State) => void): void {
    const at: number[] = [];
    const go = (k: number, logWeight: number): void => {
      if (k === this.unknowns.length) {
        visit(logWeight + this.program.logDensity(this.state), at, this.state);
        return;
      }
      const unknown = this.unknowns[k]!,
        [low, high] = box[k]!,
        step = (high - low) / (nodes - 1);
      for (let i = 0; i < nodes; i++) {
        at[k] = low + i * step;
        const { value, logSlope } = placed(unknown, at[k]);
        this.set(unknown.name, unknown.element, value);
        go(k + 1, logWeight + logSlope + Math.log(step));
      }
    };
    go(0, 0);
  }

  /** The smallest box that holds all that counts. */
  box(): Box {
    let box: Box = this.unknowns.map(() => [-ends, ends]);
    if (box.length === 0) return box;
    for (let round = 0; round < 3; round++) {
      const nodes = box.length === 1 ? 401 : 61;
      const points: { readonly weight: number; readonly at: readonly number[] }[] = [];
      let top = -Infinity;
      this.over(box, nodes, (weight, at) => {
        if (!(weight > top - 40)) return;
        top = Math.max(top, weight);
        points.push({ weight, at: [...at] });
      });
      const kept = points.filter(({ weight }) => weight > top - 36);
      box = box.map(([low, high], k) => {
        const step = (high - low) / (nodes - 1),
          values = kept.map(({ at }) => at[k]!);
        return [values.reduce((a, b) => Math.min(a, b), high) - 1.5 * step, values.reduce((a, b) => Math.max(a, b), low) + 1.5 * step];
      });
    }
    return box;
  }
}

interface Sums {
  total: number;
  readonly first: Map<string, number>;
  readonly second: Map<string, number>;
}

export function elementName(name: string, element: number | null): string {
  return element === null ? name : `${name}[${element}]`;
}

/**
 * @param held values of continuous unknowns, by element, that are not integrated over.
 * @param seen called with every node of the finest rule: its weight, and the state there.
 * @returns null where quadrature does not settle.
 */
export function truthOf(
  program: SmallProgram,
  held: Readonly<Record<string, number>> = {},
  seen: (weight: number, state: State) => void = () => {},
): Truth | null {
  const unknowns = program.continuous.filter(({ name, element }) => held[elementName(name, element)] === undefined);
  const integrator = new Integrator(program, unknowns);
  for (const { name, element } of program.continuous)
    if (!unknowns.some((u) => u.name === name && u.element === element)) integrator.set(name, element, held[elementName(name, element)]!);
  const coarse: Sums = { total: 0, first: new Map(), second: new Map() },
    fine: Sums = { total: 0, first: new Map(), second: new Map() };
  let top = -Infinity;
  const read = (state: State): readonly (readonly [string, number])[] => [
    ...[...unknowns, ...program.discrete].map(
      ({ name, element }) => [elementName(name, element), element === null ? state.numbers[name]! : state.lists[name]![element]!] as const,
    ),
    ...program.reports.map(({ name, at }) => [name, at(state)] as const),
  ];
  const add = (sums: Sums, logWeight: number, state: State): void => {
    const weight = Math.exp(logWeight - top);
    if (!(weight > 0)) return;
    if (sums === fine) seen(weight, state);
    sums.total += weight;
    for (const [name, value] of read(state)) {
      sums.first.set(name, (sums.first.get(name) ?? 0) + weight * value);
      sums.second.set(name, (sums.second.get(name) ?? 0) + weight * value * value);
    }
  };
  const configurations = (visit: () => void): void => {
    const go = (k: number): void => {
      const unknown = program.discrete[k];
      if (unknown === undefined) {
        visit();
        return;
      }
      for (const value of unknown.values) {
        integrator.set(unknown.name, unknown.element, value);
        go(k + 1);
      }
    };
    go(0);
  };
  const boxes: Box[] = [];
  configurations(() => {
    const box = integrator.box();
    boxes.push(box);
    integrator.over(box, unknowns.length === 2 ? 41 : 201, (weight) => {
      top = Math.max(top, weight);
    });
  });
  if (!Number.isFinite(top)) return null;
  let k = 0;
  configurations(() => {
    const box = boxes[k++]!;
    if (box.some(([low, high]) => !(high > low))) return;
    for (const [sums, nodes] of [
      [coarse, unknowns.length === 2 ? 73 : 801],
      [fine, unknowns.length === 2 ? 117 : 1301],
    ] as const)
      integrator.over(box, unknowns.length === 0 ? 1 : nodes, (weight, _, state) => add(sums, weight, state));
  });
  const moments = (sums: Sums): Map<string, Moments> =>
    new Map(
      [...sums.first].map(([name, first]) => {
        const mean = first / sums.total;
        return [name, { mean, sd: Math.sqrt(Math.max(0, sums.second.get(name)! / sums.total - mean * mean)) }];
      }),
    );
  const [a, b] = [moments(coarse), moments(fine)];
  const settles = (x: number, y: number, scale: number): boolean => Math.abs(x - y) <= 1e-5 * scale;
  if (!settles(Math.log(coarse.total), Math.log(fine.total), 1)) return null;
  for (const [name, { mean, sd }] of b) {
    const other = a.get(name)!;
    if (!settles(mean, other.mean, Math.abs(mean) + sd) || !settles(sd, other.sd, Math.abs(mean) + sd)) return null;
  }
  return { logEvidence: top + Math.log(fine.total), moments: b };
}
