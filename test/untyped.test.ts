/**
 * The API as a program without types may call it: what makes no sense is refused in words, as a ModelError, before anything is
 * run; and host functions that do not return a number are named.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, model, ModelError, type Posterior } from '../src/index.js';
import { check } from '../src/testing-api.js';

const program = compile(
  'data y: real[N]\nsample mu ~ Normal(0, 1)\nobserve y ~ Normal(mu, 1)\npredict z ~ Normal(mu, 1)\nsample w ~ iid(Normal(0, 1), 2)\n',
);
const y = [1, 2];
/** As what it is not. */
const wrong = (value: unknown): never => value as never;

async function refusal(call: () => unknown): Promise<ModelError> {
  try {
    await call();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ModelError);
    return thrown as ModelError;
  }
  throw new Error('nothing was refused');
}

describe('wrong arguments', () => {
  let posterior: Posterior;
  beforeAll(async () => {
    posterior = await program.infer({ y }, { backend: 'gibbs', chains: 1, draws: 20, warmup: 5, workers: 0 });
  });

  it.each<readonly [string, () => unknown, RegExp]>([
    ['options of infer', () => program.infer({ y }, wrong(null)), /The options are null; they must be an object/],
    ['options of infer as a number', () => program.infer({ y }, wrong(3)), /The options are 3/],
    ['options of sample', () => program.sample({ N: 2 }, wrong(null)), /The options are null/],
    ['options of explain', () => program.explain(wrong(null)), /The options are null/],
    ['options of logDensity', () => program.logDensity({ y }, wrong(null)), /The options are null/],
    ['options of a prediction', () => posterior.predictions({ y }, wrong(null)), /The options are null/],
    ['options of a check', () => check(program, { y }, wrong(null)), /The options are null/],
    ['options of a backend', () => program.infer({ y }, { options: wrong(3) }), /options of a backend are 3/],
    ['a program', () => compile(wrong(3)), /compile takes the text of a program/],
    ['new data', () => posterior.predictions(wrong(null)), /new data are null, not an object of values by name/],
    ['new data of predict', () => posterior.predict(wrong(null)), /new data are null/],
    ['data of a check', () => check(program, wrong(null), { backend: 'gibbs' }), /data are null/],
    ['names of data', () => program.infer(new Map([[wrong(3), y]])), /The data are a Map with the number 3 for a name/],
    ['onProgress', () => program.infer({ y }, { onProgress: wrong(3) }), /onProgress is 3; it must be a function/],
    ['onProgress of a check', () => check(program, { y }, { backend: 'gibbs', onProgress: wrong(3) }), /onProgress is 3/],
    ['onNotes of infer', () => program.infer({ y }, { onNotes: wrong(3) }), /onNotes is 3; it must be a function/],
    ['onNotes of sample', () => program.sample({ N: 2 }, { onNotes: wrong(3) }), /onNotes is 3/],
    ['onNotes of logDensity', () => program.logDensity({ y }, { onNotes: wrong(3) }), /onNotes is 3/],
    ['onNotes of explain', () => program.explain({ data: { y }, onNotes: wrong(3) }), /onNotes is 3/],
    ['onNotes of a prediction', () => posterior.predictions({ y }, { onNotes: wrong(3) }), /onNotes is 3/],
    [
      'an object for a signal',
      () => program.infer({ y }, { signal: wrong({}) }),
      /signal is an object; it must be the signal of an AbortController/,
    ],
    ['a text for a signal', () => program.infer({ y }, { signal: wrong('x') }), /signal is "x"/],
    ['a store', () => program.infer({ y }, { store: wrong(3) }), /store is 3/],
    ['observed', () => program.sample({ N: 2 }, { observed: wrong('yes') }), /observed is yes; it must be true or false/],
    [
      'an option of sample that is none',
      () => program.sample({}, wrong({ foo: 1 })),
      /There is no option foo[\s\S]*seed, count, observed, onNotes/,
    ],
    [
      'an option of a prediction that is none',
      () => posterior.predictions({ y }, wrong({ draw: 1 })),
      /There is no option draw[\s\S]*did you mean draws/,
    ],
    ['a format of a graph', () => program.graph(wrong('png')), /cannot be drawn as png[\s\S]*svg, dot, mermaid, json/],
    ['NaN for an unknown', () => program.logDensity({ y })({ mu: Number.NaN, w: [0, 0] }), /mu is NaN; a number is needed/],
    ['null for an unknown', () => program.logDensity({ y })({ mu: null, w: [0, 0] }), /mu is null; a number is needed/],
    ['NaN in a list', () => program.logDensity({ y })({ mu: 0, w: [0, Number.NaN] }), /w\[1\] is NaN/],
    ['undefined in a list', () => program.logDensity({ y })({ mu: 0, w: [0, undefined] }), /w\[1\] is undefined/],
    ['NaN in a typed array', () => program.logDensity({ y })({ mu: 0, w: Float64Array.of(Number.NaN, 0) }), /w\[0\] is NaN/],
  ])('%s', async (_, call, message) => {
    expect((await refusal(call)).message).toMatch(message);
  });

  it('a signal of another making is one', async () => {
    const found = await refusal(() => program.infer({ y }, { signal: wrong({ aborted: true }), workers: 0 }));
    expect(found.diagnostics[0]!.code).toBe('stopped-early');
  });

  it('new data in a Map are data', async () => {
    const asObject = await posterior.predict({ y: [0, 0, 0] }, { seed: 3 }),
      asMap = await posterior.predict(wrong(new Map([['y', [0, 0, 0]]])), { seed: 3 });
    expect(asMap).toEqual(asObject);
    expect((await posterior.predict(wrong(new Map()))).get('z')).toEqual((await posterior.predict()).get('z'));
  });

  describe('a directory to save to', () => {
    const before = process.cwd(),
      own = mkdtempSync(join(tmpdir(), 'credence-untyped-'));
    beforeAll(() => {
      process.chdir(own);
    });
    afterAll(() => {
      process.chdir(before);
      rmSync(own, { recursive: true });
    });
    it.each([
      ['', /it is empty/],
      [3, /of type number/],
      [null, /of type null/],
    ])('%j', async (directory, message) => {
      expect((await refusal(() => posterior.save(wrong(directory)))).message).toMatch(message);
      expect(readdirSync(own)).toEqual([]);
    });
  });
});

describe('host values', () => {
  it.each<readonly [string, unknown, RegExp]>([
    ['a gap', Object.assign(new Array(3).fill(1), { 1: undefined }), /array whose element \[1\] is missing/],
    ['null', [1, null, 3], /array whose element \[1\] is missing/],
    ['NaN', Float64Array.of(1, 2, Number.NaN), /array whose element \[2\] is missing/],
  ])('%s in an array is refused where it is put in', async (_, values, message) => {
    const found = await refusal(
      () => model`sample a ~ Normal(0, 1)
observe 0.5 ~ Normal(sum(${values}) + a, 1)`,
    );
    expect(found.message).toMatch(/^model:2:26/);
    expect(found.message).toMatch(message);
  });

  const answers: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['undefined', undefined],
    ['a text', '1'],
    ['an array', [1]],
    ['an array', Float64Array.of(1)],
    ['an object', { valueOf: () => 1 }],
    ['a Promise', Promise.resolve(1)],
  ];
  it.each(answers)('a function that returns %s is named', async (what, answer) => {
    const effect = (_: number): unknown => answer;
    const unknown = model`sample a ~ Normal(0, 1)
sample b ~ Normal(${effect}(a), 1)
observe 0.5 ~ Normal(b, 1)`;
    const given = model`data x: real
let m = ${effect}(x)
sample a ~ Normal(m, 1)`;
    const run = { backend: 'gibbs', chains: 1, draws: 5, warmup: 5, workers: 0 };
    for (const [call, place] of [
      [() => unknown.infer({}, run), 'model:2:19'],
      [() => unknown.sample(), 'model:2:19'],
      [() => unknown.logDensity()({ a: 1, b: 1 }), 'model:2:19'],
      [() => given.infer({ x: 1 }, run), 'model:2:9'],
    ] as const) {
      const found = await refusal(call);
      expect(found.diagnostics[0]!.code).toBe('host-function-failed');
      expect(found.message).toContain(
        `${place}: error[host-function-failed]: A host function of the program failed: effect: it returned ${what}, and not a number`,
      );
    }
  });

  it('functions may return booleans, and what they throw is theirs', () => {
    const above = (x: number): boolean => x > 0;
    // Normal(1, 1) at 1 and Normal(0, 1) at 1 differ by 1/2 in their logarithms.
    const density = model`sample a ~ Uniform(-1, 1)
sample b ~ Normal(${above}(a), 1)`.logDensity();
    expect(density({ a: 0.5, b: 1 }) - density({ a: -0.5, b: 1 })).toBeCloseTo(0.5, 12);
    const broken = (): number => {
      throw new RangeError('own trouble');
    };
    expect(() =>
      model`sample a ~ Normal(0, 1)
sample b ~ Normal(${broken}(a), 1)`.sample(),
    ).toThrow(RangeError);
  });
});
