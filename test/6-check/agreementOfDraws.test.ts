/**
 * Do two sets of draws agree? Truth: draws of one Normal law and of laws that differ in mean or variance by known
 * amounts; z-scores of independent draws worked out here.
 */
import { describe, expect, it } from 'vitest';
import { agreementOfDraws, renderAgreement } from '../../src/6-check/agreementOfDraws.js';
import { createRandom } from '../../src/random/generator.js';
import { drawn } from '../5-report/results.js';

const chains = 4,
  draws = 1000;
function normals(seed: string, size: number, f: (element: number, normal: number) => number): Float64Array {
  const random = createRandom(seed, 'test');
  return Float64Array.from({ length: chains * draws * size }, (_, k) => f(k % size, random.normal()));
}

describe('agreement of draws', () => {
  it('of one law is found, with z-scores of a standard normal', () => {
    const size = 200,
      found = agreementOfDraws(
        [
          drawn(
            'x',
            [size],
            chains,
            normals('a', size, (e, z) => e + 2 * z),
          ),
        ],
        [
          drawn(
            'x',
            [size],
            chains,
            normals('b', size, (e, z) => e + 2 * z),
          ),
        ],
        0.001,
      );
    expect([found.agrees, found.comparisons, found.rows.length]).toEqual([true, 2 * size, size]);
    for (const pick of ['z', 'zVariance'] as const) {
      const scores = found.rows.map((row) => row[pick]!),
        mean = scores.reduce((a, b) => a + b, 0) / size,
        variance = scores.reduce((a, b) => a + b * b, 0) / size;
      expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(size));
      expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / size));
    }
  });

  it('is refused where means or variances differ, by element', () => {
    const shift = 6 * Math.sqrt(2 / (chains * draws)),
      first = [
        drawn(
          'a',
          [],
          chains,
          normals('a', 1, (_, z) => z),
        ),
        drawn(
          'b',
          [],
          chains,
          normals('b', 1, (_, z) => z),
        ),
        drawn(
          'c',
          [],
          chains,
          normals('c', 1, (_, z) => z),
        ),
      ];
    const second = [
      drawn(
        'a',
        [],
        chains,
        normals('d', 1, (_, z) => z),
      ),
      drawn(
        'b',
        [],
        chains,
        normals('e', 1, (_, z) => z + shift),
      ),
      drawn(
        'c',
        [],
        chains,
        normals('f', 1, (_, z) => 1.2 * z),
      ),
    ];
    const found = agreementOfDraws(first, second, 0.001);
    expect([found.agrees, found.rows.map(({ agrees }) => agrees)]).toEqual([false, [true, false, false]]);
    expect(Math.abs(found.rows[1]!.z! + 6)).toBeLessThan(4);
    // Variance 1.44 against 1 with errors sqrt(2 / n) of each: 0.44 / sqrt(2 (1 + 1.44^2) / n).
    expect(Math.abs(found.rows[2]!.zVariance! + 0.44 / Math.sqrt((2 * (1 + 1.44 ** 2)) / (chains * draws)))).toBeLessThan(4);
    expect(renderAgreement(found)).toMatch(/^b .* apart\nc .* apart$/m);
    expect(renderAgreement(found)).toContain('The draws do not agree: b, c (6 z-scores');
  });

  it('is of what both have, and of chains that agree with each other', () => {
    const apart = Float64Array.from({ length: chains * draws }, (_, k) => Math.floor(k / draws) + Math.sin(k * k)),
      x = normals('a', 1, (_, z) => z);
    const found = agreementOfDraws(
      [drawn('x', [], chains, x), drawn('y', [], chains, apart), drawn('p', [], chains, x)],
      [
        drawn('x', [], chains, x),
        drawn(
          'y',
          [],
          chains,
          normals('y', 1, (_, z) => 10 + z),
        ),
        drawn(
          'q',
          [2],
          chains,
          normals('q', 2, (_, z) => z),
        ),
      ],
      0.001,
    );
    expect(found).toMatchObject({ agrees: true, comparisons: 2, onlyFirst: ['p'], onlySecond: ['q[0]', 'q[1]'] });
    expect(found.rows.map(({ name, z }) => [name, z])).toEqual([
      ['x', 0],
      ['y', null],
    ]);
    expect(renderAgreement(found)).toContain('Only the second draws have q[0], q[1].');
    expect(renderAgreement(agreementOfDraws([drawn('p', [], chains, x)], [], 0.001))).toContain('Nothing can be compared');
  });
});
