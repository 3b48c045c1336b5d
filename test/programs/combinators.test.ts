/**
 * Every scalar family inside `truncated`, `censored`, `mixture` and `iid`: the log density that `logp` gives, worked out here from
 * the densities and distribution functions of SciPy (test/reference/families.py).
 */
import { describe, expect, it } from 'vitest';
import { families } from '../../src/distributions/registry.js';
import { compile } from '../../src/index.js';
import reference from '../reference/families.json' with { type: 'json' };

interface Point { readonly x: number; readonly logDensity: number; readonly cdf: number }
interface Case { readonly family: string; readonly parameters: Readonly<Record<string, unknown>>; readonly points: readonly Point[] }

describe.each((reference.scalars as unknown as readonly Case[]).map((c) => [`${c.family}(${JSON.stringify(c.parameters)})`, c] as const))('%s', (_name, c) => {
  const family = families.get(c.family)!, { discrete } = family;
  const points = [...c.points].filter((p) => Number.isFinite(p.logDensity)).sort((a, b) => a.x - b.x);
  const inset = points.length > 4 ? 1 : 0, [low, high] = [points[inset], points.at(-1 - inset)], x = points[points.length >> 1];
  if (low === undefined || high === undefined || x === undefined || !(low.x < high.x && low.cdf < high.cdf)) { it.skip('has one value only', () => {}); return; }
  const text = `${c.family}(${family.parameters.map((p) => JSON.stringify(c.parameters[p.name])).join(', ')})`;
  const type = discrete ? 'int' : 'real';
  const logp = (law: string, value: number): number => compile(`data v: ${type}\nobserve v ~ ${law}`).logDensity({ v: value })({});
  const close = (value: number, expected: number): void => { expect(Math.abs(value - expected), `${value} against ${expected}`).toBeLessThan(1e-9 * (1 + Math.abs(expected))); };
  const cancelled = 1 / (high.cdf - low.cdf) > 1e4;

  it.skipIf(cancelled)('truncated to its points', () => {
    const mass = high.cdf - low.cdf + (discrete ? Math.exp(low.logDensity) : 0);
    close(logp(`truncated(${text}, ${low.x}, ${high.x})`, x.x), x.logDensity - Math.log(mass));
  });
  it.skipIf(low.cdf < 1e-300 || high.cdf > 1 - 1e-5)('censored on both sides', () => {
    const law = `censored(${text}, ${low.x}, ${high.x})`;
    close(logp(law, low.x), Math.log(low.cdf));
    close(logp(law, high.x), Math.log1p(-high.cdf + (discrete ? Math.exp(high.logDensity) : 0)));
    if (x.x > low.x && x.x < high.x) close(logp(law, x.x), x.logDensity);
  });
  it('mixed with another law of its kind', () => {
    const [other, density] = discrete ? ['Poisson(2)', x.x >= 0 ? Math.exp(-2 + x.x * Math.LN2 - Array.from({ length: x.x }, (_, k) => Math.log(k + 1)).reduce((a, b) => a + b, 0)) : 0]
      : ['Normal(1, 3)', Math.exp(-0.5 * ((x.x - 1) / 3) ** 2) / (3 * Math.sqrt(2 * Math.PI))];
    close(logp(`mixture([0.25, 0.75], [${text}, ${other}])`, x.x), Math.log(0.25 * Math.exp(x.logDensity) + 0.75 * density));
  });
  it('drawn independently', () => {
    const total = compile(`data v: ${type}[2]\nobserve v ~ iid(${text}, 2)`).logDensity({ v: [x.x, low.x] })({});
    close(total, x.logDensity + low.logDensity);
  });
});
