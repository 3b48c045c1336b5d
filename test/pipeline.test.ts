/**
 * The public surface in process: templates and their places, options, results, simulation, density,
 * derivations. Truth: closed forms worked out here, and the words that name what is wrong.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { type Diagnostic, type InferOptions, compile, model, ModelError, type ProgressEvent, tensor, version } from '../src/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The error that a call ends with. */
function refusal(run: () => unknown): ModelError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}
async function refused(run: Promise<unknown>): Promise<ModelError> {
  const thrown = await run.then(
    () => new Error('nothing was refused'),
    (error: unknown) => error,
  );
  if (thrown instanceof ModelError) return thrown;
  throw thrown;
}
const codes = (error: ModelError): readonly string[] => error.diagnostics.map((d) => d.code);

const normal = model`
  data y: real[N]
  sample mu ~ Normal(0, 2)
  for n in 0..<N { observe y[n] ~ Normal(mu, 1) }
  report twice = 2 * mu
`;
const quick: InferOptions = { chains: 2, draws: 500, warmup: 100, workers: 0 };

describe('a template', () => {
  it('throws all its mistakes at once, with places in the template', () => {
    const error = refusal(
      () => model`
  data y: real[N]
  sample mu ~ Normall(0, ${1})
  observe y ~ Normal(nu, ${[1, 2]})
`,
    );
    expect(codes(error)).toEqual(['unknown-distribution', 'unknown-name']);
    expect(error.message).toMatch(/^model:3:15: error/m);
    // The place after a hole counts the hole as it is shown.
    expect(error.message).toMatch(/^model:4:22: error[\s\S]*observe y ~ Normal\(nu, \$\{\.\.\.\}\)/m);
  });

  it('says how it is written to those who call it as a function', () => {
    expect(refusal(() => model('sample mu ~ Normal(0, 1)' as never)).message).toMatch(/is a tag of a template[\s\S]*compile\(text\)/);
  });

  it('reports syntax errors behind a hole at their place', () => {
    const error = refusal(() => model`sample x ~ Normal(${123456}, 1) )`);
    const [{ span }] = error.diagnostics as [Diagnostic];
    expect('sample x ~ Normal(${...}, 1) )'.slice(span?.start, span?.end)).toBe(')');
  });

  it('takes numbers, booleans, arrays of every kind and functions as constants', () => {
    const at = { x: 0.5 };
    const standard = -0.5 * Math.log(2 * Math.PI);
    const expected = standard - 0.5 * (0.5 - 4) ** 2;
    for (const values of [[1, 3], Float64Array.of(1, 3), Int32Array.of(1, 3), tensor([1, 3], [2])]) {
      expect(model`sample x ~ Normal(sum(${values}), 1)`.logDensity()(at)).toBeCloseTo(expected, 12);
    }
    expect(
      model`let A = ${new Matrix([
        [1, 0],
        [0, 3],
      ])} sample x ~ Normal(A[0, 0] + A[1, 1], ${1})`.logDensity()(at),
    ).toBeCloseTo(expected, 12);
    expect(model`sample x ~ Normal(${true} ? 4 : 0, 1)`.logDensity()(at)).toBeCloseTo(expected, 12);
    expect(model`sample x ~ Normal(${(a: number) => a + 3}(1), 1)`.logDensity()(at)).toBeCloseTo(expected, 12);
  });

  it('refuses host values that are none, each at its place', () => {
    const error = refusal(() => model`sample x ~ Normal(${'one'}, ${undefined}) sample y ~ Normal(sum(${[[1], [2, 3]]}), ${{ a: 1 }})`);
    expect(error.diagnostics.map((d) => d.message)).toEqual([
      'The value put in here is the text "one".',
      'The value put in here is undefined.',
      expect.stringMatching(/array whose element \[1\] holds 2 elements/),
      'The value put in here is an object.',
    ]);
    const text = 'sample x ~ Normal(${...}, ${...}) sample y ~ Normal(sum(${...}), ${...})';
    for (const { span } of error.diagnostics) expect(text.slice(span?.start, span?.end)).toBe('${...}');
  });

  it('never reads a host value as program text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), (value) => {
        const density = model`sample x ~ Normal(${value}, 1)`.logDensity();
        expect(density({ x: value })).toBeCloseTo(-0.5 * Math.log(2 * Math.PI), 9);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it('agrees with the same program from a file', () => {
    const text = 'data y: real[N]\nsample mu ~ Normal(0, 2)\nobserve y ~ Normal(mu, 1)\n';
    const fromFile = compile(text, 'normal.cred');
    expect(fromFile.logDensity({ y: [1, 2] })({ mu: 0.3 })).toBe(
      model`data y: real[N] sample mu ~ Normal(0, 2) observe y ~ Normal(mu, 1)`.logDensity({ y: [1, 2] })({ mu: 0.3 }),
    );
    expect(fromFile.source).toBe(text);
    expect(refusal(() => compile('sample x ~ Nromal(0, 1)', 'a.cred')).message).toMatch(/^a\.cred:1:12: error/);
  });
});

describe('infer', () => {
  it('finds the closed-form posterior and keeps the record of the run', async () => {
    const posterior = await normal.infer({ y: [1, 2, 3] }, { ...quick, backend: 'gibbs', draws: 4000, seed: 'seven' });
    // Precision 1/4 + 3; the sum of the data is 6. Draws of one conjugate block are independent.
    const mean = 6 / 3.25;
    const sd = 1 / Math.sqrt(3.25);
    expect(Math.abs((posterior.mean('mu') as number) - mean)).toBeLessThan((5 * sd) / Math.sqrt(8000));
    expect(Math.abs((posterior.sd('mu') as number) - sd)).toBeLessThan((5 * sd) / Math.sqrt(16000));
    expect(posterior.draws('mu').shape).toEqual([2, 4000]);
    expect([...posterior.draws('twice')]).toEqual(Array.from(posterior.draws('mu'), (mu) => 2 * mu));
    expect(posterior.converged).toBe(true);
    const run = JSON.parse(posterior.files()['run.json'] ?? '');
    expect(run).toMatchObject({
      backend: 'gibbs',
      seed: 'seven',
      versions: { credence: version },
      options: { backend: 'gibbs', chains: 2, draws: 4000, warmup: 100, thin: 1 },
    });
    expect(run.program).toBe(normal.source);
  });

  it('takes data as objects and as maps, and gives the same draws for the same seed', async () => {
    const one = await normal.infer({ y: Float64Array.of(1, 2, 3) }, quick);
    const two = await normal.infer(new Map([['y', [1, 2, 3]]]), { ...quick, seed: '1' });
    const other = await normal.infer({ y: [1, 2, 3] }, { ...quick, seed: 2 });
    expect(two.draws('mu')).toEqual(one.draws('mu'));
    expect(other.draws('mu')).not.toEqual(one.draws('mu'));
  });

  it('reports everything that is wrong with options and data together', async () => {
    const wrong = {
      draws: 0,
      chains: 1.5,
      warmup: -1,
      thin: Number.NaN,
      seed: null,
      workers: 'all',
      backend: 'gibss',
      drawz: 3,
      options: { a: [1] },
    } as unknown as InferOptions;
    const error = await refused(normal.infer({ y: [1, Number.POSITIVE_INFINITY] }, wrong));
    for (const words of [
      'draws is 0',
      'chains is 1.5',
      'warmup is -1',
      'thin is NaN',
      'seed is null',
      'workers is "all"',
      'did you mean gibbs',
      'did you mean draws?',
      'The option a is a list',
      'y[1] = inf is not finite',
    ]) {
      expect(error.message).toContain(words);
    }
    expect(error.message).toMatch(/^model:2:8: error\[not-finite\]/m);
    expect(error.message).toMatch(/^options: error\[wrong-option\]/m);
  });

  it.each([null, 3, [1, 2], Float64Array.of(1)])('refuses %o for data', async (data) => {
    const error = await normal.infer(data as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).message).toMatch(/not an object of values by name/);
    expect(refusal(() => normal.sample(data as never)).message).toMatch(/by name/);
    expect(refusal(() => normal.logDensity({ y: [1] })(data as never)).message).toMatch(/The values are .* by name/);
  });

  it('names backends of later versions as such', async () => {
    expect(codes(await refused(normal.infer({ y: [1] }, { backend: 'nuts' })))).toEqual(['not-in-this-version']);
    expect(codes(await refused(normal.infer({ y: [1] }, { backend: 'stan' })))).toEqual(['unknown-backend']);
  });

  it('starts where it is told, and refuses starts that cannot be', async () => {
    const program = compile('sample s ~ Gamma(2, 2)\nsample v ~ iid(Normal(0, 1), 2)\nobserve 1 ~ Normal(v[0], s)');
    const error = await refused(program.infer({}, { ...quick, init: { s: -1, v: [1], w: 3 } }));
    expect(error.message).toMatch(/The start of v has shape \[1\]; expected \[2\]/);
    expect(error.message).toMatch(/no unknown "w"/);
    expect(error.message).toMatch(/error\[wrong-init\]: As a start: s = -1/);
    const ordered = await refused(
      compile('param c: ordered[3] factor -sum(c[k]^2 for k in 0..<3)').infer({}, { ...quick, init: { c: [1, 3, 2] } }),
    );
    expect(ordered.message).toMatch(/error\[wrong-init\]: As a start: c is not increasing: 3 is followed by 2 at position 2/);
    const posterior = await program.infer(
      {},
      {
        ...quick,
        backend: 'mh',
        draws: 1,
        warmup: 0,
        init: { s: 7, v: [3, 4] },
        options: { 'kernel.s': 'rw(scale: 0.0001, adapt: false)', 'kernel.v': 'rw(scale: 0.0001, adapt: false)' },
      },
    );
    expect(posterior.draws('s')[0]).toBeCloseTo(7, 1);
    expect(posterior.draws('v')[1]).toBeCloseTo(4, 1);
  });

  it('keeps what it is told to keep', async () => {
    const posterior = await normal.infer({ y: [1] }, { ...quick, keep: ['twice'] });
    expect(posterior.names).toEqual(['twice']);
    expect((await refused(normal.infer({ y: [1] }, { keep: ['y'] }))).message).toContain('y is given by the data');
    expect((await refused(normal.infer({ y: [1] }, { keep: ['twce'] }))).message).toContain('did you mean twice?');
  });

  it('tells how far it is and what binding had to say', async () => {
    const events: ProgressEvent[] = [];
    const notes: string[] = [];
    await normal.infer(
      { y: [1], mu: 0.5, Y: 3 },
      {
        ...quick,
        backend: 'gibbs',
        onProgress: (event) => {
          events.push(event);
        },
        onNotes: (said) => {
          notes.push(...said.map((d) => d.code));
        },
      },
    );
    expect(notes.sort()).toEqual(['conditioned', 'ignored-values']);
    const posterior = await normal.infer(
      { y: [1] },
      {
        ...quick,
        backend: 'gibbs',
        onProgress: (event) => {
          events.push(event);
        },
      },
    );
    expect(events.at(-1)).toMatchObject({ chain: 1, phase: 'sampling', done: 500, total: 500 });
    expect(posterior.context.notes).toEqual([]);
  });

  it('changes nothing that belongs to the caller', async () => {
    const y = Float64Array.of(1, Number.NaN, 3);
    const options: InferOptions = Object.freeze({
      ...quick,
      init: Object.freeze({ mu: 1 }),
      keep: Object.freeze(['mu']) as unknown as string[],
    });
    const posterior = await normal.infer(Object.freeze({ y }), options);
    expect([...y]).toEqual([1, Number.NaN, 3]);
    expect(posterior.names).toEqual(['mu']);
  });
});

describe('sample', () => {
  it('draws all that is not given, with the law of the program', () => {
    const draws = normal.sample({ N: 2 }, { count: 4000, seed: 3 });
    const first = draws.map((draw) => (draw['y'] as number[])[0]!);
    const mean = first.reduce((sum, x) => sum + x, 0) / first.length;
    const variance = first.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (first.length - 1);
    // Marginally Normal with variance 4 + 1; five standard errors.
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(5 / 4000));
    expect(Math.abs(variance - 5)).toBeLessThan(5 * 5 * Math.sqrt(2 / 4000));
    expect(Object.keys(draws[0]!)).toEqual(['y', 'mu', 'twice']);
    for (const draw of draws.slice(0, 10)) expect(draw['twice']).toBe(2 * (draw['mu'] as number));
  });

  it('returns one draw by itself, the same for the same seed', () => {
    const one = normal.sample({ N: 3 }, { seed: 7 });
    expect(one['y']).toHaveLength(3);
    expect(normal.sample({ N: 3 }, { seed: '7' })).toEqual(one);
    expect(normal.sample({ N: 3 }, { seed: 8 })).not.toEqual(one);
  });

  it('gives values that the program runs on', async () => {
    const program = compile(
      'data K: int\ndata X: real[N, K]\ndata y: real[N]\nsample w ~ iid(Normal(0, 1), K)\nobserve y ~ Normal(X @ w, 1)',
    );
    const data = program.sample(
      {
        K: 2,
        X: [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
      },
      { observed: true },
    );
    expect(Object.keys(data).sort()).toEqual(['K', 'X', 'y']);
    expect((await program.infer(data, quick)).names).toEqual(['w']);
  });

  it('says why a program cannot be simulated, with the place', () => {
    const error = refusal(() => compile('sample x ~ Normal(0, 1)\nfactor -x^2').sample());
    expect(error.message).toMatch(/^model:2:1: error\[cannot-simulate\]/);
    expect(refusal(() => normal.sample({ N: 2 }, { count: -1 })).message).toMatch(/count is -1/);
    expect(refusal(() => normal.sample()).message).toMatch(/No value is given for N/);
  });
});

describe('what has no law', () => {
  it.each(['gibbs', 'mh'])('is refused before a run where nothing restricts it: %s', async (backend) => {
    for (const source of [
      'sample x ~ Flat()',
      'param x: real',
      'sample a ~ Normal(0, 1) param x: real observe 1.0 ~ Normal(a, 1)',
      'param x: real factor -x',
    ]) {
      const error = await refused(compile(source).infer({}, { ...quick, backend }));
      expect(error.diagnostics.map((d) => d.code)).toEqual(['improper-conditional']);
      expect(error.message).toMatch(/nothing restricts x: its conditional is improper/);
      expect(error.diagnostics[0]!.span).toBeDefined();
    }
    const proper = await compile('param x: real observe 1.0 ~ Normal(x, 1)').infer({}, { ...quick, backend });
    expect(proper.draws('x').every(Number.isFinite)).toBe(true);
  });

  it('does not matter to a simulation where the data rule it out', () => {
    const program = compile('data c: int sample x ~ Normal(0, 1) if c > 0 { factor x }');
    expect(program.sample({ c: 0 }, { seed: 1 })['x']).toEqual(expect.any(Number));
    expect(refusal(() => program.sample({ c: 1 }, { seed: 1 })).message).toMatch(/factor/);
  });
});

describe('logDensity', () => {
  const density = (x: number, mean: number, sd: number): number =>
    -0.5 * Math.log(2 * Math.PI) - Math.log(sd) - 0.5 * ((x - mean) / sd) ** 2;
  const f = normal.logDensity({ y: [1, 2, 3] });

  it('is the log joint with every constant, whole and by statement', () => {
    for (const mu of [-1, 0, 2.5]) {
      const parts = [density(mu, 0, 2), density(1, mu, 1) + density(2, mu, 1) + density(3, mu, 1)];
      expect(f({ mu })).toBeCloseTo(parts[0]! + parts[1]!, 12);
      expect(f.byFactor({ mu }).map((term) => term.value)).toEqual(parts.map((part) => expect.closeTo(part, 10)));
    }
    expect(f.byFactor({ mu: 0 }).map((term) => term.statement)).toEqual(['sample mu ~ Normal(0, 2)', 'observe y[n] ~ Normal(mu, 1)']);
    expect(f.unknowns).toEqual([{ name: 'mu', shape: [] }]);
  });

  it('is minus infinity outside the support', () => {
    expect(compile('sample s ~ Gamma(2, 2)').logDensity()({ s: -1 })).toBe(Number.NEGATIVE_INFINITY);
  });

  it('takes the missing elements of data in the shape of the data', () => {
    const gaps = normal.logDensity({ y: [1, null, 3] });
    const expected = density(0, 0, 2) + density(1, 0, 1) + density(2, 0, 1) + density(3, 0, 1);
    expect(gaps({ mu: 0, y: [null, 2, null] })).toBeCloseTo(expected, 12);
    expect(gaps({ mu: 0, y: [1, 2, 3] })).toBeCloseTo(expected, 12);
    expect(refusal(() => gaps({ mu: 0, y: [1, 2, 4] })).message).toMatch(/y\[2\] is 4, but the data say 3; write null for what is given/);
    expect(refusal(() => gaps({ mu: 0, y: [1, null, 3] })).message).toMatch(/y\[1\] is null; a number is needed/);
    expect(refusal(() => gaps({ mu: 0, y: [2] })).message).toMatch(/y has shape \[1\]; expected \[3\]/);
  });

  it('asks nothing of elements that do not exist', () => {
    const ragged = compile('data length: int[N] for n in 0..<N, j in 0..<length[n] { sample w[n, j] ~ Normal(0, 1) }').logDensity({
      length: [1, 2],
    });
    expect(
      ragged({
        w: [
          [1, null],
          [0, 2],
        ],
      }),
    ).toBeCloseTo(density(1, 0, 1) + density(0, 0, 1) + density(2, 0, 1), 12);
  });

  it('refuses points that are none, all mistakes together', () => {
    expect(refusal(() => f({ nu: 1 })).message).toMatch(/No value is given for the unknown mu[\s\S]*nu is not an unknown/);
    expect(refusal(() => f({ mu: [1, 2] })).message).toMatch(/mu has shape \[2\]; expected \[\]/);
    expect(refusal(() => f({ mu: null })).message).toMatch(/mu is null; a number is needed/);
    expect(refusal(() => f({ mu: 'x' })).message).toMatch(/mu is the text "x"/);
  });
});

describe('explain and graph', () => {
  it('derives without data, with data, and prints', () => {
    const derivation = normal.explain({ backend: 'gibbs' });
    expect(derivation.backend).toBe('gibbs');
    expect(derivation.code).toBeNull();
    expect(String(derivation)).toMatch(/^mu$[\s\S]*Normal[\s\S]*observe y\[n\] ~ Normal\(mu, 1\)/m);
    expect(derivation.toLatex()).toMatch(/\\item\[\\texttt\{mu\}\] Normal\n\\begin\{align\*\}\n[^\n]* &= /);
    expect(JSON.parse(JSON.stringify(derivation))).toMatchObject({ backend: 'gibbs', blocks: [{ block: 'mu', family: 'Normal' }] });
    expect(normal.explain({ backend: 'gibbs', data: { y: [1] } }).code).not.toBeNull();
  });

  it('refuses unknown backends and wrong options', () => {
    expect(codes(refusal(() => normal.explain({ backend: 'hmc' })))).toEqual(['not-in-this-version']);
    expect(refusal(() => normal.explain({ options: { 'kernel.nu': 'slice' } })).message).toMatch(/no unknown is called 'nu'/);
    // Data are none of those that may be meant.
    expect(refusal(() => normal.explain({ options: { 'kernel.zzzz': 'slice' } })).message).toMatch(/Unknowns: mu\./);
    expect(refusal(() => normal.explain({ backend: 'gibbs', options: { collapse: 'zzzz' } })).message).toMatch(/Unknowns: mu\./);
  });

  it('draws the graph', () => {
    expect(normal.graph()).toMatch(/^<svg/);
    expect(JSON.parse(normal.graph('json')).marks.map((mark: { name: string }) => mark.name)).toEqual(expect.arrayContaining(['y', 'mu']));
  });

  it('names its inputs', () => {
    expect(normal.inputs).toEqual({ data: ['y'], sizes: ['N'], unknowns: ['mu'] });
  });
});

describe('the package', () => {
  it('carries one version', () => {
    expect(version).toBe((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version);
  });
});
