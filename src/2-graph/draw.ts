/**
 * A model as a drawing: Graphviz dot, Mermaid, SVG with rectangles of our own, or JSON.
 *
 * Latents are white, observed variables shaded, deterministic ones dashed, data small. Dot and
 * Mermaid only know nested groups: there the marks on two crossing plates stand inside of one of them, in
 * a dashed group that names both; in SVG crossing plates overlap. Names are the user's and escaped for each format;
 * identities are ours.
 */
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { drawSvg } from './drawSvg.js';
import { drawingOf } from './drawing.js';
import type { Drawing, Mark, MarkKind } from './drawing.js';
import type { ModelGraph } from './graph.js';

/** How a plated graph is drawn: a picture, the languages of Graphviz and Mermaid, or data. */
export type DrawingFormat = 'dot' | 'svg' | 'mermaid' | 'json';

/** The layout of larger pictures takes minutes, and nobody could read them. */
const largestPicture = 600;

const formats: readonly DrawingFormat[] = ['svg', 'dot', 'mermaid', 'json'];

/** The drawing of a graph as text of the given format. @throws ModelError for another format, and for an SVG of too many marks. */
export function drawGraph(graph: ModelGraph, format: DrawingFormat): string {
  if (!formats.includes(format)) {
    const message = `A graph cannot be drawn as ${String(format)}.`;
    throw new ModelError([{ code: 'wrong-option', severity: 'error', message, hint: `the formats are ${formats.join(', ')}` }], message);
  }
  const drawing = drawingOf(graph);
  if (format === 'svg' && drawing.marks.length > largestPicture) {
    const diagnostic: Diagnostic = {
      code: 'too-large',
      severity: 'error',
      message: `A picture of ${drawing.marks.length} quantities is too large to be laid out; the limit is ${largestPicture}.`,
      hint: 'use the format dot, mermaid or json, or a plate for quantities of one kind',
    };
    throw new ModelError([diagnostic], diagnostic.message);
  }
  switch (format) {
    case 'dot':
      return drawDot(drawing);
    case 'svg':
      return drawSvg(drawing);
    case 'mermaid':
      return drawMermaid(drawing);
    case 'json':
      return `${JSON.stringify(drawing, null, 2)}\n`;
  }
}

// --- nested groups ----------------------------------------------------------------------------

/** Marks that lie on exactly the plates of this group and of those around it. */
interface Group {
  /** Plates that its label names: those it adds to the group around it, all of them where it crosses another group. */
  readonly plates: readonly string[];
  /** Whether some of its plates are drawn elsewhere too. */
  readonly crossing: boolean;
  readonly marks: Mark[];
  readonly inner: Group[];
}

/**
 * The sets of plates that occur, nested by inclusion: each stands inside the largest set that it contains. Where several
 * do not contain one another (crossing plates) it is the one whose plates come last in the drawing.
 */
function groupsOf(drawing: Drawing): Group {
  const sets = new Map<string, ReadonlySet<string>>();
  const keyOf = (set: ReadonlySet<string>): string => [...set].sort().join(' ');
  for (const mark of drawing.marks) {
    const set = new Set(mark.plates);
    sets.set(keyOf(set), set);
  }
  sets.set('', new Set());
  const lastPlate = (set: ReadonlySet<string>): number => drawing.plates.findLastIndex((plate) => set.has(plate.id));
  const ordered = [...sets.values()].sort((a, b) => a.size - b.size || (keyOf(a) < keyOf(b) ? -1 : 1));
  const groups = new Map<string, Group>();
  for (const set of ordered) {
    const smaller = ordered.filter((other) => other.size < set.size && isSubset(other, set));
    const largest = Math.max(0, ...smaller.map((other) => other.size));
    const parent = smaller
      .filter((other) => other.size === largest)
      .reduce<ReadonlySet<string>>((best, other) => (lastPlate(other) >= lastPlate(best) ? other : best), new Set<string>());
    const crossing = smaller.some((other) => !isSubset(other, parent));
    const group: Group = { plates: [...set].filter((plate) => crossing || !parent.has(plate)), crossing, marks: [], inner: [] };
    groups.set(keyOf(set), group);
    if (set.size > 0) groups.get(keyOf(parent))!.inner.push(group);
  }
  for (const mark of drawing.marks) groups.get(keyOf(new Set(mark.plates)))!.marks.push(mark);
  return groups.get('')!;
}

function isSubset(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  return [...small].every((item) => large.has(item));
}

function groupLabel(group: Group, drawing: Drawing): string {
  return group.plates.map((id) => drawing.plates.find((plate) => plate.id === id)!.label).join(', ');
}

/** Lines of a group and those inside it; `open` and `close` write the brackets of a format. */
function groupLines(
  group: Group,
  indent: string,
  line: (mark: Mark) => string,
  open: (group: Group, indent: string) => readonly string[],
  close: string,
): readonly string[] {
  return [
    ...group.marks.map((mark) => `${indent}${line(mark)}`),
    ...group.inner.flatMap((inner) => [
      ...open(inner, indent),
      ...groupLines(inner, `${indent}  `, line, open, close),
      `${indent}${close}`,
    ]),
  ];
}

// --- Graphviz ---------------------------------------------------------------------------------

const dotStyles: Readonly<Record<MarkKind, string>> = {
  latent: 'shape=ellipse',
  observed: 'shape=ellipse, style=filled, fillcolor="#c8c8c8"',
  param: 'shape=ellipse, peripheries=2',
  deterministic: 'shape=ellipse, style=dashed',
  predicted: 'shape=ellipse, style=dotted',
  data: 'shape=box, width=0.1, height=0.1, margin="0.05,0.02", fontsize=10, color="#909090"',
  factor: 'shape=square, width=0.15, height=0.15, fixedsize=true, style=filled, fillcolor=black',
};

function dotText(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, ' ')}"`;
}

/** The drawing for Graphviz. */
export function drawDot(drawing: Drawing): string {
  const line = (mark: Mark): string => {
    const label =
      mark.kind === 'factor'
        ? 'xlabel=' + dotText(mark.name) + ', label=""'
        : `label=${mark.law === null ? dotText(mark.name) : `${dotText(mark.name).slice(0, -1)}\\n${dotText(mark.law).slice(1)}`}`;
    return `${mark.id} [${label}, ${dotStyles[mark.kind]}];`;
  };
  let clusters = 0;
  const open = (group: Group, indent: string): readonly string[] => [
    `${indent}subgraph cluster_${clusters++} {`,
    `${indent}  label=${dotText(groupLabel(group, drawing))}; labeljust=r; labelloc=b; style=${group.crossing ? '"rounded,dashed"' : 'rounded'};`,
  ];
  return [
    'digraph model {',
    '  rankdir=TB; node [fontname="sans-serif", fontsize=12]; graph [fontname="sans-serif", fontsize=10]; edge [arrowsize=0.7];',
    ...groupLines(groupsOf(drawing), '  ', line, open, '}'),
    ...drawing.arrows.map((arrow) => `  ${arrow.from} -> ${arrow.to};`),
    '}',
    '',
  ].join('\n');
}

// --- Mermaid ----------------------------------------------------------------------------------

/** Mermaid escapes by decimal character numbers between `#` and `;`. */
function mermaidText(text: string): string {
  return `"${text.replace(/[^\p{L}\p{N} _.,()=+-]/gu, (character) => (character === '\n' ? ' ' : `#${character.codePointAt(0)};`))}"`;
}

function drawMermaid(drawing: Drawing): string {
  const line = (mark: Mark): string => {
    const label =
      mark.law === null || mark.kind === 'factor'
        ? mermaidText(mark.name)
        : `${mermaidText(mark.name).slice(0, -1)}<br/>${mermaidText(mark.law).slice(1)}`;
    return `${mark.id}${mark.kind === 'data' || mark.kind === 'factor' ? `[${label}]` : `([${label}])`}:::${mark.kind}`;
  };
  let groups = 0;
  const crossing: string[] = [];
  const open = (group: Group, indent: string): readonly string[] => {
    const id = `g${groups++}`;
    if (group.crossing) crossing.push(id);
    return [`${indent}subgraph ${id} [${mermaidText(groupLabel(group, drawing))}]`];
  };
  return [
    'flowchart TB',
    ...groupLines(groupsOf(drawing), '  ', line, open, 'end'),
    ...drawing.arrows.map((arrow) => `  ${arrow.from} --> ${arrow.to}`),
    ...crossing.map((id) => `  style ${id} stroke-dasharray:5 3`),
    '  classDef latent fill:#ffffff,stroke:#333333',
    '  classDef observed fill:#c8c8c8,stroke:#333333',
    '  classDef param fill:#ffffff,stroke:#333333,stroke-width:3px',
    '  classDef deterministic fill:#ffffff,stroke:#333333,stroke-dasharray:5 3',
    '  classDef predicted fill:#ffffff,stroke:#333333,stroke-dasharray:1 3',
    '  classDef data fill:#ffffff,stroke:#909090,font-size:10px',
    '  classDef factor fill:#333333,stroke:#333333,color:#ffffff,font-size:10px',
    '',
  ].join('\n');
}
