/**
 * A chain program written by hand in the form the code printer emits: a body of
 * `function (runtime, arrays)`. An autoregression x' = 0.5 x + noise with x of `size` elements, a
 * label z that walks over 0, 1, 2, a report of data, and a counter; `work` draws per sweep cost time.
 */
import type { ChainProgram } from '../../src/4-infer/chainProgram.js';

const source = `
const random = runtime.random;
const x = arrays[0], z = arrays[1], data = arrays[2], report = arrays[3], counter = arrays[4], work = arrays[5];
return {
  initialise() { for (let i = 0; i < x.length; i++) x[i] = 10 * random.uniform(); },
  sweep(adapting) {
    for (let w = 0; w < work[0]; w++) random.uniform();
    for (let i = 0; i < x.length; i++) x[i] = 0.5 * x[i] + random.normal();
    z[0] = (z[0] + (random.uniform() < 0.4 ? 1 : 0)) % 3;
    counter[1] += 1;
    if (random.uniform() < (adapting ? 0.9 : 0.25)) counter[0] += 1;
  },
  report() { report[0] = x[0] + data[1]; },
  logJoint() { return 0; },
};`;

export interface FakeOptions {
  readonly size?: number;
  readonly work?: number;
  readonly moments?: boolean;
  readonly source?: string;
  readonly usesHostFunctions?: boolean;
}

export function fakeProgram(options: FakeOptions = {}): ChainProgram {
  const size = options.size ?? 2;
  const mode = options.moments === true ? 'moments' : 'draws';
  return {
    source: options.source ?? source,
    storages: [
      { name: 'x', type: 'float64', shape: [size], place: 'state' },
      { name: 'z', type: 'int32', shape: [], place: 'state', values: Int32Array.of(1) },
      { name: 'data', type: 'float64', shape: [2], place: 'data', values: Float64Array.of(5, 7) },
      { name: 'report', type: 'float64', shape: [], place: 'state' },
      { name: 'counter', type: 'float64', shape: [1, 2], place: 'state' },
      { name: 'work', type: 'int32', shape: [], place: 'data', values: Int32Array.of(options.work ?? 0) },
    ],
    recorded: [
      { name: 'x', storage: 'x', shape: [size], mode, discrete: false, insidePlate: false, kind: 'latent' },
      { name: 'z', storage: 'z', shape: [], mode, range: 3, discrete: true, insidePlate: false, kind: 'latent' },
      { name: 'shifted', storage: 'report', shape: [], mode: 'draws', discrete: false, insidePlate: false, kind: 'report' },
    ],
    counters: [{ block: 'x', storage: 'counter', pairs: 1 }],
    exchangeable: [],
    usesHostFunctions: options.usesHostFunctions ?? false,
  };
}
