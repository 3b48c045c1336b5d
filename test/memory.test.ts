/** Memory that a run needs, held against what there is; and what is said where it ran out. */
import { describe, expect, it } from 'vitest';
import { compile, InternalError } from '../src/index.js';
import { checkMemory, outOfMemory } from '../src/memory.js';
import { bindData, compileText } from '../src/pipeline.js';

const source =
  'data y: real[N]\ndata M: int\nsample mu ~ Normal(0, 1)\nfor m in 0..<M { sample x[m] ~ Normal(mu, 1)  sample z[m] ~ Bernoulli(0.5) }\nobserve y ~ Normal(mu, 1)\n';
const bound = bindData(compileText(source, 'm.cred'), { y: [1, 2], M: 1000 }, 'infer').bound!;
const settings = { chains: 4, draws: 500 };
/** 1001 numbers of eight bytes and 1000 of one, 2000 times, held twice. */
const needed = 2 * 2000 * (8 * 1001 + 1000);

describe('the draws of a run', () => {
  it('are refused from the first byte that is missing on', () => {
    expect(checkMemory(settings, bound, null, needed)).toEqual([]);
    const [refusal] = checkMemory(settings, bound, null, needed - 1);
    expect(refusal).toMatchObject({ code: 'wrong-option', severity: 'error' });
    expect(refusal!.message).toBe(
      '4 chains of 500 draws of 2001 numbers take 0.0180 GB; 0.0360 GB are needed to hold and to join them, and 0.0360 GB of memory are free.',
    );
    expect(refusal!.hint).toContain('(x alone takes 0.0160 GB)');
  });

  it('count as far as they are kept', () => {
    expect(checkMemory(settings, bound, ['mu'], 2 * 2000 * 8)).toEqual([]);
    expect(checkMemory(settings, bound, ['mu'], 2 * 2000 * 8 - 1)).toHaveLength(1);
    // Moments alone are kept of what is large, unless it is asked for.
    const large = bindData(compileText(source, 'm.cred'), { y: [1, 2], M: 20_000 }, 'infer').bound!;
    expect(checkMemory(settings, large, null, 1e6)).toEqual([]);
    expect(checkMemory(settings, large, ['x'], 1e6)).toHaveLength(1);
  });

  it('have a limit where nobody knows what there is', () => {
    expect(checkMemory({ chains: 1, draws: 1_000_000 }, bound, null, null)).toEqual([]);
    expect(checkMemory({ chains: 4, draws: 1_000_000 }, bound, null, null)[0]!.message).toMatch(/at most 16\.0 GB are kept/);
  });
});

describe('memory that ran out', () => {
  it.each([
    ['of the calling thread', () => new Float64Array(2 ** 53 - 1)],
    ['of a buffer', () => new ArrayBuffer(2 ** 52)],
    [
      'of a thread',
      () => {
        throw new InternalError(
          'the threads of chain 0 died 3 times, at last with: Worker terminated due to reaching memory limit: JS heap out of memory',
        );
      },
    ],
  ])('%s is no fault of ours', (_, run) => {
    let thrown: unknown = null;
    try {
      run();
    } catch (error) {
      thrown = error;
    }
    expect(outOfMemory(thrown)).toMatchObject({ code: 'out-of-memory', severity: 'error' });
  });

  it('ends a run as a diagnostic', async () => {
    // Whatever a run calls may find that there is no more.
    const run = compile('data y: real[N]\nsample mu ~ Normal(0, 1)\nobserve y ~ Normal(mu, 1)\n').infer(
      { y: [1] },
      {
        backend: 'gibbs',
        onProgress: () => {
          throw new RangeError('Array buffer allocation failed');
        },
      },
    );
    await expect(run).rejects.toMatchObject({
      name: 'ModelError',
      message: expect.stringMatching(/error\[out-of-memory\].*\n.*fewer draws/) as unknown,
    });
  });

  it('is told from other errors', () => {
    for (const error of [new RangeError('Maximum call stack size exceeded'), new Error('x is undefined'), 'out of memory', null])
      expect(outOfMemory(error)).toBeNull();
  });
});
