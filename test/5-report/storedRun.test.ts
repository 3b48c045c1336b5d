/**
 * A run read back from its files is the run that was written; files that are damaged, cut off or of two runs are refused with the reason.
 */
import { describe, expect, it } from 'vitest';
import type { VariableResult } from '../../src/4-infer/posterior.js';
import { Posterior } from '../../src/5-report/posterior.js';
import { renderSummary } from '../../src/5-report/render.js';
import { readStoredRun, type StoredRun } from '../../src/5-report/storedRun.js';
import { rowCount, rowsAt, rowsOf, summarise, type VariableSummary, withResult } from '../../src/5-report/summary.js';
import { ModelError } from '../../src/errors/diagnostic.js';
import { context, drawn, normals, result } from './results.js';

const closed: VariableResult = {
  name: 'q',
  shape: [2],
  kind: 'latent',
  discrete: true,
  range: 2,
  low: 1,
  insidePlate: true,
  result: {
    form: 'closed',
    mean: Float64Array.of(1.25, 2),
    sd: Float64Array.of(0.4, 0),
    mcse: null,
    quantiles: { q5: Float64Array.of(1, 2), q50: Float64Array.of(1, 2), q95: Float64Array.of(2, 2) },
    probabilities: Float64Array.of(0.75, 0.25, 0, 1),
    draws: null,
  },
};
const moments: VariableResult = {
  name: 'big',
  shape: [2],
  kind: 'latent',
  discrete: false,
  insidePlate: true,
  result: {
    form: 'moments',
    chains: 2,
    draws: 40,
    mean: Float64Array.of(1, 2),
    variance: Float64Array.of(4, 9),
    mcse: Float64Array.of(0.1, 0.2),
    rhat: Float64Array.of(1, 1.001),
    probabilities: null,
  },
};
const written = new Posterior(
  result(
    [
      drawn(
        'mu',
        [],
        2,
        normals(2, 40, 1, (_c, _d, _e, z) => z),
      ),
      drawn(
        'm',
        [2, 2],
        2,
        normals(2, 40, 4, (_c, _d, e, z) => (e === 0 ? Number.NaN : z * 1e-9)),
      ),
      drawn(
        'r',
        [2, 2],
        2,
        normals(2, 40, 4, (_c, _d, _e, z) => z),
        { elements: Int32Array.of(0, 2, 3) },
      ),
      moments,
      closed,
    ],
    { exchangeable: [{ size: 2, variables: [{ name: 'q', axis: 0 }], orderBy: null, labels: ['z'] }] },
  ),
  context,
);
const files = written.files();
const text = (name: string): string => files[name]!;
function readBack(
  changes: {
    readonly summary?: string | Iterable<string>;
    readonly run?: string;
    readonly draws?: Iterable<string> | null;
    readonly data?: string;
    readonly pointwise?: string;
  } = {},
): StoredRun {
  return readStoredRun({
    summary: changes.summary ?? text('summary.json'),
    run: changes.run ?? text('run.json'),
    draws: changes.draws === undefined ? [text('draws.csv')] : changes.draws,
    data: changes.data ?? null,
    pointwise: changes.pointwise ?? null,
  });
}

describe('a run read back', () => {
  it('has the draws, moments, laws and rows that were written', () => {
    const { variables, summary, record } = readBack();
    expect(variables.map(({ variable }) => variable.name)).toEqual(['mu', 'm', 'r', 'big', 'q']);
    for (const [i, { variable, elements }] of variables.entries()) {
      const original = written.result.variables[i]!;
      expect({ ...variable, result: null }).toEqual({ ...original, result: null });
      expect(elements).toEqual(written.summaries()[i]!.elements);
      if (original.result.form === 'closed') expect(variable.result).toEqual(original.result);
    }
    const [mu, m, r, big] = variables.map(({ variable: { result: form } }) => form);
    expect(mu).toEqual(written.result.variables[0]!.result);
    expect(m).toEqual(written.result.variables[1]!.result);
    const ragged = written.result.variables[2]!.result;
    if (r?.form !== 'draws' || ragged.form !== 'draws' || big?.form !== 'moments') throw new Error('forms are lost');
    expect([...r.values].map((x, at) => (at % 4 === 1 ? x : x - ragged.values[at]!)).every((x) => x === 0 || Number.isNaN(x))).toBe(true);
    expect([[...big.mean], [...big.variance], [...big.mcse]]).toEqual([
      [1, 2],
      [4, 9],
      [0.1, 0.2],
    ]);
    expect(summary).toEqual(JSON.parse(text('summary.json')));
    expect(record.exchangeable).toEqual(written.result.exchangeable);
  });

  it('has the Pareto k of each unit that has one', () => {
    expect(readBack().paretoK).toBeNull();
    expect(readBack({ pointwise: 'unit,elpd_loo,k\n"y[0,1]",-1,0.3\n"y[1,1]",-2,\ny,-3,1.5\n' }).paretoK).toEqual([
      { unit: 'y[0,1]', k: 0.3 },
      { unit: 'y', k: 1.5 },
    ]);
  });

  it('has a row that stands twice once, the last of the two, as JSON has it', () => {
    const summary = text('summary.json'),
      row = /"m\[0,1\]":\s*\{[^}]*\}/.exec(summary)![0];
    const twice = summary.replace(row, `${row.replace(/"mean":[^,]*/, '"mean": 7')}, ${row}`);
    expect(twice.length).toBeGreaterThan(summary.length);
    expect(readBack({ summary: twice }).variables).toEqual(readBack().variables);
  });

  it('does not depend on where its pieces end', () => {
    const whole = text('draws.csv');
    for (const size of [1, 7, 64]) {
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.slice(i * size, (i + 1) * size));
      expect(readBack({ draws: pieces }).variables).toEqual(readBack().variables);
    }
    expect(readBack({ draws: [whole.replaceAll('\n', '\r\n')] }).variables).toEqual(readBack().variables);
  });
});

describe('a run of many elements read back', () => {
  const size = 10_001,
    at = (f: (i: number) => number): Float64Array => Float64Array.from({ length: size }, (_, i) => f(i));
  const large: VariableResult = {
    ...closed,
    name: 'z',
    shape: [size],
    result: {
      form: 'closed',
      mean: at((i) => 1 + (i % 5) / 5),
      sd: at((i) => (i % 7 === 0 ? Number.NaN : i / 7)),
      mcse: null,
      quantiles: null,
      probabilities: Float64Array.from(
        { length: 2 * size },
        (_, i) => ((i >> 1) % 5) / 5 + (i % 2 === 0 ? 1 - (2 * ((i >> 1) % 5)) / 5 : 0),
      ),
      draws: null,
    },
  };
  const posterior = new Posterior(result([large]), context),
    whole = posterior.files()['summary.json']!;
  const read = readStoredRun({ summary: [whole], run: posterior.files()['run.json']!, draws: null, data: null, pointwise: null });
  const [summary] = read.variables as [VariableSummary];

  it('has the rows that were written, made when they are asked for', () => {
    expect(rowCount(summary)).toBe(size);
    const rows = [...rowsOf(summary)];
    expect(rows.map(({ name, flat: _, ...row }) => [name, row])).toEqual(
      Object.entries((JSON.parse(whole) as { variables: object }).variables),
    );
    expect(rowsAt(summary, [size - 1, 0])).toEqual([rows.at(-1), rows[0]]);
    // Another result has the same rows.
    expect(rowsAt(withResult(summary, closed), [3])).toEqual([rows[3]]);
    expect(read.summary.variables).toEqual((JSON.parse(whole) as { variables: object }).variables);
    // 10,001 numbers take as many columns as they have kinds, not an object each.
    expect(rowsAt(summary, [0])[0]).not.toBe(rowsAt(summary, [0])[0]);
  });

  it('is the same table as of the run itself', () => {
    expect(renderSummary(new Posterior(result([summary.variable]), context), 200)).toBe(renderSummary(posterior, 200));
  });

  it('has of draws the rows that each element has alone', () => {
    const values = normals(2, 8, size, (_c, _d, e, z) => z + e),
      [many] = summarise([drawn('x', [size], 2, values)]);
    for (const e of [0, 17, size - 1]) {
      const own = Float64Array.from({ length: 16 }, (_, row) => values[row * size + e]!),
        [alone] = summarise([drawn('x', [], 2, own)]);
      expect(rowsAt(many!, [e])[0]).toEqual({ ...alone!.elements[0], name: `x[${e}]`, flat: e });
    }
    expect(rowCount(many!)).toBe(size);
  });

  it('is written with fields of others beside its own, or in their place', () => {
    const text = [...posterior.summaryText({ aic: 3, agreement: { agrees: true } })].join('');
    expect(JSON.parse(text)).toEqual({ ...(JSON.parse(whole) as object), aic: 3, agreement: { agrees: true } });
  });

  it('keeps labels in bytes, and refuses what is no label', () => {
    const labels = drawn('z', [2], 2, Uint8Array.of(0, 1, 2, 1, 0, 0, 2, 2), { discrete: true, range: 3, insidePlate: true }),
      files = new Posterior(result([labels]), context).files();
    const back = (draws: string): StoredRun =>
      readStoredRun({ summary: files['summary.json']!, run: files['run.json']!, draws: [draws], data: null, pointwise: null });
    expect(back(files['draws.csv']!).variables[0]?.variable.result).toEqual(labels.result);
    for (const wrong of ['300', '0.5', '-1', 'NaN'])
      expect(() => back(files['draws.csv']!.replace('0,0,0,1', `0,0,${wrong},1`))).toThrow(`${wrong} is not among the values`);
  });
});

describe('files that are not those of a run', () => {
  const draws = text('draws.csv'),
    run = JSON.parse(text('run.json')) as Record<string, unknown>;
  const without = (name: string): string => JSON.stringify({ ...run, [name]: undefined });
  it.each<[string, Parameters<typeof readBack>[0], RegExp]>([
    ['a cut summary', { summary: text('summary.json').slice(0, 300) }, /summary\.json: this is not whole JSON/],
    ['a summary of something else', { summary: '[1, 2]' }, /summary\.json: this is not what a run writes/],
    [
      'a summary without variables',
      { summary: '{"backend":"gibbs","seed":"1","converged":true,"warnings":[]}' },
      /summary\.json: the field "variables" is missing/,
    ],
    [
      'rows with words for numbers',
      { summary: text('summary.json').replace(/"mean":[^,]*/, '"mean":"<b>1</b>"') },
      /summary\.json: the field "variables" is not what/,
    ],
    ['a record of an older version', { run: without('variables') }, /run\.json: the field "variables" is missing/],
    ['a record without its program', { run: without('program') }, /run\.json: the field "program" is missing/],
    [
      'a shape of a billion',
      { run: JSON.stringify({ ...run, variables: [{ ...(run['variables'] as object[])[0], shape: [1e9, 1e9] }] }) },
      /run\.json: the run says that it kept \S+ numbers/,
    ],
    [
      'a summary of another run',
      { run: JSON.stringify({ ...run, variables: (run['variables'] as object[]).slice(1) }) },
      /summary\.json: the row "mu" is of no variable/,
    ],
    ['missing draws', { draws: null }, /draws\.csv: the file is missing/],
    ['empty draws', { draws: [] }, /draws\.csv: the file is empty/],
    ['another header', { draws: [draws.replace('chain,draw,mu', 'a,b,mu')] }, /draws\.csv: line 1: the header does not begin/],
    ['a column of another run', { draws: [draws.replace(',mu,', ',nu,')] }, /draws\.csv: line 1: the run has no "nu"/],
    ['draws cut off within a row', { draws: [draws.slice(0, draws.length - 30)] }, /draws\.csv: the last line has no end/],
    ['draws cut off within the last number', { draws: [draws.slice(0, draws.length - 2)] }, /draws\.csv: the last line has no end/],
    [
      'a row of too few cells',
      { draws: [draws.replace(/\n1,3,[^,]*,/, '\n1,3,')] },
      /draws\.csv: line 45: the row has 9 cells, and the header 10/,
    ],
    [
      'draws cut off after a row',
      { draws: [`${draws.split('\n').slice(0, 41).join('\n')}\n`] },
      /draws\.csv: there are 40 rows, and the run made 80 draws/,
    ],
    ['rows too many', { draws: [`${draws}${draws.split('\n')[1]}\n`] }, /draws\.csv: line 82: the run made 80 draws/],
    ['words among draws', { draws: [draws.replace(/\n1,3,[^,]*/, '\n1,3,<script>')] }, /draws\.csv: line 45: "<script>" is not a number/],
    ['criteria of another table', { pointwise: 'unit,elpd\na,1\n' }, /pointwise\.csv: the columns unit and k are missing/],
    ['criteria cut off', { pointwise: 'unit,elpd_loo,k\na,1\n' }, /pointwise\.csv: .*2 cells/],
    ['data that are not JSON', { data: '{"x": [1, 2' }, /data\.json: /],
  ])('are refused: %s', (_, changes, message) => {
    let thrown: unknown = null;
    try {
      readBack(changes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ModelError);
    expect((thrown as ModelError).message).toMatch(message);
    expect((thrown as ModelError).diagnostics[0]).toMatchObject({ severity: 'error', hint: expect.any(String) as string });
  });
});
