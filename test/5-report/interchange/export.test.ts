/**
 * Draws handed to other programs. Truth: the formats as their specifications lay them out, read here by hand (Zarr
 * format 2, CmdStan's CSV) or by another library (hyparquet), number for number; rstan, xarray and DuckDB have read
 * the same in test/reference/interchange.{R,py,mjs}, with what they printed in interchange.txt.
 */
import { parquetReadObjects, parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { groupHeight } from '../../../src/5-report/interchange/parquet.js';
import { exportedFiles } from '../../../src/5-report/interchange/export.js';
import type { ExportedFile, ExportSource } from '../../../src/5-report/interchange/exported.js';
import { readDraws } from '../../../src/5-report/interchange/readDraws.js';
import { compile, ModelError, openRun, Posterior } from '../../../src/index.js';
import { context, drawn, result } from '../results.js';

const variables = [
  drawn('a', [], 2, Float64Array.of(0.1, -0, 1e-300, Number.POSITIVE_INFINITY)),
  drawn(
    'm',
    [2, 3],
    2,
    Float64Array.from({ length: 24 }, (_, k) => k + 0.5),
  ),
  drawn('z', [2], 2, Uint8Array.of(0, 1, 1, 1, 0, 0, 1, 0), { discrete: true }),
  drawn(
    'r',
    [2, 2],
    2,
    Float64Array.from({ length: 16 }, (_, k) => k),
    { elements: Int32Array.of(0, 1, 3) },
  ),
  drawn('next', [], 2, Float64Array.of(1, 2, 3, 4), { kind: 'predict' }),
];
const source: ExportSource = {
  backend: 'gibbs',
  variables,
  context: { ...context, options: { warmup: 50, thin: 2 }, versions: { credence: '9' } },
  seconds: { warmup: 1, sampling: 2 },
  bound: null,
  logJoint: Float64Array.of(-1, -2, -3, Number.NEGATIVE_INFINITY),
  likelihood: null,
};

function bytesOf({ pieces }: ExportedFile): Uint8Array {
  return Buffer.concat([...pieces].map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}
function textOf(file: ExportedFile): string {
  return Buffer.from(bytesOf(file)).toString();
}

/** An array of a Zarr store by the specification of format 2. */
function zarrArray(
  files: readonly ExportedFile[],
  path: string,
): { readonly shape: readonly number[]; readonly dimensions: readonly string[]; readonly chunks: number; readonly values: number[] } {
  const file = (name: string): ExportedFile | undefined => files.find((candidate) => candidate.name === name);
  const { shape, chunks, dtype, compressor, order } = JSON.parse(textOf(file(`${path}/.zarray`)!)) as {
    shape: number[];
    chunks: number[];
    dtype: string;
    compressor: null;
    order: string;
  };
  expect([compressor, order]).toEqual([null, 'C']);
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Number.NaN),
    own = files.filter(({ name }) => name.startsWith(`${path}/`) && !/\.z\w+$/.test(name));
  for (const chunk of own) {
    const at = chunk.name
        .slice(path.length + 1)
        .split('.')
        .map(Number),
      view = new DataView(Uint8Array.from(bytesOf(chunk)).buffer),
      size = chunks.reduce((a, b) => a * b, 1);
    expect(view.byteLength).toBe(8 * size);
    for (let k = 0; k < size; k++) {
      let rest = k,
        flat = 0,
        stride = 1,
        inside = true;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const i = at[axis]! * chunks[axis]! + (rest % chunks[axis]!);
        rest = Math.floor(rest / chunks[axis]!);
        inside &&= i < shape[axis]!;
        flat += i * stride;
        stride *= shape[axis]!;
      }
      if (inside) values[flat] = dtype === '<f8' ? view.getFloat64(8 * k, true) : Number(view.getBigInt64(8 * k, true));
    }
  }
  return {
    shape,
    dimensions: (JSON.parse(textOf(file(`${path}/.zattrs`)!)) as { _ARRAY_DIMENSIONS: string[] })._ARRAY_DIMENSIONS,
    chunks: own.length,
    values,
  };
}

describe('groups of rows of a Parquet file', () => {
  it('are small, and few where there are many columns', () => {
    // A hundred thousand columns of a thousand draws, in twenty rows at a time, were five million descriptions.
    expect(Math.ceil(1000 / groupHeight(1000, 100_000)) * 100_000).toBeLessThan(2 ** 19);
    // 2^21 numbers a group; never more rows than there are, nor none.
    expect([groupHeight(1e6, 8), groupHeight(100, 8), groupHeight(1, 1e7)]).toEqual([2 ** 18, 100, 1]);
  });
});

describe('CmdStan CSV', () => {
  it('is a file a chain: settings, lp__, elements from 1 with the first index fastest', async () => {
    const files = await exportedFiles(source, 'cmdstan');
    expect(files.map(({ name }) => name)).toEqual(['chain_1.csv', 'chain_2.csv']);
    const lines = textOf(files[1]!).split('\n'),
      header = lines.findIndex((line) => !line.startsWith('#'));
    expect(lines.slice(0, header)).toEqual(
      expect.arrayContaining([
        '# method = sample (Default)',
        '#   num_samples = 4',
        '#   num_warmup = 50',
        '#   thin = 2',
        '# id = 2',
        '#   seed = 7',
      ]),
    );
    expect(lines[header]).toBe('lp__,a,m.1.1,m.2.1,m.1.2,m.2.2,m.1.3,m.2.3,z.1,z.2,r.1.1,r.2.1,r.1.2,r.2.2,next');
    expect(lines[header + 1]).toBe('-3,1e-300,12.5,15.5,13.5,16.5,14.5,17.5,0,0,8,nan,9,11,3');
    expect(lines[header + 2]).toBe('-inf,inf,18.5,21.5,19.5,22.5,20.5,23.5,1,0,12,nan,13,15,4');
    expect(lines[header + 3]).toMatch(/^# $/);
  });

  it('read back has the same draws under the same names', async () => {
    const files = await exportedFiles({ ...source, variables: variables.slice(1, 4) }, 'cmdstan');
    const { result: read } = await readDraws(files.map((file) => ({ name: file.name, content: [textOf(file)] })));
    expect(read.variables.map(({ name, shape, discrete }) => [name, shape, discrete])).toEqual([
      ['lp__', [], false],
      ['m', [2, 3], false],
      ['z', [2], true],
      ['r', [2, 2], true],
    ]);
    const values = (k: number): readonly number[] => {
      const { result: form } = read.variables[k]!;
      return form.form === 'draws' ? [...form.values] : [];
    };
    expect(values(1)).toEqual(Array.from({ length: 24 }, (_, k) => k + 0.5));
    expect([...read.variables[3]!.elements!]).toEqual([0, 1, 3]);
  });
});

describe('variables whose names mean something else in files', () => {
  const program =
    'sample chain ~ Normal(0, 1)\nsample chain_ ~ Normal(0, 1)\nsample draw ~ iid(Normal(0, 1), 2)\nsample iteration ~ Normal(0, 1)\nsample lp__ ~ Normal(0, 1)\n';
  const names = ['chain', 'chain_', 'draw', 'iteration', 'lp__'];

  it('have other names there, and are read back number for number', async () => {
    const run = await compile(program, 'm.cred').infer({}, { backend: 'gibbs', chains: 2, draws: 60, warmup: 10, workers: 0 });
    const numbers = (p: Posterior, name: string): readonly number[] => [...p.draws(name)!];
    const files = run.files();
    expect(files['draws.csv']!.split('\n')[0]).toBe('chain,draw,chain_1,chain_,draw[0],draw[1],iteration,lp__');
    const opened = openRun('m', {
      summary: files['summary.json']!,
      run: files['run.json']!,
      draws: [files['draws.csv']!],
      data: files['data.json'] ?? null,
      pointwise: null,
    }).posterior;
    for (const name of names) expect(numbers(opened, name), name).toEqual(numbers(run, name));
    const [parquet] = await run.exportFiles('parquet');
    const tables = [
      [{ name: 'draws.csv', content: [files['draws.csv']!] }, ['chain_1', 'chain_', 'draw', 'iteration', 'lp__']],
      [{ name: 'draws.parquet', content: new Uint8Array(bytesOf(parquet!)).buffer }, ['chain_1', 'chain_', 'draw', 'iteration', 'lp__']],
    ] as const;
    for (const [input, columns] of tables) {
      const read = await readDraws([input]);
      expect(read.names).toEqual(columns);
      for (const [k, name] of names.entries()) expect(numbers(read, columns[k]!), name).toEqual(numbers(run, name));
    }
    const stan = await readDraws((await run.exportFiles('cmdstan')).map((file) => ({ name: file.name, content: [textOf(file)] })));
    const columns = ['chain_1', 'chain_', 'draw_', 'iteration_', 'lp___1'];
    expect(stan.names).toEqual(['lp__', ...columns]);
    for (const [k, name] of names.entries()) expect(numbers(stan, columns[k]!), name).toEqual(numbers(run, name));
    const store = await run.exportFiles('zarr');
    expect(zarrArray(store, 'posterior/chain_1').values).toEqual(numbers(run, 'chain'));
    expect(zarrArray(store, 'posterior/chain_').values).toEqual(numbers(run, 'chain_'));
    expect(zarrArray(store, 'posterior/chain').values).toEqual([0, 1]);
  });
});

describe('Zarr', () => {
  it('has the groups of InferenceData, each array whole, and all metadata in one place', async () => {
    const files = await exportedFiles(source, 'zarr');
    expect(zarrArray(files, 'posterior/a')).toEqual({
      shape: [2, 2],
      dimensions: ['chain', 'draw'],
      chunks: 2,
      values: [0.1, -0, 1e-300, Number.POSITIVE_INFINITY],
    });
    expect(zarrArray(files, 'posterior/m')).toMatchObject({
      shape: [2, 2, 2, 3],
      dimensions: ['chain', 'draw', 'm_dim_0', 'm_dim_1'],
      values: Array.from({ length: 24 }, (_, k) => k + 0.5),
    });
    expect(zarrArray(files, 'posterior/z').values).toEqual([0, 1, 1, 1, 0, 0, 1, 0]);
    expect(zarrArray(files, 'posterior/r').values).toEqual(Array.from({ length: 16 }, (_, k) => (k % 4 === 2 ? Number.NaN : k)));
    expect(zarrArray(files, 'posterior_predictive/next').values).toEqual([1, 2, 3, 4]);
    expect(zarrArray(files, 'sample_stats/lp').values).toEqual([-1, -2, -3, Number.NEGATIVE_INFINITY]);
    expect(zarrArray(files, 'posterior/m_dim_1')).toEqual({ shape: [3], dimensions: ['m_dim_1'], chunks: 1, values: [0, 1, 2] });
    const consolidated = JSON.parse(textOf(files.find(({ name }) => name === '.zmetadata')!)) as {
      metadata: Record<string, unknown>;
      zarr_consolidated_format: number;
    };
    expect(consolidated.zarr_consolidated_format).toBe(1);
    const single = files.filter(({ name }) => /\.z(?:array|attrs|group)$/.test(name));
    expect(consolidated.metadata).toEqual(Object.fromEntries(single.map((file) => [file.name, JSON.parse(textOf(file))])));
  });

  it('cuts long chains into chunks, the last filled up', async () => {
    const draws = 600_000,
      files = await exportedFiles(
        {
          ...source,
          logJoint: null,
          variables: [
            drawn(
              'b',
              [],
              2,
              Float64Array.from({ length: 2 * draws }, (_, k) => k),
            ),
          ],
        },
        'zarr',
      );
    const { shape, chunks, values } = zarrArray(files, 'posterior/b');
    expect([shape, chunks]).toEqual([[2, draws], 4]);
    expect(values.every((x, k) => x === k)).toBe(true);
  });

  it('of a run has its data, likelihoods, and the sizes of the program as dimensions', async () => {
    const y = [0.5, null, 2],
      model = compile(
        'data y: real[N]\ndata k: int\nsample mu ~ iid(Normal(0, 1), k)\nsample chain ~ Normal(0, 1)\nfor n in 0..<N { observe y[n] ~ Normal(mu[0], 1) }\n',
        'm',
      );
    const posterior = await model.infer({ y, k: 2 }, { backend: 'gibbs', chains: 2, draws: 5, warmup: 5, workers: 0 }),
      files = await posterior.exportFiles('zarr');
    expect(zarrArray(files, 'observed_data/y')).toMatchObject({ dimensions: ['N'], values: [0.5, Number.NaN, 2] });
    const mu = zarrArray(files, 'posterior/mu'),
      likelihood = zarrArray(files, 'log_likelihood/y'),
      lp = zarrArray(files, 'sample_stats/lp'),
      other = zarrArray(files, 'posterior/chain_'),
      gap = zarrArray(files, 'posterior/y');
    expect([mu.dimensions, likelihood.dimensions, gap.dimensions]).toEqual([
      ['chain', 'draw', 'mu_dim_0'],
      ['chain', 'draw', 'N'],
      ['chain', 'draw', 'N'],
    ]);
    const normal = (x: number, mean: number): number => -0.5 * Math.log(2 * Math.PI) - 0.5 * (x - mean) ** 2;
    for (let d = 0; d < 10; d++) {
      const [m0 = 0, m1 = 0] = mu.values.slice(2 * d, 2 * d + 2);
      expect(likelihood.values[3 * d]).toBeCloseTo(normal(0.5, m0), 12);
      expect(likelihood.values[3 * d + 1]).toBeNaN();
      expect(likelihood.values[3 * d + 2]).toBeCloseTo(normal(2, m0), 12);
      expect(lp.values[d]).toBeCloseTo(
        normal(m0, 0) + normal(m1, 0) + normal(other.values[d]!, 0) + normal(0.5, m0) + normal(gap.values[3 * d + 1]!, m0) + normal(2, m0),
        10,
      );
    }
  });
});

describe('Parquet', () => {
  it('has the columns of draws.csv', async () => {
    const [file] = await exportedFiles(source, 'parquet');
    const rows = await parquetReadObjects({ file: Uint8Array.from(bytesOf(file!)).buffer });
    expect(Object.keys(rows[0]!)).toEqual([
      'chain',
      'draw',
      'a',
      'm[0,0]',
      'm[0,1]',
      'm[0,2]',
      'm[1,0]',
      'm[1,1]',
      'm[1,2]',
      'z[0]',
      'z[1]',
      'r[0,0]',
      'r[0,1]',
      'r[1,1]',
      'next',
    ]);
    expect(rows.map((row) => [row['chain'], row['draw'], row['a'], row['m[1,2]'], row['z[1]'], row['next']])).toEqual([
      [0, 0, 0.1, 5.5, 1, 1],
      [0, 1, -0, 11.5, 1, 2],
      [1, 0, 1e-300, 17.5, 0, 3],
      [1, 1, Number.POSITIVE_INFINITY, 23.5, 0, 4],
    ]);
  });

  it('is written a group of rows at a time, and read back as draws', async () => {
    const draws = 400_000,
      [file] = await exportedFiles(
        {
          ...source,
          variables: [
            drawn(
              'b',
              [2],
              2,
              Float64Array.from({ length: 4 * draws }, (_, k) => k),
            ),
          ],
        },
        'parquet',
      );
    const bytes = Uint8Array.from(bytesOf(file!)).buffer;
    expect(parquetMetadata(bytes).row_groups.length).toBe(2);
    const { result: read } = await readDraws([{ name: 'draws.parquet', content: bytes }]),
      { result: form } = read.variables[0]!;
    expect(form.form === 'draws' && form.chains === 2 && form.values.every((x, k) => x === k)).toBe(true);
  });
});

describe('what cannot be exported', () => {
  it.each(['cmdstan', 'zarr', 'parquet'] as const)('has no draws (%s)', async (format) => {
    const closed = new Posterior(
      result(
        [
          {
            name: 'q',
            shape: [],
            kind: 'latent',
            discrete: false,
            insidePlate: false,
            result: { form: 'closed', mean: Float64Array.of(1), sd: null, mcse: null, quantiles: null, probabilities: null, draws: null },
          },
        ],
        { backend: 'em' },
      ),
      context,
    );
    await expect(closed.exportFiles(format)).rejects.toThrow(/the run has no draws: em gives estimates/);
  });
  it('is of no known format', async () => {
    await expect(exportedFiles(source, 'netcdf' as never)).rejects.toThrow(ModelError);
  });
});
