/**
 * Every scalar family inside `truncated`, `censored`, `mixture` and `iid`: the log density that `logp` gives, worked out here from
 * the densities and distribution functions of SciPy (test/reference/families.py).
 */
import { describe, expect, it } from 'vitest';
import type { Family } from '../../src/distributions/family.js';
import { families } from '../../src/distributions/registry.js';
import { compile } from '../../src/index.js';
import reference from '../reference/families.json' with { type: 'json' };

interface Point {
  readonly x: number;
  readonly logDensity: number;
  readonly cdf: number;
}
interface Case {
  readonly family: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly points: readonly Point[];
}

/** A law with three of its points: where it is cut or censored, and where the density is taken. */
interface Cut {
  readonly family: Family;
  readonly text: string;
  readonly x: Point;
  readonly low: Point;
  readonly high: Point;
}

/** Laws with more than one value; the points of 0 density, and the outermost of many, are left out. */
const cuts = (reference.scalars as unknown as readonly Case[]).flatMap(
  ({ family: name, parameters, points: all }): readonly (readonly [string, Cut])[] => {
    const family = families.get(name)!,
      points = all.filter((p) => Number.isFinite(p.logDensity)).sort((a, b) => a.x - b.x);
    const inset = points.length > 4 ? 1 : 0,
      [low, high] = [points[inset], points.at(-1 - inset)],
      x = points[points.length >> 1];
    if (low === undefined || high === undefined || x === undefined || !(low.x < high.x && low.cdf < high.cdf)) return [];
    const text = `${name}(${family.parameters.map((p) => JSON.stringify(parameters[p.name])).join(', ')})`;
    return [[text, { family, text, x, low, high }]];
  },
);
const logp = ({ discrete }: Family, law: string, value: number): number =>
  compile(`data v: ${discrete ? 'int' : 'real'}\nobserve v ~ ${law}`).logDensity({ v: value })({});
/** @param lost digits that the expected value lost in a difference, as the error of its argument. */
const close = (value: number, expected: number, lost: number = 0): void => {
  expect(Math.abs(value - expected), `${value} against ${expected}`).toBeLessThan(1e-9 * (1 + Math.abs(expected)) + lost);
};

it('every family has points to be cut at', () => {
  expect([...new Set(cuts.map(([, { family }]) => family.name))]).toEqual([...new Set(reference.scalars.map(({ family }) => family))]);
});

// A difference of two values near 1 tells nothing of a mass of 1e-9 or less.
describe.each(cuts.filter(([, { low, high }]) => high.cdf - low.cdf > 1e-9))('%s', (_name, { family, text, x, low, high }) => {
  it('truncated to its points', () => {
    const mass = high.cdf - low.cdf + (family.discrete ? Math.exp(low.logDensity) : 0);
    close(logp(family, `truncated(${text}, ${low.x}, ${high.x})`, x.x), x.logDensity - Math.log(mass), 1e-15 / mass);
  });
});

describe.each(cuts.filter(([, { low, high }]) => low.cdf >= 1e-300 && high.cdf <= 1 - 1e-5))(
  '%s',
  (_name, { family, text, x, low, high }) => {
    it('censored on both sides', () => {
      const law = `censored(${text}, ${low.x}, ${high.x})`;
      close(logp(family, law, low.x), Math.log(low.cdf));
      close(logp(family, law, high.x), Math.log1p(-high.cdf + (family.discrete ? Math.exp(high.logDensity) : 0)));
      if (x.x > low.x && x.x < high.x) close(logp(family, law, x.x), x.logDensity);
    });
  },
);

describe.each(cuts)('%s', (_name, { family, text, x, low }) => {
  it('mixed with another law of its kind', () => {
    const [other, density] = family.discrete
      ? [
          'Poisson(2)',
          x.x >= 0 ? Math.exp(-2 + x.x * Math.LN2 - Array.from({ length: x.x }, (_, k) => Math.log(k + 1)).reduce((a, b) => a + b, 0)) : 0,
        ]
      : ['Normal(1, 3)', Math.exp(-0.5 * ((x.x - 1) / 3) ** 2) / (3 * Math.sqrt(2 * Math.PI))];
    close(logp(family, `mixture([0.25, 0.75], [${text}, ${other}])`, x.x), Math.log(0.25 * Math.exp(x.logDensity) + 0.75 * density));
  });
  it('drawn independently', () => {
    const total = compile(`data v: ${family.discrete ? 'int' : 'real'}[2]\nobserve v ~ iid(${text}, 2)`).logDensity({ v: [x.x, low.x] })(
      {},
    );
    close(total, x.logDensity + low.logDensity);
  });
});
