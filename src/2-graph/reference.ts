/**
 * What there is in the language, a line for each: statements, types, functions and makers of laws, in the words of the
 * reference (docs/language.md is written from it) and of messages. test/2-graph/reference.test.ts holds it to
 * the tables that the compiler works with. Families say the same of themselves (`distributions/`).
 */

/** A line of the reference. */
export interface Entry {
  /** How it is written. */
  readonly form: string;
  /** What it means, in words. */
  readonly doc: string;
}
type Table = ReadonlyMap<string, Entry>;

/** A line, from its name, form and meaning. */
type Line = readonly [name: string, form: string, doc: string];
function table(lines: readonly Line[]): Table {
  return new Map(lines.map(([name, form, doc]) => [name, { form, doc }]));
}

/** Statements by the word they begin with. */
export const statements: Table = table([
  ['data', 'data x: real[N]', 'an input'],
  ['param', 'param s: positive', 'an unknown without a prior'],
  ['sample', 'sample v ~ D', 'an unknown and its distribution'],
  ['observe', 'observe y ~ D', 'conditions on data'],
  ['predict', 'predict w ~ D', 'is drawn for each posterior draw and conditions nothing'],
  ['let', 'let m = e', 'names a quantity'],
  ['report', 'report q = e', 'names a quantity and keeps it in the results'],
  ['factor', 'factor e', 'adds `e` to the log density'],
  ['fn', 'fn f(a, b) = e', 'defines a function'],
  ['for', 'for i in a..<b { }', 'a plate: the statements inside, for each index'],
  ['if', 'if c { } else { }', 'chooses statements by data'],
]);

/** Types by name. */
export const types: Table = table([
  ['real', 'real', 'numbers'],
  ['int', 'int', 'integers; those of data within 32 bits'],
  ['bool', 'bool', '0 and 1, or true and false'],
  ['positive', 'positive', 'numbers above 0'],
  ['unit', 'unit', 'numbers from 0 to 1'],
  ['interval', 'interval(a, b)', 'numbers from `a` to `b`, which may depend on data'],
  ['simplex', 'simplex[K]', '`K` numbers of at least 0 that sum to 1'],
  ['ordered', 'ordered[K]', '`K` increasing numbers'],
  ['cov', 'cov[D]', 'symmetric positive definite matrices, `D` by `D`; `cov[D](floor: e)` keeps eigenvalues above `e`'],
  ['corr', 'corr[D]', 'the same with ones on the diagonal'],
]);

/** Functions that work element by element, on scalars and arrays of equal shape. */
export const elementwiseFunctions: Table = table([
  ['exp', 'exp(x)', 'the exponential'],
  ['log', 'log(x)', 'the natural logarithm'],
  ['log10', 'log10(x)', 'the logarithm to base 10'],
  ['log2', 'log2(x)', 'the logarithm to base 2'],
  ['log1p', 'log1p(x)', 'log(1 + x), exact near 0'],
  ['expm1', 'expm1(x)', 'exp(x) - 1, exact near 0'],
  ['sqrt', 'sqrt(x)', 'the square root'],
  ['abs', 'abs(x)', 'the absolute value'],
  ['sign', 'sign(x)', '-1, 0 or 1'],
  ['floor', 'floor(x)', 'the largest integer not above x'],
  ['ceil', 'ceil(x)', 'the smallest integer not below x'],
  ['round', 'round(x)', 'the nearest integer, halves away from zero'],
  ['sin', 'sin(x)', 'the sine'],
  ['cos', 'cos(x)', 'the cosine'],
  ['tan', 'tan(x)', 'the tangent'],
  ['atan', 'atan(x)', 'the inverse of the tangent'],
  ['tanh', 'tanh(x)', 'the hyperbolic tangent'],
  ['sigmoid', 'sigmoid(x)', '1 / (1 + exp(-x))'],
  ['logit', 'logit(p)', 'log(p / (1 - p))'],
  ['softplus', 'softplus(x)', 'log(1 + exp(x))'],
  ['erf', 'erf(x)', 'the error function'],
  ['Phi', 'Phi(x)', 'the distribution function of Normal(0, 1)'],
  ['lgamma', 'lgamma(x)', 'the log of the gamma function'],
  ['digamma', 'digamma(x)', 'its derivative'],
  ['beta', 'beta(a, b)', 'the beta function'],
  ['lchoose', 'lchoose(n, k)', 'the log of the binomial coefficient'],
]);

/** Functions of whole arrays. */
export const arrayFunctions: Table = table([
  ['sum', 'sum(x)', 'the sum of all elements; of `e for k in a..<b` too; 0 of nothing'],
  ['prod', 'prod(x)', 'the product, likewise; 1 of nothing'],
  ['min', 'min(x)', 'the smallest, likewise; of several arguments the smaller, element by element'],
  ['max', 'max(x)', 'the largest, as `min`'],
  ['mean', 'mean(x)', 'the mean of all elements, or of `e for k in a..<b`'],
  ['logsumexp', 'logsumexp(x)', 'log of the sum of exponentials, likewise'],
  ['variance', 'variance(x)', 'the variance of all elements, divided by n - 1'],
  ['sd', 'sd(x)', 'its square root'],
  ['argmax', 'argmax(v)', 'where a vector is largest: the first such place'],
  ['cumsum', 'cumsum(v)', 'sums of the first 1, 2, ... elements'],
  ['cumprod', 'cumprod(v)', 'products of the first 1, 2, ... elements'],
  ['softmax', 'softmax(x)', 'exponentials that sum to 1 along the last dimension'],
  ['standardise', 'standardise(x)', 'minus the mean, over the sd; of a matrix by column'],
  ['dot', 'dot(a, b)', 'the inner product of two vectors'],
  ['outer', 'outer(a, b)', 'the matrix of all products'],
  ['transpose', 'transpose(A)', 'the matrix with rows and columns exchanged'],
  ['inverse', 'inverse(A)', 'the inverse of a square matrix'],
  ['solve', 'solve(A, b)', 'x with A x = b, b a vector or a matrix'],
  ['trace', 'trace(A)', 'the sum of the diagonal'],
  ['det', 'det(A)', 'the determinant'],
  ['logdet', 'logdet(A)', 'the log of the determinant'],
  ['cholesky', 'cholesky(A)', 'the lower triangular L with A = L transpose(L)'],
  ['diag', 'diag(x)', 'the diagonal matrix of a vector; the diagonal of a matrix'],
  ['columns', 'columns(a, b, ...)', 'the matrix with these columns; scalars are repeated'],
  ['concat', 'concat(a, b, ...)', 'vectors, or rows of matrices, one after the other'],
  ['range', 'range(a, b)', 'the integers from a to b, without b'],
  ['length', 'length(x)', 'the first dimension'],
  ['onehot', 'onehot(i, K)', 'K numbers, 1 at place i and 0 elsewhere'],
  ['eye', 'eye(n)', 'the identity matrix'],
  ['zeros', 'zeros(d1, ...)', 'an array of zeros'],
  ['ones', 'ones(d1, ...)', 'an array of ones'],
  ['fill', 'fill(value, d1, ...)', 'an array of one value'],
]);

/** Functions of a law and a value. */
export const lawFunctions: Table = table([
  ['logpdf', 'logpdf(D, x)', 'the log density or log mass at x'],
  ['cdf', 'cdf(D, x)', 'the distribution function, of scalars where it is known'],
  ['quantile', 'quantile(D, p)', 'its inverse, of scalars where it is known'],
]);

/** Makers of laws out of laws. */
export const lawCombinators: Table = table([
  ['iid', 'iid(D, n)', 'n independent draws; `iid(D, [n, m])` an array of them'],
  ['truncated', 'truncated(D, low, high)', 'restricted to the interval, bounds included, and renormalised'],
  ['censored', 'censored(D, low, high)', 'a value at or beyond a bound says only that the draw lay there'],
  ['mixture', 'mixture(w, D(k) for k in 0..<K)', 'one of several laws, with these weights; also `mixture([w0, w1], [D0, D1])`'],
  ['pushforward', 'pushforward(t => f(t), D)', 'the law of f(X) for X from D'],
]);
