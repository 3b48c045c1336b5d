/** Reports of closed forms are computed from draws: these stand in the rows of the draws that they are of. */
import { describe, expect, it } from 'vitest';
import { readStoredRun } from '../../src/5-report/storedRun.js';
import { compile } from '../../src/index.js';

const programs = {
  exact: 'data y: real[N]\nsample m ~ Normal(0, 5)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1) }\nreport q = exp(m)',
  laplace: 'data y: real[N]\nsample m ~ Normal(0, 5)\nfor n in 0..<N { observe y[n] ~ StudentT(4, m, 1) }\nreport q = exp(m)',
  cavi: 'data y: real[N]\nsample m ~ Normal(0, 5)\nsample t ~ Gamma(2, 1)\nfor n in 0..<N { observe y[n] ~ Normal(m, 1 / sqrt(t)) }\nreport q = exp(m)',
};

describe('reports in draws.csv', () => {
  it.each(Object.entries(programs))('of %s are those of the draws beside them', async (backend, text) => {
    const posterior = await compile(text).infer({ y: [1, 2, 2.5] }, { backend, chains: 2, draws: 25, seed: 1 }),
      files = posterior.files();
    const [header, ...lines] = files['draws.csv']!.trim().split('\n'),
      names = header!.split(',');
    const rows = lines.map((line) => line.split(',').map(Number));
    expect(rows).toHaveLength(50);
    const m = names.indexOf('m'),
      q = names.indexOf('q');
    for (const row of rows) expect(row[q]! / Math.exp(row[m]!)).toBeCloseTo(1, 10);
    const read = readStoredRun({
      summary: files['summary.json']!,
      run: files['run.json']!,
      draws: [files['draws.csv']!],
      data: null,
      pointwise: null,
    });
    const report = read.variables.find(({ variable }) => variable.name === 'q')!.variable.result;
    expect(report.form === 'draws' ? [...report.values] : []).toEqual(rows.map((row) => row[q]));
  });
});
