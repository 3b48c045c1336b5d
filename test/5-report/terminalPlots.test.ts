/** Plots of block characters: as high as the draws are dense, from end to end of their range. */
import { describe, expect, it } from 'vitest';
import type { VariableResult } from '../../src/4-infer/posterior.js';
import { Posterior } from '../../src/5-report/posterior.js';
import { renderPlots, sparkline } from '../../src/5-report/terminalPlots.js';
import { context, drawn, normals, result } from './results.js';

const plots = (variables: readonly VariableResult[], width: number, changes = {}): string =>
  renderPlots(new Posterior(result(variables, changes), context), width);

describe('plots in the terminal', () => {
  it('are as high as draws are dense', () => {
    expect(sparkline([0, 0.01, 0.5, 0.99, 1])).toBe(' ▁▅██');
    // 1000 equal steps: every column holds as many; a triangle rises in eighths of its height.
    const uniform = Float64Array.from({ length: 1000 }, (_, i) => i);
    expect(plots([drawn('u', [], 1, uniform)], 80)).toMatch(/^u {2}4.995 [▇█]{40} 994\n$/);
    const rising = Float64Array.from({ length: 40_000 }, (_, i) => Math.sqrt(i / 40_000));
    const [, line] = /^r {2}\S+ (.{40}) \S+\n$/.exec(plots([drawn('r', [], 1, rising)], 80))!;
    expect([...line!].map((c) => '▁▂▃▄▅▆▇█'.indexOf(c)).every((h, i, all) => i === 0 || h >= all[i - 1]!)).toBe(true);
    expect([line![0], line!.at(-1)]).toEqual(['▁', '█']);
  });

  it('have their highest column at the mode', () => {
    const [, low, line, high] = /^m {2}(\S+) (.{40}) (\S+)\n$/.exec(
      plots(
        [
          drawn(
            'm',
            [],
            4,
            normals(4, 5000, 1, (_c, _d, _e, z) => 3 + 2 * z),
          ),
        ],
        100,
      ),
    )!;
    // 0.5 % quantiles of the normal law lie 2.576 sd from the mean; their error is that of 20,000 draws.
    expect(Math.abs(Number(low) - (3 - 2 * 2.576))).toBeLessThan(0.2);
    expect(Math.abs(Number(high) - (3 + 2 * 2.576))).toBeLessThan(0.2);
    expect(line!.indexOf('█')).toBeGreaterThan(15);
    expect(line!.lastIndexOf('█')).toBeLessThan(25);
  });

  it('fit the screen, names in a column, long variables cut as the summary cuts them', () => {
    const text = plots(
      [
        drawn(
          'a',
          [40],
          1,
          normals(1, 50, 40, (_c, _d, e, z) => z * 10 ** e),
        ),
        drawn('constant', [], 1, new Float64Array(50).fill(7)),
        drawn('none', [2], 1, new Float64Array(0)),
      ],
      60,
    );
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([...Array.from({ length: 10 }, (_, i) => `a[${i}]`)]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('are of traces of any length', () => {
    // Half of it low, half of it high. A call with so many arguments is none.
    const trace = Array.from({ length: 300_000 }, (_, i) => (i < 150_000 ? -2 : -1));
    expect(plots([], 80, { traces: { elbo: trace } })).toBe(`elbo  -2 ${'▁'.repeat(20)}${'█'.repeat(20)} -1\n`);
  });

  it('are probabilities of finite variables and traces of what was maximised', () => {
    const z: VariableResult = {
      name: 'z',
      shape: [],
      kind: 'latent',
      discrete: true,
      range: 3,
      insidePlate: false,
      result: {
        form: 'closed',
        mean: Float64Array.of(1),
        sd: null,
        mcse: null,
        quantiles: null,
        probabilities: Float64Array.of(0.25, 0.5, 0),
        draws: null,
      },
    };
    expect(plots([z], 80, { traces: { elbo: [-10, -6, -2.5, -2] } })).toBe(
      `z       0 ▅█${' '.repeat(38)} 2\nelbo  -10 ▁▅██${' '.repeat(36)} -2\n`,
    );
    expect(
      plots(
        [
          {
            ...z,
            discrete: false,
            range: undefined,
            result: { form: 'closed', mean: Float64Array.of(1), sd: null, mcse: null, quantiles: null, probabilities: null, draws: null },
          },
        ],
        80,
      ),
    ).toBe('');
  });
});
