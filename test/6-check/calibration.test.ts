/**
 * The record of calibration (docs/calibration.json): its page is up to date, nothing in it failed that should not have, false alarms
 * are as rare as stated, and errors that checks are recorded to catch are caught again. Right backends pass on small programs of all
 * kinds and on examples, at an effort that takes seconds; scripts/checks.mjs has the rest.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { check, type CheckReport, type Effort } from '../../src/testing-api.js';
import { backends } from '../../src/4-infer/registry.js';
import { checkSubject, findMethods } from '../../src/6-check/check.js';
import { mutations } from '../../src/6-check/mutations.js';
import { type Subject, subjectOf } from '../../src/6-check/subject.js';

interface Program {
  readonly name: string;
  readonly source: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly power?: boolean;
}
interface CheckRow {
  readonly program: string;
  readonly backend: string;
  readonly method: string;
  readonly verdict: string;
  readonly failed?: readonly string[];
}
interface PowerRow {
  readonly program: string;
  readonly backend: string;
  readonly kind: string;
  readonly error: string;
  readonly applying: readonly string[];
  readonly caught: Readonly<Record<string, number>>;
}
interface AlarmRow {
  readonly program: string;
  readonly backend: string;
  readonly seed: number;
  readonly p: Readonly<Record<string, number>>;
}
interface CalibrationRecord {
  readonly checks: readonly CheckRow[];
  readonly power: { readonly effort: Effort; readonly rows: readonly PowerRow[] };
  readonly falseAlarms: { readonly rows: readonly AlarmRow[] };
}
interface Count {
  readonly runs: number;
  readonly failed: number;
}
interface Page {
  readonly approximations: readonly string[];
  readRecord(): CalibrationRecord;
  calibrationPage(record: CalibrationRecord): string;
  falseAlarmCounts(rows: readonly AlarmRow[], rate: number): { readonly checks: Count; readonly methods: Readonly<Record<string, Count>> };
}
interface Case {
  readonly example: string;
  readonly model: string;
  readonly backend: string;
  readonly options: Readonly<Record<string, string>>;
  readonly entries: object;
}
interface Examples {
  casesOf(backends: readonly string[]): readonly Case[];
  dataOf(example: string, entries: object): Readonly<Record<string, unknown>>;
}

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
const programs = JSON.parse(read('programs.json')) as readonly Program[];
const page = (await import(new URL('../../scripts/calibration.mjs', import.meta.url).href)) as Page;
const examples = (await import(new URL('../../scripts/checks.mjs', import.meta.url).href)) as Examples;
const { checks, power, falseAlarms } = page.readRecord();

describe('the record of calibration', () => {
  it('is what the page shows (else run `node scripts/calibration.mjs`)', () => {
    expect(read('../../docs/calibration.md')).toBe(page.calibrationPage({ checks, power, falseAlarms }));
  });
  it('has no failure but of approximations, which sbc tells from the posterior', () => {
    expect(
      checks
        .filter((r) => r.verdict === 'failed' && !(r.method === 'sbc' && page.approximations.includes(r.backend.split(' ')[0]!)))
        .map((r) => [r.program, r.backend, r.method, r.failed]),
    ).toEqual([]);
    expect(checks.filter((r) => /^status/.test(r.verdict))).toEqual([]);
  });
  it('has checks of right backends fail no oftener than they state', () => {
    for (const rate of [0.01, 0.05, 0.1]) {
      const { checks: whole, methods } = page.falseAlarmCounts(falseAlarms.rows, rate);
      // Four standard deviations of a binomial count above its mean.
      for (const [name, { runs, failed }] of [['check', whole] as const, ...Object.entries(methods)])
        expect([rate, name, failed <= rate * runs + 4 * Math.sqrt(rate * (1 - rate) * runs)]).toEqual([rate, name, true]);
    }
    expect(new Set(falseAlarms.rows.map((r) => r.program)).size).toBeGreaterThanOrEqual(20);
  });
});

function subjectFor(name: string, backend: string): Subject {
  const { source, data } = programs.find((p) => p.name === name)!;
  return subjectOf(compile(source).plated(), new Map(Object.entries(data)), backends.get(backend)!, {}, '1');
}

describe('errors that checks are recorded to catch', () => {
  const { effort, rows } = power;
  const share = 1e-3 / findMethods(null).methods.filter((m) => m.statistical).length;
  async function catches({ program, backend, error }: PowerRow, methods: readonly string[]): Promise<readonly string[]> {
    const subject = subjectFor(program, backend);
    const mutation = mutations(subject.bound, { walks: backend === 'mh', hasKernel: subject.backend.kernel !== undefined }).find(
      (m) => m.name === error,
    )!;
    const { methods: wanted } = findMethods(methods),
      rate = share * wanted.filter((m) => m.statistical).length;
    const report = await checkSubject({ ...subject, planted: mutation.planted }, wanted, Math.max(rate, share), effort, () => {});
    return report.methods.filter((m) => m.verdict === 'failed').map((m) => m.method);
  }
  it('are every one of these programs', () => {
    for (const { name } of programs.filter((p) => p.power === true)) expect(rows.some((r) => r.program === name)).toBe(true);
    expect(rows.filter((r) => Object.keys(r.caught).length === 0).map((r) => [r.program, r.backend, r.error])).toEqual([]);
  });
  it.each([...new Set(['gibbs', 'mh', 'exact', 'cavi', 'laplace', 'map', ...rows.map((r) => r.backend)])])(
    'without chance, all of them: %s',
    async (backend) => {
      const own = rows.filter((r) => r.backend === backend && 'ratio' in r.caught);
      const missed: string[] = [];
      for (const row of own) if ((await catches(row, ['ratio'])).length === 0) missed.push(`${row.program}: ${row.error}`);
      expect(missed).toEqual([]);
      expect(own.length).toBeGreaterThan(0);
    },
  );
  // Of each check the claim that is clearest for a kind of error, and for a backend, where it is so clear that another stream of random
  // numbers would say the same.
  const clear = new Map<string, { readonly row: PowerRow; readonly method: string; readonly p: number }>();
  for (const row of rows)
    for (const [method, p] of Object.entries(row.caught))
      for (const what of [row.kind, row.backend]) {
        const key = `${method}, ${what}`,
          known = clear.get(key);
        if (method !== 'ratio' && p < share / 100 && (known === undefined || p < known.p)) clear.set(key, { row, method, p });
      }
  const claims = new Map(
    [...clear.values()].map((claim) => [[claim.method, claim.row.backend, claim.row.program, claim.row.error].join(', '), claim]),
  );
  it.each([...claims.keys()].sort())('with chance: %s', async (key) => {
    const { row, method } = claims.get(key)!;
    expect(await catches(row, [method])).toEqual([method]);
  });
});

/** Verdicts that are not a pass, with what failed. */
function troubles({ methods }: CheckReport): readonly string[] {
  return methods.flatMap((m) =>
    m.verdict === 'failed'
      ? [
          `${m.method}: ${m.tests
            .filter((t) => t.failed)
            .map((t) => `${t.quantity} ${t.p}`)
            .join('; ')}`,
        ]
      : [],
  );
}

describe('right backends pass', () => {
  const tiny: Partial<Effort> = { draws: 200, warmup: 100, simulations: 20, ranks: 9, steps: 200, repetitions: 40, length: 10 };
  // What simulates takes turns.
  it.each(programs.map((p, k) => [p.name, ['rank', 'geweke', 'sbc'][k % 3]!, p] as const))(
    'gibbs on %s, by ratio, laws and %s',
    async (_, method, { source, data }) => {
      expect(troubles(await check(compile(source), data, { backend: 'gibbs', methods: ['ratio', 'laws', method], effort: tiny }))).toEqual(
        [],
      );
    },
  );
  // One backend for each example, in turn; where one takes seconds, it is left to the script.
  const turn = ['gibbs', 'mh', 'cavi', 'exact', 'map', 'em'];
  const slow = ['10-old-faithful', '28-mixture-of-bernoullis'];
  const chosen = examples
    .casesOf(turn)
    .filter(
      ({ example, backend, options }) =>
        Object.keys(options).length === 0 && !slow.includes(example) && turn[Number(example.slice(0, 2)) % turn.length] === backend,
    );
  it.each(chosen.map((c) => [c.example, c.backend, c] as const))('%s by %s', async (example, backend, { model, entries }) => {
    const program = compile(read(`../../examples/${example}/${model}`)),
      data = examples.dataOf(example, entries);
    let report: CheckReport;
    // A backend that does not apply is nothing to check.
    try {
      report = await check(program, data, { backend, methods: ['ratio', 'laws'], effort: tiny });
    } catch (thrown) {
      expect((thrown as Error).name).toBe('ModelError');
      return;
    }
    expect(troubles(report)).toEqual([]);
  });
});
