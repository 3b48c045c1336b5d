/** Long chains of definitions and large programs: computed instead of written out, in time that grows with their length. */
import { describe, expect, it } from 'vitest';
import { compile, ModelError } from '../../src/index.js';
import { graphOf } from './programs.js';

const chain = (n: number, step: (before: string, k: number) => string, end: string): string =>
  `sample z ~ Normal(0, 1) let a0 = z\n${Array.from({ length: n }, (_, k) => `let a${k + 1} = ${step(`a${k}`, k)}`).join('\n')}\n${end}`;
const normal = (x: number, m: number): number => -0.5 * (x - m) ** 2 - 0.5 * Math.log(2 * Math.PI);

describe('chains of definitions', () => {
  it('are written out as far as that is reasonable', () => {
    const computed = (source: string): number => graphOf(source).statements.filter((s) => s.kind === 'let' && s.recursive).length;
    expect(computed(chain(100, (a) => `sin(${a})`, 'factor a100'))).toBe(0);
    expect(computed(chain(2000, (a) => `sin(${a})`, 'factor a2000'))).toBeGreaterThan(5);
    // Each uses the one before twice: 2^14 terms and no more.
    expect(computed(chain(12, (a) => `${a} + ${a}`, 'factor a12'))).toBe(0);
    expect(computed(chain(60, (a) => `${a} + ${a}`, 'factor a60'))).toBeGreaterThan(3);
    // Data are computed once, however long it takes.
    expect(computed(chain(2000, (a) => `sin(${a})`, 'factor a2000').replace('sample z ~ Normal(0, 1)', 'data z: real'))).toBe(0);
  });

  it('have the density of the program', () => {
    const source = chain(1500, (a) => `${a} + 0.001`, 'observe 3.0 ~ Normal(a1500, 1)');
    expect(compile(source).logDensity({})({ z: 0.5 })).toBeCloseTo(normal(0.5, 0) + normal(3, 2), 9);
    const doubled = chain(50, (a) => `${a} + ${a}`, 'observe 3.0 ~ Normal(a50 / 2^49, 1)');
    expect(compile(doubled).logDensity({})({ z: 0.5 })).toBeCloseTo(normal(0.5, 0) + normal(3, 1), 9);
  });

  it('are inferred', async () => {
    // z + 1 is seen as 3 with variance 1: the posterior is Normal(1, 1/2).
    const posterior = await compile(chain(1000, (a) => `${a} + 0.001`, 'observe 3.0 ~ Normal(a1000, 1)')).infer(
      {},
      { backend: 'gibbs', draws: 1500, warmup: 100, chains: 2, seed: 2, workers: 0 },
    );
    const { mean, sd, mcse } = posterior.summary().variables['z']!;
    expect(Math.abs(mean! - 1) / mcse!).toBeLessThan(5);
    expect(sd! / Math.SQRT1_2).toBeCloseTo(1, 1);
  });
});

describe('large programs', () => {
  it('of thousands of statements are compiled in time that grows with them', async () => {
    const n = 1500;
    let source = 'data y: real[N]\n';
    for (let k = 0; k < n; k++) source += `sample m${k} ~ Normal(0, 1)\nobserve y[${k}] ~ Normal(m${k}, 1)\n`;
    const model = compile(source);
    expect(model.explain({ backend: 'gibbs' }).blocks).toHaveLength(n);
    const posterior = await model.infer(
      { y: Array.from({ length: n }, () => 1) },
      { backend: 'gibbs', draws: 1, warmup: 0, chains: 1, workers: 0 },
    );
    expect(posterior.draws('m7')).toHaveLength(1);
  });

  it('of thousands of functions end in a message', () => {
    const source = `${Array.from({ length: 2000 }, (_, k) => `fn f${k}(x) = ${k === 0 ? 'x' : `f${k - 1}(x) + 1`}`).join('\n')} report a = f1999(1)`;
    expect(() => compile(source)).toThrow(/nested too deeply/);
  });

  it('are not drawn as a picture', () => {
    const model = compile(Array.from({ length: 700 }, (_, k) => `sample m${k} ~ Normal(0, 1)`).join('\n'));
    expect(() => model.graph('svg')).toThrow(ModelError);
    expect(() => model.graph('svg')).toThrow(/A picture of 700 quantities/);
    expect(model.graph('dot')).toContain('m699');
  });
});

describe('deep nesting', () => {
  const deep = 2000;
  it.each([
    ['brackets', `let a = ${'('.repeat(deep)}1${')'.repeat(deep)}`],
    ['signs', `let a = ${'-'.repeat(deep)}1`],
    ['powers', `sample z ~ Normal(0, 1) report a = z${' ^ z'.repeat(deep)}`],
    ['sums', `sample z ~ Normal(0, 1) report a = z${' + z'.repeat(deep)}`],
    ['choices', `sample z ~ Normal(0, 1) report a = ${'z > 0 ? z : '.repeat(deep)}z`],
    ['calls', `sample z ~ Normal(0, 1) report a = ${'exp('.repeat(deep)}z${')'.repeat(deep)}`],
    ['laws', `sample z ~ ${'truncated('.repeat(deep)}Normal(0, 1)${', 0, 1)'.repeat(deep)}`],
    ['loops', `${Array.from({ length: deep }, (_, k) => `for i${k} in 0..<1 { `).join('')}factor 0${'}'.repeat(deep)}`],
    ['types', `data x: ${'interval(0, '.repeat(deep)}1${')'.repeat(deep)}`],
  ])('of %s is refused with its place', (_, source) => {
    try {
      compile(source);
      expect.unreachable();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ModelError);
      const [first] = (thrown as ModelError).diagnostics;
      expect(first?.code).toBe('nested-too-deeply');
      expect(first?.span).toBeDefined();
    }
  });

  it('below the limit runs', async () => {
    for (const source of [
      `report a = z${' + z'.repeat(500)}`,
      `report a = ${'z > 0 ? z : '.repeat(190)}z`,
      `factor ${'-'.repeat(191)}z^2`,
    ]) {
      const posterior = await compile(`sample z ~ Normal(0, 1) ${source}`).infer(
        {},
        { backend: 'gibbs', draws: 2, warmup: 1, chains: 1, workers: 0 },
      );
      expect(posterior.draws('z')).toHaveLength(2);
    }
  });
});
