/**
 * Numerical integrals: Gauss-Kronrod 10-21 panels (Piessens et al., QUADPACK, 1983), halved where the error is
 * largest until the sum of their error estimates is small enough or the budget of panels is spent.
 *
 * The error estimate is that of QUADPACK, an upper bound in practice.
 */

/** Positive abscissae of the Kronrod rule, descending; every second one belongs to the Gauss rule. */
const abscissae: readonly number[] = [
  0.995657163025808080735527280689003, 0.973906528517171720077964012084452, 0.930157491355708226001207180059508,
  0.865063366688984510732096688423493, 0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
  0.562757134668604683339000099272694, 0.433395394129247190799265943165784, 0.294392862701460198131126603103866,
  0.14887433898163121088482600112972, 0,
];
const kronrodWeights: readonly number[] = [
  0.011694638867371874278064396062192, 0.03255816230796472747881897245939, 0.05475589657435199603138130024458,
  0.07503967481091995276704314091619, 0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
  0.123491976262065851077958109585166, 0.134709217311473325928054001771707, 0.142775938577060080797094273138717,
  0.147739104901338491374841515972068, 0.149445554002916905664936468389821,
];
const gaussWeights: readonly number[] = [
  0.066671344308688137593568809893332, 0.149451349150580593145863396957658, 0.219086362515982043995534934228163,
  0.269266719309996355091226921569469, 0.295524224714752870173815619188769,
];

/** An integral with the estimate of its error. */
export interface Integral {
  readonly value: number;
  readonly error: number;
}

interface Panel extends Integral {
  readonly low: number;
  readonly high: number;
}

/** The integral over one finite panel. The ends themselves are not evaluated. */
export function gaussKronrod(f: (x: number) => number, low: number, high: number): Integral {
  const middle = 0.5 * (low + high),
    half = 0.5 * (high - low);
  const centre = f(middle);
  let kronrod = centre * kronrodWeights[10]!,
    gauss = 0,
    absolute = Math.abs(kronrod);
  const values: number[] = [];
  for (let k = 0; k < 10; k++) {
    const shift = half * abscissae[k]!;
    const left = f(middle - shift),
      right = f(middle + shift);
    values.push(left, right);
    kronrod += kronrodWeights[k]! * (left + right);
    absolute += kronrodWeights[k]! * (Math.abs(left) + Math.abs(right));
    if (k % 2 === 1) gauss += gaussWeights[k >> 1]! * (left + right);
  }
  const mean = 0.5 * kronrod;
  let spread = kronrodWeights[10]! * Math.abs(centre - mean);
  for (let k = 0; k < 10; k++) spread += kronrodWeights[k]! * (Math.abs(values[2 * k]! - mean) + Math.abs(values[2 * k + 1]! - mean));
  let error = Math.abs((kronrod - gauss) * half);
  const scale = spread * half;
  if (scale !== 0 && error !== 0) error = scale * Math.min(1, ((200 * error) / scale) ** 1.5);
  return { value: kronrod * half, error: Math.max(error, 50 * Number.EPSILON * absolute * half) };
}

export interface IntegrationOptions {
  /** Stop where the error is below this, or below `relative` times the integral of |f|. */
  readonly absolute?: number;
  readonly relative?: number;
  /** Panels at most. */
  readonly panels?: number;
}

/**
 * The integral of f over finite `breaks[0] <= x <= breaks[n]`, adaptive within each piece; kinks and jumps belong to the
 * breaks. Ends may be singular as long as the integral exists. NaN where f is NaN.
 */
export function integrate(f: (x: number) => number, breaks: readonly number[], options: IntegrationOptions = {}): Integral {
  const { absolute = 0, relative = 1e-12, panels = 2000 } = options;
  const heap: Panel[] = [];
  for (let k = 1; k < breaks.length; k++) {
    const low = breaks[k - 1]!,
      high = breaks[k]!;
    if (high > low) push(heap, { low, high, ...gaussKronrod(f, low, high) });
  }
  let error = heap.reduce((sum, p) => sum + p.error, 0);
  // Of the sum of sizes rather than the value, so that an integral of zero ends.
  let size = heap.reduce((sum, p) => sum + Math.abs(p.value), 0);
  let settled = 0;
  const done: Panel[] = [];
  while (heap.length > 0 && heap.length + done.length < panels && error + settled > Math.max(absolute, relative * size)) {
    const worst = pop(heap);
    const middle = 0.5 * (worst.low + worst.high);
    error -= worst.error;
    if (!(middle > worst.low && middle < worst.high)) {
      done.push(worst);
      settled += worst.error;
      continue;
    }
    const left: Panel = { low: worst.low, high: middle, ...gaussKronrod(f, worst.low, middle) };
    const right: Panel = { low: middle, high: worst.high, ...gaussKronrod(f, middle, worst.high) };
    push(heap, left);
    push(heap, right);
    error += left.error + right.error;
    size += Math.abs(left.value) + Math.abs(right.value) - Math.abs(worst.value);
  }
  const all = [...heap, ...done].sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
  return { value: all.reduce((sum, p) => sum + p.value, 0), error: all.reduce((sum, p) => sum + p.error, 0) };
}

/** A binary heap with the largest error at its root. */
function push(heap: Panel[], panel: Panel): void {
  let k = heap.push(panel) - 1;
  while (k > 0) {
    const parent = (k - 1) >> 1;
    if (!(heap[k]!.error > heap[parent]!.error)) break;
    [heap[k], heap[parent]] = [heap[parent]!, heap[k]!];
    k = parent;
  }
}
function pop(heap: Panel[]): Panel {
  const top = heap[0]!,
    last = heap.pop()!;
  if (heap.length === 0) return top;
  heap[0] = last;
  for (let k = 0; ; ) {
    let child = 2 * k + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.error > heap[child]!.error) child++;
    if (!(heap[child]!.error > heap[k]!.error)) break;
    [heap[k], heap[child]] = [heap[child]!, heap[k]!];
    k = child;
  }
  return top;
}
