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
    this.cosine = new Float64Array(length / 2);
    this.sine = new Float64Array(length / 2);
    for (let i = 0; i < length / 2; i++) {
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

  /** Decimation in frequency: natural order in, bit-reversed order out. */
  private forward(): void {
    const { length, real, imaginary, cosine, sine } = this;
    for (let half = length >> 1, step = 1; half >= 1; half >>= 1, step <<= 1) {
      for (let start = 0; start < length; start += 2 * half) {
        for (let j = 0, k = start, w = 0; j < half; j++, k++, w += step) {
          const l = k + half;
          const differenceReal = real[k]! - real[l]!;
          const differenceImaginary = imaginary[k]! - imaginary[l]!;
          real[k] = real[k]! + real[l]!;
          imaginary[k] = imaginary[k]! + imaginary[l]!;
          const c = cosine[w]!;
          const s = sine[w]!;
          real[l] = differenceReal * c + differenceImaginary * s;
          imaginary[l] = differenceImaginary * c - differenceReal * s;
        }
      }
    }
  }

  /** Decimation in time with conjugate factors: bit-reversed order in, natural order out, unscaled. */
  private inverse(): void {
    const { length, real, imaginary, cosine, sine } = this;
    for (let half = 1, step = length >> 1; half < length; half <<= 1, step >>= 1) {
      for (let start = 0; start < length; start += 2 * half) {
        for (let j = 0, k = start, w = 0; j < half; j++, k++, w += step) {
          const l = k + half;
          const c = cosine[w]!;
          const s = sine[w]!;
          const turnedReal = real[l]! * c - imaginary[l]! * s;
          const turnedImaginary = imaginary[l]! * c + real[l]! * s;
          real[l] = real[k]! - turnedReal;
          imaginary[l] = imaginary[k]! - turnedImaginary;
          real[k] = real[k]! + turnedReal;
          imaginary[k] = imaginary[k]! + turnedImaginary;
        }
      }
    }
  }
}
