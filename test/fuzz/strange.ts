/** What random changes put into programs and data: words of the language, names and values that mean something to the host, edges of numbers. */

/** Pieces of programs. */
export const words: readonly string[] = [
  'data', 'param', 'sample', 'observe', 'predict', 'let', 'report', 'factor', 'fn', 'for', 'in', 'if', 'else', 'inf', 'true', 'x', 'y', 'N', 'K', 'mu', 'z', 'n', 'k', '0', '1', '2', '0.5', '1e308', '-1',
  'Normal', 'MvNormal', 'Categorical', 'Dirichlet', 'Gamma', 'truncated', 'mixture', 'iid', 'Wishart', 'Poisson', 'Delta', 'Flat', 'sum', 'real', 'int', 'bool', 'positive', 'simplex', 'ordered', 'cov', 'interval',
  '(', ')', '[', ']', '{', '}', '~', '=', '==', ':', ';', ',', '..', '..<', '?', '=>', '+', '-', '*', '/', '^', '@', '&&', '||', '!', '<', '>=', '//', '/*', '*/', '\n', '[n]', '[k]', '[0]', '(0, 1)',
  '__proto__', 'constructor', 'toString', 'zeros(1e12)', 'fill(0, 1e9)', 'eye(0)', '$', '`', '${x}', '\u0000', '\uE0000\uE001', 'Σ', '\uD800', '1e400', '00', 'exp', 'inverse', 'cholesky', 'logpdf', 'range', 'concat', 'standardise', 'transpose', 'argmax', 'n - 1', 'z[n]', 'sum(k for k in 0..<K)',
];

/** Values that no program expects, or that only look like numbers. */
export const strangeValues: readonly unknown[] = [
  null, undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, -1e308, 5e-324, -0, 0.5, -1, 2 ** 31, 2 ** 53, 1e100, '', 'a', '1', 'NaN', 'Infinity', '0x10', '__proto__', true, false, [], [[]], [[], []], [null], [[1], [2, 3]], [1, [2]], {}, { length: 3 }, { a: 1 },
  { __proto__: { x: 1 } }, Object.create(null), Symbol('s'), 10n, () => 1, new Date(0), new Map([['a', 1]]), new Set([1]), new Float64Array(3), new Float32Array([Number.NaN]), new Int8Array(2), new BigInt64Array(1), new ArrayBuffer(8), new Array(4), Object.assign([1, 2], { 5: 3 }),
  nested(60, 1), Array.from({ length: 2000 }, (_, k) => k), new Proxy([1, 2], {}), JSON.parse('{"__proto__": [1], "constructor": 2}'), Object.defineProperty([], 'length', { value: 4 }), /x/, new Error('x'), Number('1'), [Object(1), Object(2)], 'x'.repeat(10_000),
];

function nested(depth: number, leaf: unknown): unknown { return depth === 0 ? leaf : [nested(depth - 1, leaf)]; }

/** A value with one place inside of it, or all of it, replaced; with an element more or less where the path leads past the end. */
export function spoil(value: unknown, path: readonly number[], by: unknown): unknown {
  if (!Array.isArray(value) || path.length === 0 || value.length === 0) return by;
  const at = path[0]! % (value.length + 1);
  if (at === value.length) return path[0]! % 2 === 0 ? [...value, by] : value.slice(1);
  return value.map((x, k) => (k === at ? spoil(x, path.slice(1), by) : x));
}
