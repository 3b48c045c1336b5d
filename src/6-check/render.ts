/**
 * A check as text for a terminal: one paragraph a method, what failed in full, ranks as bars, agreement as a table.
 */
import { wrapped } from '../5-report/textTable.js';
import type { CheckReport, MethodReport } from './check.js';
import type { QuantityTest, RankRecord } from './results.js';

/** Comparisons shown of a method that failed, and rank pictures of any. */
const mostFailures = 8,
  mostPictures = 12;

/**
 * A report in plain text, as the command line prints it.
 * @param width characters of a line.
 */
export function renderCheck(report: CheckReport, width: number): string {
  const failed = report.methods.filter((m) => m.verdict === 'failed').map((m) => m.method);
  const rates = report.methods.some((m) => m.falseAlarm > 0) ? ` A right backend fails with probability ${report.falseAlarm} at most.` : '';
  const verdict =
    report.verdict === 'failed'
      ? `${report.backend} fails ${failed.join(' and ')}.${rates}`
      : report.verdict === 'passed'
        ? `${report.backend} passes every check that applies.${rates}`
        : `No check applies to ${report.backend} on this program.`;
  return [...report.methods.map((m) => fitted(renderMethod(m, width), width)), fitted([verdict], width), '']
    .join('\n\n')
    .replace(/\n\n$/, '\n');
}

const words = { passed: 'passed', failed: 'FAILED', inapplicable: 'does not apply' } as const;

function renderMethod(m: MethodReport, width: number): readonly string[] {
  if (m.verdict === 'inapplicable')
    return [
      `${m.method.padEnd(10)} ${words.inapplicable}: ${m.reason ?? ''}`,
      ...(m.method === 'agreement' ? agreementTable(m.tests, width) : []),
    ];
  const chance =
    m.falseAlarm === 0
      ? ''
      : `, ${m.p === null || Number.isNaN(m.p) ? 'nothing judged' : `p ${number(m.p)}`}, false alarms ${number(m.falseAlarm)}`;
  const lines = [
    `${m.method.padEnd(10)} ${words[m.verdict]}: ${m.did}; ${m.tests.length} comparison${m.tests.length === 1 ? '' : 's'}${chance}, ${m.seconds.toPrecision(2)} s`,
  ];
  const failures = m.tests.filter((t) => t.failed).sort((a, b) => (a.p ?? 0) - (b.p ?? 0));
  for (const t of failures.slice(0, mostFailures)) lines.push(`  ${failure(t)}`);
  if (failures.length > mostFailures) lines.push(`  and ${failures.length - mostFailures} more`);
  if (m.method === 'power') lines.push(...powerTable(m.tests, Object.keys(m.scores?.caught ?? {}), width));
  if (m.method === 'agreement') lines.push(...agreementTable(m.tests, width));
  if (m.method === 'sbc' && m.ranks !== undefined) lines.push(...rankPictures(m.ranks, m.tests));
  return lines;
}

function failure(t: QuantityTest): string {
  const p = t.p === null ? '' : `, p = ${number(t.p)}`;
  return `${t.quantity}: ${t.statistic} = ${number(t.value)}${p}; ${t.detail}${t.pointsTo === '' ? '' : `: ${t.pointsTo}`}`;
}

function number(x: number): string {
  return Number.isInteger(x) && Math.abs(x) < 1e6
    ? String(x)
    : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6
      ? x.toPrecision(3)
      : x.toExponential(1);
}

/** Lines cut at blanks, continued further in; tables and pictures stay as they are. */
function fitted(lines: readonly string[], width: number): string {
  return lines
    .flatMap((line) => (/[▁-█]|^ {2}\S.* {2}/u.test(line) ? [line] : wrapped(line, width, `${/^ */.exec(line)![0]}    `)))
    .join('\n');
}

/** z-scores by quantity and backend; in brackets those that are not judged. */
function agreementTable(tests: readonly QuantityTest[], width: number): readonly string[] {
  const parts = tests.map((t) => ({ t, at: t.quantity.lastIndexOf(', ') }));
  if (tests.length === 0) return [];
  const others = [...new Set(parts.map(({ t, at }) => t.quantity.slice(at + 2)))];
  const rows = [...new Set(parts.map(({ t, at }) => t.quantity.slice(0, at)))];
  const name = Math.min(40, Math.max(...rows.map((r) => r.length), 4));
  const cell = (row: string, other: string): string => {
    const t = tests.find((x) => x.quantity === `${row}, ${other}`);
    return t === undefined ? '' : t.p === null ? `(${t.value.toFixed(2)})` : `${t.failed ? '!' : ''}${t.value.toFixed(2)}`;
  };
  const table = [['z of', ...others], ...rows.map((row) => [row, ...others.map((o) => cell(row, o))])];
  const lines = table.map(([row = '', ...cells]) => `  ${row.padEnd(name)}${cells.map((c) => c.padStart(10)).join('')}`.slice(0, width));
  return tests.some(({ p }) => p === null)
    ? [...lines, '  In brackets: shown, not judged, because a backend approximates or too few draws tell.']
    : lines;
}

/** Errors by checks: what catches what. */
function powerTable(tests: readonly QuantityTest[], checks: readonly string[], width: number): readonly string[] {
  const name = Math.max(20, width - 2 - 11 * checks.length);
  const rows = tests.map((t) => {
    const seen = t.detail.slice(t.detail.indexOf('caught by ') + 'caught by '.length).split(', ');
    return `  ${t.quantity.slice(0, name - 1).padEnd(name)}${checks.map((c) => (seen.includes(c) ? 'x' : '.').padStart(11)).join('')}`;
  });
  return [`  ${'planted error'.padEnd(name)}${checks.map((c) => c.padStart(11)).join('')}`, ...rows];
}

const bars = '▁▂▃▄▅▆▇█';

/** Histograms of ranks in twenty bins, uniform ones half high, those with the smallest p-values first and those that are not judged last. */
function rankPictures(records: readonly RankRecord[], tests: readonly QuantityTest[]): readonly string[] {
  const silent = new Map(tests.filter((t) => t.p !== null && Number.isNaN(t.p)).map((t) => [t.quantity, t.detail]));
  const p = (name: string): number => (silent.has(name) ? Number.POSITIVE_INFINITY : (tests.find((t) => t.quantity === name)?.p ?? 1));
  const shown = [...records].sort((a, b) => (p(a.quantity) === p(b.quantity) ? 0 : p(a.quantity) - p(b.quantity))).slice(0, mostPictures);
  const name = Math.min(30, Math.max(...shown.map((r) => r.quantity.length)));
  const pictures = shown.map(({ quantity, values, ranks }) => {
    const bins = new Array<number>(Math.min(20, values)).fill(0);
    for (const r of ranks) bins[Math.floor((r * bins.length) / values)]! += 1;
    const picture = bins.map((n) => bars[Math.min(7, Math.round((n * bins.length * 3.5) / ranks.length))]).join('');
    return `  ${quantity.padEnd(name)} ${picture}  ${silent.has(quantity) ? 'not judged' : `p ${number(p(quantity))}`}`;
  });
  const reasons = new Set(shown.flatMap(({ quantity }) => silent.get(quantity) ?? []));
  return [...pictures, ...[...reasons].map((reason) => `  Not judged: ${reason}.`)];
}
