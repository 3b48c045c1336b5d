/**
 * What `auto` runs: a table over every example, as docs/backends.md says, and the reasons it gives; options
 * that narrow the choice; backends that turn out not to apply once data are bound.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compile, type Diagnostic, ModelError } from '../../src/index.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'examples');

/** By the rule of the documentation, worked out by hand from each program. */
const table: Readonly<Record<string, string>> = {
  '01-hierarchical-mixture': 'gibbs',
  '02-linear-regression': 'exact',
  '03-nonlinear-state-space': 'gibbs',
  '04-linear-gaussian-state-space': 'exact',
  '05-metropolis-hastings': 'exact',
  '06-gibbs-correlated-gaussian': 'exact',
  '07-mean-field-gaussian': 'exact',
  '08-known-mixture': 'exact',
  '09-eight-schools': 'gibbs',
  '10-old-faithful': 'gibbs',
  '11-nile': 'gibbs',
  '12-airquality': 'gibbs',
  '13-discrete-pushforward': 'exact',
  '14-change-of-variables': 'gibbs',
  '15-implicit-model': 'exact',
  '16-normalising-flow': 'map',
  '17-logistic-regression': 'map',
  '18-maximum-likelihood-regression': 'map',
  '19-maximum-likelihood-facts': 'map',
  '20-laplace-approximation': 'exact',
  '21-generative-classifier': 'exact',
  '22-evidence': 'exact',
  '23-gaussian-or-mixture': 'em',
  '24-k-means': 'em',
  '25-gaussian-mixture': 'em',
  '26-degenerate-likelihood': 'em',
  '27-well-posed-mixtures': 'gibbs',
  '28-mixture-of-bernoullis': 'em',
  '29-regression-hyper-parameters': 'em',
};

const quick = { chains: 1, draws: 20, warmup: 5, workers: 0, seed: 1 } as const;
/** What ran, and the note that was given before it. */
async function chosen(
  source: string,
  data: Readonly<Record<string, unknown>>,
  options: object = {},
): Promise<{ readonly backend: string; readonly said: readonly string[] }> {
  const said: string[] = [];
  const posterior = await compile(source).infer(data, {
    ...quick,
    onNotes: (notes: readonly Diagnostic[]) => {
      said.push(...notes.filter((n) => n.code === 'chosen-backend').map((n) => n.message));
    },
    ...options,
  });
  expect(posterior.notes.map((n) => n.message)).toEqual(said);
  expect(posterior.warnings.map((w) => w.code)).not.toContain('chosen-backend');
  return { backend: posterior.summary().backend, said };
}

describe('the choice', () => {
  const examples = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'model.cred')));
  it.each(examples.map((name) => ({ name })))('for $name is that of the rule', ({ name }) => {
    const explained = compile(readFileSync(join(folder, name, 'model.cred'), 'utf8')).explain();
    if (table[name] === undefined) expect(Object.values(table)).toContain(explained.backend);
    else expect(explained.backend).toBe(table[name]);
    const [reason] = (JSON.parse(JSON.stringify(explained)) as { readonly notes: readonly string[] }).notes;
    expect(reason).toMatch(new RegExp(`^auto runs ${explained.backend}: .*\\n`));
    // Each of the others is accounted for.
    for (const other of ['exact', 'em', 'map', 'gibbs', 'mh', 'cavi', 'laplace'])
      if (other !== explained.backend) expect(reason).toMatch(new RegExp(`^  not .*\\b${other}\\b.*: .`, 'm'));
  });

  it('is told with what the others lack, before the run', async () => {
    const { backend, said } = await chosen('data y: real[N]\nsample t ~ HalfNormal(1)\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, t)', {
      y: [1, 2],
    });
    expect(backend).toBe('gibbs');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^auto runs gibbs: /);
    expect(said[0]).toMatch(/\n {2}not exact: .*\bt\b/);
    expect(said[0]).toMatch(/\n {2}not em, map: there is no param to estimate/);
    expect(said[0]).toMatch(/\n {2}not cavi, laplace: approximations/);
  });

  it('is for estimates where unknowns have no prior', async () => {
    expect((await chosen('data y: real[N]\nparam m: real\nobserve y ~ Normal(m, 1)', { y: [1, 2] })).backend).toBe('map');
    expect(
      (
        await chosen(
          'data y: real[N]\nparam m: real[2]\nfor n in 0..<N { sample z[n] ~ Bernoulli(0.5)  observe y[n] ~ Normal(m[z[n]], 1) }',
          { y: [1, 2, -3, -4] },
        )
      ).backend,
    ).toBe('em');
    expect(
      (
        await chosen('data y: real[N]\nparam t: positive\nfor n in 0..<N { sample b[n] ~ Normal(0, t)  observe y[n] ~ Normal(b[n], 1) }', {
          y: [1, 2, -3, -4],
        })
      ).backend,
    ).toBe('em');
    const random = await chosen(
      'data y: int[N]\nparam m: real\nfor n in 0..<N { sample b[n] ~ Normal(m, 1)  observe y[n] ~ Poisson(exp(b[n])) }',
      { y: [1, 2, 0] },
    );
    expect(random.backend).toBe('em');
    expect(random.said[0]).toMatch(/not map: it would maximise b with the rest/);
    const product = await chosen(
      'data y: real[N]\nparam m: real\nsample a ~ Normal(m, 1)\nfor n in 0..<N { sample b[n] ~ Normal(0, 1)  observe y[n] ~ Normal(sin(a * b[n]), 1) }',
      { y: [1, 2, 0] },
    );
    expect(product.backend).toBe('gibbs');
    expect(product.said[0]).toMatch(/not em: the term/);
  });

  const switches =
    'data y: real[N]\nsample m ~ iid(Normal(0, 3), 2)\nfor n in 0..<N { sample z[n] ~ Bernoulli(0.4)  observe y[n] ~ Normal(m[z[n]], 1) }';
  it('is exact as long as configurations are few', async () => {
    expect((await chosen(switches, { y: [1, 2, -1] })).backend).toBe('exact');
    const many = await chosen(switches, { y: Array.from({ length: 30 }, (_, n) => n % 3) });
    expect(many.backend).toBe('gibbs');
    expect(many.said).toHaveLength(1);
    expect(many.said[0]).toMatch(/not exact: it would enumerate 2\^30 configurations of z; 2\^16 is the limit/);
    expect(compile(switches).explain({ data: { y: [1, 2, -1] } }).backend).toBe('exact');
    expect(compile(switches).explain({ data: { y: Array.from({ length: 30 }, () => 1) } }).backend).toBe('gibbs');
  });
});

describe('the choice goes on', () => {
  it('where bound data show that a backend does not apply', async () => {
    // Elements that all meet: the table of the block has 2^21 states, which data alone tell.
    const network = 'data K: int\nfor k in 0..<K { sample z[k] ~ Bernoulli(0.5) }\nfactor 0.1 * log(1 + sum(z[k] for k in 0..<K))';
    expect((await chosen(network, { K: 3 })).backend).toBe('exact');
    const large = await chosen(network, { K: 25 });
    expect(large.backend).toBe('gibbs');
    expect(large.said).toHaveLength(1);
    expect(large.said[0]).toMatch(/\n {2}not exact: z/);
  });
  it('and stops at what is wrong with the model or the options', async () => {
    await expect(
      compile('data y: real[N]\nsample m ~ Flat()\nsample k ~ Flat()\nobserve y ~ Normal(m + k, 1)').infer({ y: [1, 2] }, quick),
    ).rejects.toMatchObject({ diagnostics: [{ code: 'improper-posterior' }] });
    await expect(compile('sample m ~ Normal(0, 1)').infer({}, { ...quick, options: { 'kernel.q': 'slice' } })).rejects.toThrow(
      /no unknown is called 'q'/,
    );
  });
});

describe('options narrow the choice', () => {
  const conjugate = 'data y: real[N]\nsample m ~ Normal(0, 1)\nobserve y ~ Normal(m, 1)';
  it('to backends that take them', async () => {
    const sliced = await chosen(conjugate, { y: [1, 2] }, { options: { 'kernel.m': 'slice' } });
    expect(sliced.backend).toBe('gibbs');
    expect(sliced.said[0]).toMatch(/not exact, em, map: has no option kernel\.m/);
    expect((await chosen(conjugate, { y: [1, 2] }, { options: { mode: false } })).backend).toBe('exact');
    expect((await chosen(conjugate, { y: [1, 2] }, { options: { maximize: 'm' } })).backend).toBe('em');
  });
  it('and a refusal of one that was taken for their sake says so', async () => {
    const mixture =
      'data y: real[N] sample p ~ Beta(1, 1) for k in 0..<2 { sample m[k] ~ Normal(0, 3) } for n in 0..<N { sample z[n] ~ Bernoulli(p) observe y[n] ~ Normal(m[z[n]], 1) }';
    await expect(compile(mixture).infer({ y: [1, 2] }, { ...quick, options: { maximize: 'p' } })).rejects.toThrow(
      /em does not apply[\s\S]*auto took em because of maximize \(--opt\): without it others may do/,
    );
  });
  it('unless none takes them all', async () => {
    await expect(compile(conjugate).infer({ y: [1] }, { ...quick, options: { 'kernel.m': 'slice', mode: true } })).rejects.toThrow(
      ModelError,
    );
    await expect(compile(conjugate).infer({ y: [1] }, { ...quick, options: { 'kernel.m': 'slice', mode: true } })).rejects.toThrow(
      /takes all of the options kernel\.m, mode/,
    );
    await expect(compile(conjugate).infer({ y: [1] }, { ...quick, options: { kernl: 'slice' } })).rejects.toThrow(
      /The backend auto has no option kernl/,
    );
  });
});
