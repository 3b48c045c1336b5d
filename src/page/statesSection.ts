/**
 * Unknowns that follow each other along an index (states of a chain): bands with the data at the same index, or probabilities of finite
 * states.
 */
import type { BoundModel } from '../2-graph/bound.js';
import type { Law, Statement } from '../2-graph/graph.js';
import { mapLaw } from '../distributions/law/law.js';
import { type Expr, freeIndices, type Ref, rewrite } from '../expr/expr.js';
import { bandChart } from '../plot/charts/band.js';
import { componentColour } from '../plot/charts/components.js';
import { probabilitiesChart } from '../plot/charts/probabilities.js';
import { rowCount, rowsOf, type VariableSummary } from '../5-report/summary.js';
import { colour } from '../plot/palette.js';
import { escaped, paragraph, type Section } from './html.js';
import { intervalOf } from './intervalsSection.js';
import type { Pictures } from './pictures.js';
import { probabilitiesOf, type Report } from './report.js';

const mostDimensions = 4;
const mostStates = 12;
const size = { width: 1080, height: 300 } as const;

/** A variable along an index that is defined by its own earlier elements, or is another name for one. */
interface Chain {
  readonly index: string;
  /** The variable that is defined by its own elements. */
  readonly variable: string;
}

function chainsOf(bound: BoundModel): ReadonlyMap<string, Chain> {
  const found = new Map<string, Chain>();
  for (const s of bound.graph.statements) {
    if (s.kind !== 'sample' && s.kind !== 'let') continue;
    const { variable, at } = s.target,
      [first] = at;
    const moving = first === undefined ? undefined : s.plates.find(({ index }) => freeIndices(first).has(index));
    if (moving === undefined) continue;
    const own = referencesIn(s).some(
      (x) => x.variable === variable && x.at[0] !== undefined && x.at[0] !== first && freeIndices(x.at[0]).has(moving.index),
    );
    if (own) found.set(variable, { index: moving.index.name, variable });
  }
  for (const s of bound.graph.statements) {
    if (s.kind !== 'let' || s.value.op !== 'ref' || s.value.at[0] !== s.target.at[0]) continue;
    const known = found.get(s.value.variable);
    if (known !== undefined && s.value.at.length === s.target.at.length && !found.has(s.target.variable))
      found.set(s.target.variable, known);
  }
  return found;
}

function referencesIn(s: Statement): readonly Ref[] {
  const found: Ref[] = [];
  const look = (e: Expr): Expr =>
    rewrite(e, (x) => {
      if (x.op === 'ref') found.push(x);
      return x;
    });
  if (s.kind === 'let' || s.kind === 'factor') look(s.value);
  else if (s.kind !== 'param') mapLaw(s.law, look);
  return found;
}

/** What is shown here, for other sections to leave out. */
export interface StatesSection {
  readonly sections: readonly Section[];
  readonly shown: ReadonlySet<string>;
}

/** States over time with their intervals, and the data they are of. */
export function statesSection(report: Report, bound: BoundModel, pictures: Pictures): StatesSection {
  const chains = chainsOf(bound),
    shown = new Set<string>(),
    parts: string[] = [];
  for (const summary of report.variables) {
    const { variable } = summary,
      chain = chains.get(variable.name);
    if (chain === undefined || rowCount(summary) < 3) continue;
    const drawn =
      variable.discrete && variable.range !== undefined
        ? finiteStates(summary, chain.index, pictures)
        : bands(summary, chain, bound, pictures);
    if (drawn.length === 0) continue;
    shown.add(variable.name);
    parts.push(
      ...drawn.map(
        (svg) =>
          `<div class="scroll long" role="region" aria-label="${escaped(`${variable.name} along ${chain.index}`)}" tabindex="0">${svg}</div>`,
      ),
    );
  }
  if (parts.length === 0) return { sections: [], shown };
  const indices = [...new Set(Array.from(shown, (name) => chains.get(name)!.index))];
  return {
    shown,
    sections: [
      {
        id: 'states',
        title: `States along ${indices.join(' and ')}`,
        folded: false,
        content: `${paragraph('Unknowns that follow from the ones before them: medians with the band from the 5 % to the 95 % quantile and the data they are seen through, or the probability of each state.', 'muted')}${parts.join('')}`,
      },
    ],
  };
}

function finiteStates(summary: VariableSummary, index: string, pictures: Pictures): readonly string[] {
  const { name, shape, range = 0, low = 0 } = summary.variable;
  const probabilities = shape.length !== 1 || range > mostStates ? null : probabilitiesOf(summary, range);
  if (probabilities === null) return [];
  const legend = Array.from({ length: range }, (_, k) => ({
    label: `${name} = ${k + low}`,
    colour: componentColour(k),
    shape: 'area' as const,
  }));
  return [
    pictures.of(
      `States of ${name}`,
      `The probability of each state of ${name} at ${rowCount(summary)} values of ${index}.`,
      probabilitiesChart(name, index, probabilities, range, size.width, 220),
      legend,
    ),
  ];
}

function bands(summary: VariableSummary, { index, variable: source }: Chain, bound: BoundModel, pictures: Pictures): readonly string[] {
  const { name, shape } = summary.variable;
  if (shape.length > 2) return [];
  const width = shape[1] ?? 1,
    length = shape[0] ?? 0,
    data = shape.length === 1 ? dataAt(source, bound) : null;
  return Array.from({ length: Math.min(width, mostDimensions) }, (_, d) => {
    const centre = new Float64Array(length).fill(Number.NaN),
      low = centre.slice(),
      high = centre.slice();
    for (const element of rowsOf(summary)) {
      const at = Math.floor(element.flat / width),
        interval = element.flat % width === d ? intervalOf(element) : null;
      if (interval !== null) {
        centre[at] = interval.centre;
        low[at] = interval.low;
        high[at] = interval.high;
      }
    }
    const own = shape.length === 1 ? name : `${name}[.., ${d}]`;
    const band = { name: own, index, centre, low, high };
    const legend =
      data === null
        ? []
        : [
            { label: own, colour: colour('blue'), shape: 'line' as const },
            { label: data.name, colour: colour('ink'), shape: 'point' as const },
          ];
    return pictures.of(
      `${own} along ${index}`,
      `The median and the 90 % band of ${own} at ${length} values of ${index}${data === null ? '' : `, with ${data.name}`}.`,
      bandChart(band, data, size.width, size.height),
      legend,
    );
  });
}

/** Data whose law has the state itself for its location: they are on the scale of the state. */
function dataAt(name: string, bound: BoundModel): { readonly name: string; readonly values: ArrayLike<number> } | null {
  for (const s of bound.graph.statements) {
    if (s.kind !== 'observe' || s.target === null || s.target.at.length !== 1) continue;
    const location = locationOf(s.law),
      [at] = s.target.at,
      known = bound.variables.get(s.target.variable);
    if (location?.op !== 'ref' || location.variable !== name || location.at[0] !== at || known === undefined || known.shape.length !== 1)
      continue;
    return {
      name: known.name,
      values: Float64Array.from(known.values, (value, i) => (known.mask?.[i] === 1 || known.absent?.[i] === 1 ? Number.NaN : value)),
    };
  }
  return null;
}

function locationOf(law: Law): Expr | null {
  if (law.kind !== 'family') return null;
  const location = law.parameters['mean'] ?? law.parameters['loc'];
  return location === undefined || location.dims.length > 0 ? null : location.body;
}
