/**
 * The stream of random numbers of a chain: xoshiro128** 1.1 (Blackman and Vigna 2021) over four
 * 32-bit words, with uniform, normal and integer draws. `seedrandom` hashes a seed and a stream's
 * name into the first state, so streams of different names are independent.
 * The four words of `state` are the whole state: restoring them restores the stream. They stay in a
 * typed array because captured variables would cost three times as much.
 */
import seedrandom from 'seedrandom';

/** Number of equal-area layers under the normal density. */
const layers = 256;
/** Right edge of the lowest rectangle and area of a layer for 256 layers (Marsaglia and Tsang 2000). */
const tailStart = 3.6541528853610088;
const layerArea = 0.00492867323399;

/** Right edges x_i of the layers, x_0 the virtual one of the base strip, x_1 = tailStart, x_256 = 0. */
const edges: Float64Array = layerEdges();
/** exp(-x_i^2/2). */
const heights: Float64Array = edges.map((x) => Math.exp(-0.5 * x * x));

function layerEdges(): Float64Array {
  const x = new Float64Array(layers + 1);
  x[0] = layerArea / Math.exp(-0.5 * tailStart * tailStart);
  x[1] = tailStart;
  for (let i = 2; i < layers; i++) {
    x[i] = Math.sqrt(-2 * Math.log(layerArea / x[i - 1]! + Math.exp(-0.5 * x[i - 1]! * x[i - 1]!)));
  }
  x[layers] = 0;
  return x;
}

/** A stream of random numbers. Not shared between threads. */
export class Random {
  /** Four words, not all zero; may be copied out and written back. */
  readonly state: Uint32Array;
  /** Memory that array variates reuse, so that a draw allocates nothing; no part of the state. */
  private memory: Float64Array;

  /** @param state four words, not all zero; used in place. */
  constructor(state: Uint32Array) {
    this.state = state;
    this.memory = new Float64Array(16);
  }

  /** The next 32 bits, as an integer in [0, 2^32). */
  bits(): number {
    const state = this.state;
    const s1 = state[1]!;
    let s2 = state[2]! ^ state[0]!;
    let s3 = state[3]! ^ s1;
    let result = Math.imul(s1, 5);
    result = Math.imul((result << 7) | (result >>> 25), 9);
    state[1] = s1 ^ s2;
    state[0] = state[0]! ^ s3;
    s2 ^= s1 << 9;
    s3 = (s3 << 11) | (s3 >>> 21);
    state[2] = s2;
    state[3] = s3;
    return result >>> 0;
  }

  /** Uniform on [0, 1), a multiple of 2^-53. */
  uniform(): number {
    // Two steps of `bits` with the state in registers between them: half the time of two calls.
    const state = this.state;
    let s0 = state[0]!;
    let s1 = state[1]!;
    let s2 = state[2]!;
    let s3 = state[3]!;
    let high = Math.imul(s1, 5);
    high = Math.imul((high << 7) | (high >>> 25), 9);
    let shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
    let low = Math.imul(s1, 5);
    low = Math.imul((low << 7) | (low >>> 25), 9);
    shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    state[1] = s1 ^ s2;
    state[0] = s0 ^ s3;
    state[2] = s2 ^ shifted;
    state[3] = (s3 << 11) | (s3 >>> 21);
    return ((high >>> 5) * 67108864 + (low >>> 6)) * 1.1102230246251565e-16;
  }

  /** Uniform on (0, 1], a multiple of 2^-53: its logarithm is finite. */
  uniformPositive(): number {
    return 1 - this.uniform();
  }

  /** Standard normal, by the ziggurat with 256 layers and 52-bit abscissas; exact in the tails. */
  normal(): number {
    for (;;) {
      // One uniform of 53 bits chooses sign and layer by its 9 high bits and, by the other 44, the
      // abscissa: no bit serves twice (Doornik 2005).
      const wide = this.uniform() * 512;
      const word = wide | 0;
      const layer = word & 255;
      const u = wide - word;
      const x = u * edges[layer]!;
      // Arithmetic, because a branch on a random sign is mispredicted half the time.
      const sign = 1 - ((word & 256) >>> 7);
      if (x < edges[layer + 1]!) return sign * x;
      if (layer === 0) return sign * this.normalTail();
      const low = heights[layer]!;
      if (low + this.uniform() * (heights[layer + 1]! - low) < Math.exp(-0.5 * x * x)) return sign * x;
    }
  }

  /** A normal beyond `tailStart` (Marsaglia 1964). */
  private normalTail(): number {
    for (;;) {
      const x = -Math.log(this.uniformPositive()) / tailStart;
      const y = -Math.log(this.uniformPositive());
      if (2 * y > x * x) return tailStart + x;
    }
  }

  /** Standard exponential. */
  exponential(): number {
    return -Math.log(this.uniformPositive());
  }

  /**
   * Uniform on 0, 1, ..., n-1 for n >= 1, without bias up to 2^53; of more numbers than that, one of 2^53 that lie evenly among them.
   */
  integer(n: number): number {
    if (!(n <= 9007199254740992)) return Math.floor(this.uniform() * n);
    if (n <= 4294967296) {
      const limit = 4294967296 - (4294967296 % n);
      for (;;) {
        const word = this.bits();
        if (word < limit) return word % n;
      }
    }
    const limit = 9007199254740992 - (9007199254740992 % n);
    for (;;) {
      const wide = (this.bits() >>> 5) * 67108864 + (this.bits() >>> 6);
      if (wide < limit) return wide % n;
    }
  }

  /** At least `length` numbers of scratch memory; its contents are whatever the last user left. */
  workspace(length: number): Float64Array {
    if (this.memory.length < length) this.memory = new Float64Array(Math.max(length, 2 * this.memory.length));
    return this.memory;
  }
}

/** The stream of the given name under a seed; equal names and seeds give equal streams. */
export function createRandom(seed: string, stream: string): Random {
  // As JSON, so that ('ab', 'c') and ('a', 'bc') differ.
  const words = seedrandom(JSON.stringify([seed, stream]));
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) state[i] = words.int32();
  // The generator's only fixed point; met with probability 2^-128.
  if (state.every((word) => word === 0)) state[0] = 1;
  return new Random(state);
}
