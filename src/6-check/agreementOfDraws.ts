/**
 * Whether two sets of draws are of one law, as far as means and variances tell: z-scores of their differences with the
 * Monte Carlo errors of both sides, judged together at one rate of false alarms (Holm 1979).
 */
import { elementName, keptDraws, sizeOf, type VariableResult } from '../4-infer/posterior.js';
import { elementsOf } from '../5-report/summary.js';
import { significant, type TextColumn, textTable } from '../5-report/textTable.js';
import { compareMeans, type Estimate, estimate } from './statistics/meanTests.js';
import { holm } from './statistics/multiplicity.js';

/** One element of both sets of draws. */
export interface AgreementRow {
  readonly name: string;
  /** Of the first draws and of the second. */
  readonly means: readonly [number, number];
  readonly sds: readonly [number, number];
  /** Of the difference of means, and of variances; null where it has no error, or chains do not agree with each other. */
  readonly z: number | null;
  readonly zVariance: number | null;
  /** False where a difference is more than chance. */
  readonly agrees: boolean;
}

/** Two sets of draws element by element, and the verdict on all of them. */
export interface Agreement {
  readonly rows: readonly AgreementRow[];
  /** Elements that only one side has. */
  readonly onlyFirst: readonly string[];
  readonly onlySecond: readonly string[];
  /** Comparisons that were judged. */
  readonly comparisons: number;
  readonly falseAlarm: number;
  readonly agrees: boolean;
}

/** Chains beyond this R-hat have no error to speak of. */
const worstRhat = 1.05;
/** Share of one draw in a sum of squares above which a variance has none either. */
const largestShare = 0.05;

interface Element {
  readonly values: Float64Array;
  readonly chains: number;
}

/**
 * Compares means and variances of the elements that two results have draws of.
 * @param falseAlarm probability that draws of one law are told apart.
 */
export function agreementOfDraws(first: readonly VariableResult[], second: readonly VariableResult[], falseAlarm: number): Agreement {
  const a = elementsByName(first),
    b = elementsByName(second),
    names = [...a.keys()].filter((name) => b.has(name));
  const compared = names.map((name) => compare(name, a.get(name)!(), b.get(name)!()));
  const judged = compared.flatMap(({ p }, row) => p.flatMap((value) => (value === null ? [] : [{ row, value }])));
  const rejected = holm(
      judged.map(({ value }) => value),
      falseAlarm,
    ),
    apart = new Set(judged.flatMap(({ row }, k) => (rejected[k] === true ? [row] : [])));
  return {
    rows: compared.map(({ row }, k) => ({ ...row, agrees: !apart.has(k) })),
    onlyFirst: [...a.keys()].filter((name) => !b.has(name)),
    onlySecond: [...b.keys()].filter((name) => !a.has(name)),
    comparisons: judged.length,
    falseAlarm,
    agrees: apart.size === 0,
  };
}

/** Draws of each element, copied when they are asked for. */
function elementsByName(variables: readonly VariableResult[]): ReadonlyMap<string, () => Element> {
  return new Map(
    variables.flatMap((variable) => {
      const { name, shape } = variable,
        size = sizeOf(shape),
        kept = keptDraws(variable);
      if (kept === null || kept.values.length === 0) return [];
      const { values, chains } = kept;
      return elementsOf(variable).map(
        (k) =>
          [
            elementName(name, shape, k),
            (): Element => ({ values: Float64Array.from({ length: values.length / size }, (_, draw) => values[draw * size + k]!), chains }),
          ] as const,
      );
    }),
  );
}

function compare(
  name: string,
  a: Element,
  b: Element,
): { readonly row: Omit<AgreementRow, 'agrees'>; readonly p: readonly (number | null)[] } {
  const means = [estimate(a.values, a.chains), estimate(b.values, b.chains)] as const,
    [x, y] = means;
  const centre = (x.mean + y.mean) / 2,
    square = (e: Element): Estimate =>
      estimate(
        e.values.map((value) => (value - centre) ** 2),
        e.chains,
      );
  const squares = [square(a), square(b)] as const;
  const settled = means.every(({ rhat }) => !(rhat > worstRhat)),
    heavy = means.some(({ largest }) => largest > largestShare);
  const mean = settled ? known(compareMeans(x, y)) : null,
    variance = settled && !heavy ? known(compareMeans(squares[0], squares[1])) : null;
  return {
    row: { name, means: [x.mean, y.mean], sds: [x.sd, y.sd], z: mean?.z ?? null, zVariance: variance?.z ?? null },
    p: [mean?.p ?? null, variance?.p ?? null],
  };
}

function known(test: { readonly z: number; readonly p: number }): typeof test | null {
  return Number.isNaN(test.z) || Number.isNaN(test.p) ? null : test;
}

/** Rows of a table at most; the farthest apart come first where there are more. */
const mostRows = 30;

/** Where the line is too short, the deviations go first: what the verdict rests on stays. */
const columns: readonly (TextColumn & { readonly text: (row: AgreementRow) => string })[] = [
  { title: 'mean', rank: 3, text: ({ means }) => number(means[0]) },
  { title: 'of the other', rank: 4, text: ({ means }) => number(means[1]) },
  { title: 'z', rank: 1, text: ({ z }) => score(z) },
  { title: 'sd', rank: 5, text: ({ sds }) => number(sds[0]) },
  { title: 'of the other', rank: 6, text: ({ sds }) => number(sds[1]) },
  { title: 'z of variance', rank: 2, text: ({ zVariance }) => score(zVariance) },
  { title: '', rank: 0, text: ({ agrees }) => (agrees ? '' : 'apart') },
];

/**
 * The agreement as plain text.
 * @param width characters of a line; columns that do not fit are left out. Without it all are there.
 */
export function renderAgreement(
  { rows, onlyFirst, onlySecond, comparisons, falseAlarm, agrees }: Agreement,
  width: number = Number.POSITIVE_INFINITY,
): string {
  const size = ({ z, zVariance }: AgreementRow): number => Math.max(Math.abs(z ?? 0), Math.abs(zVariance ?? 0));
  const shown = rows.length > mostRows ? [...rows].sort((a, b) => size(b) - size(a)).slice(0, mostRows) : rows;
  const table = textTable(
    columns,
    shown.map((row) => ({ name: row.name, cells: columns.map(({ text }) => text(row)) })),
    width,
  );
  const only = (names: readonly string[], side: string): readonly string[] =>
    names.length === 0
      ? []
      : [`Only the ${side} draws have ${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}.`];
  const worst = rows.reduce((most, row) => Math.max(most, size(row)), 0);
  const verdict =
    comparisons === 0
      ? 'Nothing can be compared: no element has draws with an error on both sides.'
      : agrees
        ? `The draws agree: the largest of ${comparisons} z-scores is ${worst.toFixed(2)} (false alarms: ${falseAlarm}).`
        : `The draws do not agree: ${rows
            .filter((row) => !row.agrees)
            .slice(0, 10)
            .map(({ name }) => name)
            .join(', ')} (${comparisons} z-scores, the largest ${worst.toFixed(2)}; false alarms: ${falseAlarm}).`;
  return `${[...table, ...(rows.length > shown.length ? [`${rows.length - shown.length} more are closer`] : []), '', ...only(onlyFirst, 'first'), ...only(onlySecond, 'second'), verdict].join('\n')}\n`;
}

function number(x: number): string {
  return Number.isFinite(x) ? significant(x, 5) : '';
}
function score(z: number | null): string {
  return z === null ? '' : Number.isFinite(z) ? z.toFixed(2) : 'infinite';
}
