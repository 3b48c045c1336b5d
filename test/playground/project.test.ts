/** What the playground keeps, away from the page: projects in links, examples that can be run, data of pasted texts. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readValues } from '../../playground/source/engine/values.js';
import { fragmentOf, type Shared, sharedOf } from '../../playground/source/page/link.js';
import type { Project, Settings } from '../../playground/source/protocol.js';
import { backends, compile } from '../../src/index.js';
import { claimOf, readData } from '../claims.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const settings: Settings = {
  backend: 'gibbs',
  chains: '2',
  draws: '50',
  warmup: '10',
  seed: 'monday',
  thin: '2',
  until: '400',
  maxSeconds: '9.5',
  init: '{ "mu": 0 }',
  options: 'block=none',
};

describe('links', () => {
  it('bring back every text as it was', async () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        text,
        fc.array(fc.tuple(text, text), { maxLength: 3 }),
        text,
        async (program, values, table, columns, seed) => {
          const shared = { project: { program, values, table, columns }, settings: { ...settings, seed } };
          const { fragment, withData } = await fragmentOf(shared);
          expect(withData).toBe(true);
          expect(fragment).toMatch(/^p=[\w-]+$/);
          expect(await sharedOf(`#${fragment}`)).toEqual(shared);
        },
      ),
      { seed: 3, numRuns: 60 },
    );
  });

  it('are deflated JSON (RFC 1951, RFC 4648), as other programs read it', async () => {
    const project: Project = { program: 'sample x ~ Normal(0, 1)', values: '{}', table: '', columns: [] };
    const { fragment } = await fragmentOf({ project, settings });
    expect(JSON.parse(inflateRawSync(Buffer.from(fragment.slice(2), 'base64url')).toString())).toEqual({ ...project, ...settings });
  });

  it('leave out data that are too large, never the program', async () => {
    let state = 1;
    const noise = Array.from({ length: 20_000 }, () => {
      state = (state * 48271) % 2147483647;
      return state;
    }).join(',');
    const shared: Shared = {
      project: { program: 'let x = 1', values: `{"y":[${noise}]}`, table: `y\n${noise}`, columns: [['y', 'y']] },
      settings,
    };
    const { fragment, withData } = await fragmentOf(shared);
    expect(withData).toBe(false);
    expect(await sharedOf(fragment)).toEqual({ project: { ...shared.project, values: '', table: '' }, settings });
  });

  it('of others, and fields that are no text, are nothing', async () => {
    expect(await sharedOf('#section-2')).toBeNull();
    expect(await sharedOf('')).toBeNull();
    await expect(sharedOf('#p=%%%')).rejects.toThrow('damaged');
    for (const fields of ['null', '["program"]', '{"program":7}', '{"__proto__":{"program":"let x = 1"}}']) {
      await expect(sharedOf(`#p=${deflateRawSync(Buffer.from(fields)).toString('base64url')}`), fields).rejects.toThrow(
        'it holds no program',
      );
    }
  });
});

interface Example {
  readonly id: string;
  readonly project: Project;
  readonly settings: Partial<Settings>;
}

describe('the examples of the playground', async () => {
  const { examplesOf } = (await import(new URL('../../scripts/playground.mjs', import.meta.url).href)) as {
    examplesOf(backends: readonly string[]): readonly Example[];
  };
  const examples = examplesOf([...backends.keys()]);

  it('are all that are one program', () => {
    expect(examples.length).toBeGreaterThan(30);
  });

  it.each(examples)('$id has its program and the data of its claim', ({ id, project, settings: { backend } }) => {
    expect(project.program).toBe(readFileSync(join(root, 'examples', id, 'model.cred'), 'utf8'));
    expect([...backends.keys()]).toContain(backend);
    const model = compile(project.program),
      { data, problems } = readValues(project, model.inputs);
    expect(problems).toEqual([]);
    // Read by other code (test/claims.ts); a column of words is compared where it is numbers there too.
    const claim = claimOf(id),
      truth = readData(id, claim.data),
      read = data as ReadonlyMap<string, unknown>;
    for (const [name, value] of Object.entries(truth)) expect(numbersOf(read.get(name)), name).toEqual(numbersOf(value));
    // What is bound can be explained: nothing is missing, nothing has the wrong shape.
    expect(() => model.explain({ backend: 'mh', data })).not.toThrow();
  });
});

/** Numbers of nested lists and of tensors, missing ones null. */
function numbersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => numbersOf(item));
  if (typeof value === 'object' && value !== null && 'values' in value)
    return Array.from(value.values as ArrayLike<number>, (x) => (Number.isNaN(x) ? null : x));
  return [value];
}

describe('pasted texts', () => {
  const model = compile('data X: real[N, D]\ndata y: real[N]\nsample w ~ iid(Normal(0, 1), D)\nobserve y ~ Normal(X @ w, 1)');
  const read = (project: Partial<Project>): ReturnType<typeof readValues> =>
    readValues({ program: '', values: '', table: '', columns: [], ...project }, model.inputs);

  it('bind columns by header, or as asked, several to a matrix; JSON wins', () => {
    const { data, problems } = read({ table: 'y,a,b\n1,2,3\n4,5,6\n', columns: [['X', 'b, a']], values: '{ "y": [7, 8] }' });
    expect(problems).toEqual([]);
    expect(numbersOf((data as ReadonlyMap<string, unknown>).get('X'))).toEqual([3, 2, 6, 5]);
    expect((data as ReadonlyMap<string, unknown>).get('y')).toEqual([7, 8]);
  });

  it('that cannot be read say so, each for itself', () => {
    const { problems } = read({ table: 'y,a\n1,2\n3\n', values: '{ "y": ' });
    expect(problems.map(({ origin, code }) => `${origin}: ${code}`)).toEqual(['table: bad-csv', 'values: bad-json']);
    expect(read({ table: 'y,a\n1,2\n', columns: [['X', 'aa']] }).problems).toMatchObject([
      { origin: 'table', message: expect.stringContaining('aa') },
    ]);
  });

  it('never become properties of anything', () => {
    const { data } = read({
      values: '{ "__proto__": { "hostile": 1 }, "constructor": 2 }',
      table: '__proto__,toString\n1,2\n',
      columns: [['__proto__', 'y']],
    });
    expect([...(data as ReadonlyMap<string, unknown>).keys()]).toEqual(['__proto__', 'constructor']);
    expect(Reflect.get({}, 'hostile')).toBeUndefined();
  });
});
