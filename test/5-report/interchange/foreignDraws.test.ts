/**
 * Draws that other programs have written. Truth: a posterior made of the same numbers (whose diagnostics are held
 * against R's posterior elsewhere), and files written out here as those programs write them.
 */
import { describe, expect, it } from 'vitest';
import { readDraws } from '../../../src/5-report/interchange/readDraws.js';
import { ModelError, Posterior } from '../../../src/index.js';
import { context, drawn, normals, result } from '../results.js';

const chains = 4,
  draws = 250;
const mu = normals(chains, draws, 1, (_c, _d, _e, z) => 3 + z),
  theta = normals(chains, draws, 4, (_c, _d, e, z) => e + z);
const ours = new Posterior(result([drawn('mu', [], chains, mu), drawn('theta', [2, 2], chains, theta)]), context);
const row = (c: number, d: number): number => c * draws + d;
const everyDraw = <T>(f: (c: number, d: number) => T): readonly T[] =>
  Array.from({ length: chains * draws }, (_, k) => f(Math.floor(k / draws), k % draws));
const lines = (list: readonly unknown[]): string => `${list.join('\n')}\n`;

/** A file as CmdStan 2.3x writes it. */
function cmdstan(
  c: number,
  changes: { readonly settings?: readonly string[]; readonly warmup?: number; readonly divergent?: number; readonly rows?: number } = {},
): string {
  const { settings = [], warmup = 0, divergent = 0, rows = draws } = changes;
  const cells = (d: number): string =>
    [-1 - d, 0.9, 0.8, 3, 7, d < divergent ? 1 : 0, 12.5, mu[row(c, d)], ...[0, 2, 1, 3].map((e) => theta[4 * row(c, d) + e])].join(',');
  return lines([
    '# stan_version_major = 2',
    '# model = example_model',
    '# method = sample (Default)',
    '#   sample',
    `#     num_samples = ${draws}`,
    `#     num_warmup = ${warmup === 0 ? 1000 : warmup} (Default)`,
    ...settings.map((s) => `#     ${s}`),
    '# random',
    '#   seed = 4711',
    'lp__,accept_stat__,stepsize__,treedepth__,n_leapfrog__,divergent__,energy__,mu,theta.1.1,theta.2.1,theta.1.2,theta.2.2',
    ...Array.from({ length: warmup }, () => '99,0,1,0,0,1,0,99,99,99,99,99'),
    '# Adaptation terminated',
    '# Step size = 0.8',
    '# Diagonal elements of inverse mass matrix:',
    '# 0.9, 1.1',
    ...Array.from({ length: rows }, (_, d) => cells(d)),
    '# ',
    '#  Elapsed Time: 0.017 seconds (Warm-up)',
    '#                0.05 seconds (Sampling)',
    '# ',
  ]);
}
const all = (changes: Parameters<typeof cmdstan>[1] = {}): Promise<Posterior> =>
  readDraws(Array.from({ length: chains }, (_, c) => ({ name: `output_${c + 1}.csv`, content: [cmdstan(c, changes)] })));

describe('draws of other programs', () => {
  it('as CmdStan writes them: chains in files, names from 1', async () => {
    const p = await all();
    const { lp__: lp, ...rest } = p.summary().variables;
    expect(rest).toEqual(ours.summary().variables);
    expect(lp?.mean).toBeCloseTo(-1 - (draws - 1) / 2, 10);
    expect([p.backend, p.context.seed, p.warnings.length, p.converged]).toEqual(['CmdStan sample', '4711', 1, false]);
  });

  it('without the warmup, where it was saved', async () => {
    const { lp__: _, ...rest } = (await all({ settings: ['save_warmup = 1', 'thin = 1 (Default)'], warmup: 30 })).summary().variables;
    expect(rest).toEqual(ours.summary().variables);
    const { lp__: __, ...modern } = (await all({ settings: ['save_warmup = true', 'thin = 2'], warmup: 30, rows: draws })).summary()
      .variables;
    // 30 sweeps of warmup thinned by 2 are 15 rows: 15 of those written here are left in.
    expect(modern).not.toEqual(ours.summary().variables);
  });

  it('with divergences, must not be trusted', async () => {
    const p = await all({ divergent: 3 });
    expect(p.converged).toBe(false);
    expect(p.warnings.map(({ message }) => message)).toContain('12 of 1000 transitions diverged: the draws miss a part of the posterior');
  });

  it.each<[string, readonly { readonly name: string; readonly text: string }[]]>([
    ['ours', [{ name: 'draws.csv', text: ours.files()['draws.csv']! }]],
    [
      'a data frame of R (posterior)',
      [
        {
          name: 'r.csv',
          text: lines([
            '"mu","theta[1,1]","theta[1,2]","theta[2,1]","theta[2,2]",".chain",".iteration",".draw"',
            ...everyDraw((c, d) =>
              [mu[row(c, d)], ...theta.slice(4 * row(c, d), 4 * row(c, d) + 4), c + 1, d + 1, row(c, d) + 1].join(','),
            ),
          ]),
        },
      ],
    ],
    [
      'a data frame of Python with its index, chains mixed',
      [
        {
          name: 'p.csv',
          text: `\uFEFF${lines([',chain,draw,mu,"theta[0,0]","theta[0,1]","theta[1,0]","theta[1,1]"', ...[...everyDraw((c, d) => [row(c, d), c, d, mu[row(c, d)], ...theta.slice(4 * row(c, d), 4 * row(c, d) + 4)])].sort((a, b) => a[2]! - b[2]!).map((cells) => cells.join(','))])}`,
        },
      ],
    ],
    [
      'a table for each chain',
      Array.from({ length: chains }, (_, c) => ({
        name: `${c}.csv`,
        text: lines([
          'mu,"theta[0,0]","theta[0,1]","theta[1,0]","theta[1,1]"',
          ...Array.from({ length: draws }, (__, d) => [mu[row(c, d)], ...theta.slice(4 * row(c, d), 4 * row(c, d) + 4)].join(',')),
        ]).replaceAll('\n', '\r\n'),
      })),
    ],
  ])('as %s', async (_, files) => {
    const p = await readDraws(files.map(({ name, text }) => ({ name, content: [text.slice(0, 100), text.slice(100)] })));
    expect(p.summary().variables).toEqual(ours.summary().variables);
    expect([p.converged, p.warnings]).toEqual([true, []]);
  });

  it('under names as they stand, where they make no array', async () => {
    const p = await readDraws([
      {
        name: 'b.csv',
        content: ['b_Intercept,sd_group__Intercept,x[3],x[900],y[0],y\n', '1.5,2,1,0,1,2\n2.5,3,2,1,1,2\n0.5,4,4,0,1,1\n1,2,3,1,0,1\n'],
      },
    ]);
    expect(Object.keys(p.summary().variables)).toEqual(['b_Intercept', 'sd_group__Intercept', 'x[3]', 'x[900]', 'y[0]', 'y']);
    expect(p.mean('b_Intercept')).toBe(1.375);
  });

  it('of chains of unequal length, the first of each', async () => {
    const table = (count: number): string => lines(['a', ...Array.from({ length: count }, (_, d) => Math.sin(d))]);
    const p = await readDraws([
      { name: '1.csv', content: [table(20)] },
      { name: '2.csv', content: [table(15)] },
    ]);
    expect(p.draws('a').shape).toEqual([2, 15]);
    expect(p.warnings[0]?.message).toBe('the chains have 20, 15 draws: the first 15 of each are used');
  });

  it.each<[string, string, number, readonly string[]]>([
    ['a run that was stopped', '', 250, ['s.csv has 250 of the 400 draws that it declares']],
    ['a run that is whole', '', 400, []],
    ['every third draw, stopped', '# thin = 3\n', 133, ['s.csv has 133 of the 134 draws that it declares']],
    ['every third draw', '# thin = 3\n', 134, []],
  ])('of %s, with a word where draws are missing', async (_, thin, rows, says) => {
    const table = lines(['lp__,a', ...Array.from({ length: rows }, (_, d) => `0,${Math.sin(d * d)}`)]);
    const p = await readDraws([{ name: 's.csv', content: [`# method = sample (Default)\n# num_samples = 400\n${thin}${table}`] }]);
    expect(p.warnings.filter(({ code }) => code === 'cut-off').map(({ message }) => message)).toEqual(says);
  });

  it('of variational inference: without the mean, independent', async () => {
    const p = await readDraws([
      {
        name: 'v.csv',
        content: ['# method = variational\nlp__,log_p__,log_g__,a\n0,0,0,50\n0,-1,-2,1\n0,-1,-2,3\n0,-1,-2,2\n0,-1,-2,4\n'],
      },
    ]);
    expect([p.mean('a'), p.summary().variables['a']?.rhat]).toEqual([2.5, null]);
  });

  it('that are not finite are named', async () => {
    const p = await readDraws([{ name: 'n.csv', content: ['a,b,c\n1,2,\n2,NA,\n3,1,\n4,inf,\n5,0,\n'] }]);
    expect(Object.keys(p.summary().variables)).toEqual(['a', 'b']);
    expect([p.converged, p.warnings[0]?.message]).toEqual([false, 'some draws of b are not finite numbers']);
  });
});

describe('files that are no draws', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['empty', [''], /1\.csv: error\[bad-draws\]: there is no line of column names/],
    ['a header alone', ['a,b\n'], /1\.csv: error\[bad-draws\]: there are no draws/],
    ['numbers without names', ['1,2\n3,4\n'], /the first line holds numbers, not names of columns/],
    ['words', ['a,b\n1,2\n1,red\n'], /line 3: "red" in the column "b" is not a number/],
    ['a cut row', ['a,b\n1,2\n1\n'], /line 3 has 1 cells, and there are 2 columns/],
    ['semicolons', ['a;b\n1;2\n'], /columns are not separated by commas/],
    ['a name twice', ['a,b,a\n1,2,3\n'], /the column "a" is there twice/],
    ['numbers of rows alone', ['chain,draw\n0,0\n'], /no column holds draws of a variable/],
    ['an optimum', ['# method = optimize\nlp__,a\n-1,2\n'], /the file holds an optimum, not draws/],
    ['other columns', ['a,b\n1,2\n', 'a,c\n1,2\n'], /2\.csv: error\[bad-draws\]: there is no column "b", which 1\.csv has/],
    ['another order', ['a,b\n1,2\n', 'b,a\n1,2\n'], /2\.csv: error\[bad-draws\]: the columns stand in another order than in 1\.csv/],
  ])('are refused: %s', async (_, texts, says) => {
    await expect(readDraws(texts.map((text, k) => ({ name: `${k + 1}.csv`, content: [text] })))).rejects.toThrow(says);
  });

  it('are refused: not Parquet', async () => {
    const refused = readDraws([{ name: 'x.parquet', content: new TextEncoder().encode('chain,draw\n1,2\n1,2\n').buffer }]);
    await expect(refused).rejects.toThrow(/x\.parquet: error\[bad-draws\]: this cannot be read as Parquet/);
    await expect(refused).rejects.toBeInstanceOf(ModelError);
  });
});
