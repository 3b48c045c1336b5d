/**
 * Sum of the autocovariances of several series by the fast Fourier transform (Wiener-Khinchin):
 * sum_c sum_i y_c[i] y_c[i + t] is the inverse transform of sum_c |Y_c|^2.
 *
 * Only power spectra are needed, so the forward transform leaves its output in bit-reversed order and
 * the inverse one reads that order: no reordering pass. Two real series share one complex transform:
 * |FFT(a + ib)|^2 summed with its mirror image is |A|^2 + |B|^2 (twice), and the real part of the
 * inverse transform of a real spectrum takes just that mean with the mirror image.
 */

/** Transforms of one length, with their tables and buffers. Not reentrant. */
export class Autocovariance {
  /** Power of two of at least twice the length, so that lags do not wrap around. */
  private readonly length: number;
  private readonly cosine: Float64Array;
  private readonly sine: Float64Array;
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;
  private readonly power: Float64Array;

  constructor(seriesLength: number) {
    let length = 2;
    while (length < 2 * seriesLength) length *= 2;
    this.length = length;
    // First powers of the factors only: a butterfly multiplies up the second and third.
    const factors = Math.max(1, length / 4);
    this.cosine = new Float64Array(factors);
    this.sine = new Float64Array(factors);
    for (let i = 0; i < factors; i++) {
      this.cosine[i] = Math.cos((2 * Math.PI * i) / length);
      this.sine[i] = Math.sin((2 * Math.PI * i) / length);
    }
    this.real = new Float64Array(length);
    this.imaginary = new Float64Array(length);
    this.power = new Float64Array(length);
  }

  /**
   * Writes sum over chains of sum_i x_c[i] x_c[i + t] into `out[t]`, 0 <= t < n.
   * @param values [chains, n], each chain centred
   */
  sum(values: Float64Array, chains: number, n: number, out: Float64Array): void {
    const { length, real, imaginary, power } = this;
    power.fill(0);
    for (let chain = 0; chain < chains; chain += 2) {
      const first = chain * n;
      for (let i = 0; i < n; i++) real[i] = values[first + i]!;
      real.fill(0, n);
      if (chain + 1 < chains) {
        const second = first + n;
        for (let i = 0; i < n; i++) imaginary[i] = values[second + i]!;
        imaginary.fill(0, n);
      } else {
        imaginary.fill(0);
      }
      this.forward();
      for (let i = 0; i < length; i++) power[i] = power[i]! + real[i]! * real[i]! + imaginary[i]! * imaginary[i]!;
    }
    real.set(power);
    imaginary.fill(0);
    this.inverse();
    for (let t = 0; t < n; t++) out[t] = real[t]! / length;
  }

  /** Decimation in frequency, two stages at a time: natural order in, bit-reversed order out. */
  private forward(): void {
    let block = this.length;
    for (let step = 1; block >= 4; block >>= 2, step <<= 2) {
      const quarter = block >> 2;
      for (let j = 0; j < quarter; j++) this.forwardButterflies(j, quarter, step);
    }
    if (block === 2) this.pairs();
  }

  /** The stage of blocks of two, its own inverse but for the length: a sum and a difference for each pair of neighbours. */
  private pairs(): void {
    const { length, real, imaginary } = this;
    for (let k = 0; k < length; k += 2) {
      const differenceReal = real[k]! - real[k + 1]!;
      const differenceImaginary = imaginary[k]! - imaginary[k + 1]!;
      real[k] = real[k]! + real[k + 1]!;
      imaginary[k] = imaginary[k]! + imaginary[k + 1]!;
      real[k + 1] = differenceReal;
      imaginary[k + 1] = differenceImaginary;
    }
  }

  /** Butterfly number j of every block of four quarters; w = exp(-2 pi i j / block). */
  private forwardButterflies(j: number, quarter: number, step: number): void {
    const { length, real, imaginary, cosine, sine } = this;
    const c1 = cosine[j * step]!;
    const s1 = sine[j * step]!;
    const c2 = c1 * c1 - s1 * s1;
    const s2 = 2 * c1 * s1;
    const c3 = c1 * c2 - s1 * s2;
    const s3 = c1 * s2 + s1 * c2;
    for (let k0 = j; k0 < length; k0 += 4 * quarter) {
      const k1 = k0 + quarter;
      const k2 = k1 + quarter;
      const k3 = k2 + quarter;
      const sumReal02 = real[k0]! + real[k2]!;
      const sumImaginary02 = imaginary[k0]! + imaginary[k2]!;
      const differenceReal02 = real[k0]! - real[k2]!;
      const differenceImaginary02 = imaginary[k0]! - imaginary[k2]!;
      const sumReal13 = real[k1]! + real[k3]!;
      const sumImaginary13 = imaginary[k1]! + imaginary[k3]!;
      const differenceReal13 = real[k1]! - real[k3]!;
      const differenceImaginary13 = imaginary[k1]! - imaginary[k3]!;
      real[k0] = sumReal02 + sumReal13;
      imaginary[k0] = sumImaginary02 + sumImaginary13;
      // (x0 + x2 - x1 - x3) w^2, (x0 - x2 - i (x1 - x3)) w, (x0 - x2 + i (x1 - x3)) w^3
      const real1 = sumReal02 - sumReal13;
      const imaginary1 = sumImaginary02 - sumImaginary13;
      real[k1] = real1 * c2 + imaginary1 * s2;
      imaginary[k1] = imaginary1 * c2 - real1 * s2;
      const real2 = differenceReal02 + differenceImaginary13;
      const imaginary2 = differenceImaginary02 - differenceReal13;
      real[k2] = real2 * c1 + imaginary2 * s1;
      imaginary[k2] = imaginary2 * c1 - real2 * s1;
      const real3 = differenceReal02 - differenceImaginary13;
      const imaginary3 = differenceImaginary02 + differenceReal13;
      real[k3] = real3 * c3 + imaginary3 * s3;
      imaginary[k3] = imaginary3 * c3 - real3 * s3;
    }
  }

  /** The steps of `forward` undone in reverse: bit-reversed order in, natural order out, times the length. */
  private inverse(): void {
    const { length } = this;
    let block = 4;
    if (Math.log2(length) % 2 === 1) {
      this.pairs();
      block = 8;
    }
    for (; block <= length; block <<= 2) {
      const quarter = block >> 2;
      for (let j = 0; j < quarter; j++) this.inverseButterflies(j, quarter, length / block);
    }
  }

  private inverseButterflies(j: number, quarter: number, step: number): void {
    const { length, real, imaginary, cosine, sine } = this;
    const c1 = cosine[j * step]!;
    const s1 = sine[j * step]!;
    const c2 = c1 * c1 - s1 * s1;
    const s2 = 2 * c1 * s1;
    const c3 = c1 * c2 - s1 * s2;
    const s3 = c1 * s2 + s1 * c2;
    for (let k0 = j; k0 < length; k0 += 4 * quarter) {
      const k1 = k0 + quarter;
      const k2 = k1 + quarter;
      const k3 = k2 + quarter;
      const real1 = real[k1]! * c2 - imaginary[k1]! * s2;
      const imaginary1 = imaginary[k1]! * c2 + real[k1]! * s2;
      const real2 = real[k2]! * c1 - imaginary[k2]! * s1;
      const imaginary2 = imaginary[k2]! * c1 + real[k2]! * s1;
      const real3 = real[k3]! * c3 - imaginary[k3]! * s3;
      const imaginary3 = imaginary[k3]! * c3 + real[k3]! * s3;
      const plusReal = real[k0]! + real1;
      const plusImaginary = imaginary[k0]! + imaginary1;
      const minusReal = real[k0]! - real1;
      const minusImaginary = imaginary[k0]! - imaginary1;
      real[k0] = plusReal + real2 + real3;
      imaginary[k0] = plusImaginary + imaginary2 + imaginary3;
      real[k2] = plusReal - real2 - real3;
      imaginary[k2] = plusImaginary - imaginary2 - imaginary3;
      // x1 and x3 differ by twice i (y2 - y3).
      real[k1] = minusReal - (imaginary2 - imaginary3);
      imaginary[k1] = minusImaginary + (real2 - real3);
      real[k3] = minusReal + (imaginary2 - imaginary3);
      imaginary[k3] = minusImaginary - (real2 - real3);
    }
  }
}
