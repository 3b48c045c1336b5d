/**
 * The SVG drawing. Rows and the first order within them come from dagre (network simplex, fewest
 * crossings); columns are ours, because plates that cross are not nested and no layout tool draws
 * them: marks on the same plates share a band of columns, and the bands are put in an order in
 * which every plate is a run of neighbours. A plate is then a rectangle over its run.
 * Invariant: a rectangle contains a mark exactly if the mark lies on its plate. A plate for which
 * no order makes a run is drawn as several rectangles with the same label.
 */
import { Graph, layout } from '@dagrejs/dagre';
import type { Arrow, Drawing, Mark, MarkKind, PlateMark } from './drawing.js';

// Lengths in pixels.
const rowHeight = 84;
const columnGap = 26;
const platePadding = 13;
const plateLabelHeight = 16;
const fontSize = 14;
const smallFontSize = 10;
/** Mean width of a character of a sans-serif face, as part of the font size. */
const characterWidth = 0.6;
const margin = 12;

interface Placed {
  readonly mark: Mark;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
interface Rectangle {
  readonly plate: PlateMark;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The drawing as an SVG document that needs nothing but a sans-serif font. */
export function drawSvg(drawing: Drawing): string {
  const rows = rowsOf(drawing);
  const bands = bandsOf(drawing, rows);
  const placed = place(bands, rows);
  const rectangles = drawing.plates.flatMap((plate) => rectanglesOf(plate, bands, placed, drawing));
  return document(drawing, freed(placed, rectangles, drawing), rectangles);
}

// --- rows and bands ---------------------------------------------------------------------------

interface Row {
  readonly row: number;
  readonly order: number;
}

/** Row of each mark, arguments above what they are arguments of, and its place along the row. */
function rowsOf(drawing: Drawing): ReadonlyMap<string, Row> {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB' });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const mark of drawing.marks) graph.setNode(mark.id, { width: widthOf(mark), height: heightOf(mark) });
  for (const arrow of drawing.arrows) if (arrow.from !== arrow.to) graph.setEdge(arrow.from, arrow.to);
  layout(graph);
  const heights = [...new Set(drawing.marks.map((mark) => Math.round(graph.node(mark.id).y)))].sort((a, b) => a - b);
  return new Map(
    drawing.marks.map((mark) => {
      const { x, y } = graph.node(mark.id);
      return [mark.id, { row: heights.indexOf(Math.round(y)), order: x }];
    }),
  );
}

/** Marks on exactly the same plates. */
interface Band {
  readonly plates: ReadonlySet<string>;
  readonly marks: readonly Mark[];
}

/** More bands than this are ordered greedily: the orders of seven are 5040. */
const mostBandsToPermute = 7;

function bandsOf(drawing: Drawing, rows: ReadonlyMap<string, Row>): readonly Band[] {
  const bySet = new Map<string, Mark[]>();
  for (const mark of drawing.marks) {
    const key = [...mark.plates].sort().join(' ');
    bySet.set(key, [...(bySet.get(key) ?? []), mark]);
  }
  const mean = (marks: readonly Mark[]): number => marks.reduce((sum, mark) => sum + rows.get(mark.id)!.order, 0) / marks.length;
  const bands = [...bySet.values()]
    .map((marks): Band => ({ plates: new Set(marks[0]!.plates), marks }))
    .sort((a, b) => mean(a.marks) - mean(b.marks));
  if (bands.length > mostBandsToPermute) return greedyOrder(bands, drawing.plates);
  return permutations(bands).reduce((best, order) => (costOf(order, drawing) < costOf(best, drawing) ? order : best), bands);
}

/** Broken plates cost most, then long arrows. */
function costOf(bands: readonly Band[], drawing: Drawing): number {
  const bandOf = new Map(bands.flatMap((band, at) => band.marks.map((mark): [string, number] => [mark.id, at])));
  const breaks = drawing.plates.reduce((sum, plate) => sum + runsOf(plate, bands).length - 1, 0);
  const lengths = drawing.arrows.reduce((sum, arrow) => sum + Math.abs(bandOf.get(arrow.from)! - bandOf.get(arrow.to)!), 0);
  return 1000 * breaks + lengths;
}

/** Each next band is the one that shares most plates with the one before. */
function greedyOrder(bands: readonly Band[], plates: readonly PlateMark[]): readonly Band[] {
  const rest = [...bands];
  const order = [rest.shift()!];
  while (rest.length > 0) {
    const last = order.at(-1)!;
    const shared = (band: Band): number =>
      plates.filter((plate) => last.plates.has(plate.id) && band.plates.has(plate.id)).length - band.plates.size / 100;
    const next = rest.reduce((best, band) => (shared(band) > shared(best) ? band : best));
    order.push(next);
    rest.splice(rest.indexOf(next), 1);
  }
  return order;
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, at) => permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]));
}

/** First and last band of each maximal run of neighbouring bands on a plate. */
function runsOf(plate: PlateMark, bands: readonly Band[]): readonly { readonly first: number; readonly last: number }[] {
  const runs: { first: number; last: number }[] = [];
  bands.forEach((band, at) => {
    if (!band.plates.has(plate.id)) return;
    const run = runs.at(-1);
    if (run?.last === at - 1) run.last = at;
    else runs.push({ first: at, last: at });
  });
  return runs;
}

// --- places -----------------------------------------------------------------------------------

function widthOf(mark: Mark): number {
  if (mark.kind === 'factor') return 14;
  const text =
    Math.max(mark.name.length * (mark.kind === 'data' ? smallFontSize : fontSize), (mark.law ?? '').length * smallFontSize) *
    characterWidth;
  return mark.kind === 'data' ? text + 10 : Math.max(text * 1.15 + 18, 46);
}
function heightOf(mark: Mark): number {
  return mark.kind === 'factor' ? 14 : mark.kind === 'data' ? 20 : 46;
}

/** Columns of a band hold its widest row; beside it there is room for the edges of as many plates as ever lie on each other. */
function place(bands: readonly Band[], rows: ReadonlyMap<string, Row>): readonly Placed[] {
  const placed: Placed[] = [];
  const deepest = Math.max(0, ...bands.map((band) => band.plates.size));
  let left = margin;
  bands.forEach((band) => {
    const room = band.plates.size === 0 ? 0 : deepest * platePadding;
    const byRow = new Map<number, Mark[]>();
    for (const mark of band.marks) byRow.set(rows.get(mark.id)!.row, [...(byRow.get(rows.get(mark.id)!.row) ?? []), mark]);
    const extent = (marks: readonly Mark[]): number => marks.reduce((sum, mark) => sum + widthOf(mark), 0) + (marks.length - 1) * columnGap;
    const width = Math.max(...[...byRow.values()].map(extent));
    left += room;
    for (const [row, marks] of byRow) {
      let x = left + (width - extent(marks)) / 2;
      for (const mark of marks.sort((a, b) => rows.get(a.id)!.order - rows.get(b.id)!.order)) {
        placed.push({
          mark,
          row,
          x: x + widthOf(mark) / 2,
          y: margin + row * rowHeight + rowHeight / 2,
          width: widthOf(mark),
          height: heightOf(mark),
        });
        x += widthOf(mark) + columnGap;
      }
    }
    left += width + room + columnGap;
  });
  return placed;
}

/** The rectangles of a plate, each so wide that those of inner plates lie inside. */
function rectanglesOf(plate: PlateMark, bands: readonly Band[], placed: readonly Placed[], drawing: Drawing): readonly Rectangle[] {
  return runsOf(plate, bands).map((run) => {
    const inside = bands.slice(run.first, run.last + 1);
    const members = placed.filter(({ mark }) => inside.some((band) => band.marks.includes(mark)));
    // One step out for every plate that lies within this one.
    const inset =
      Math.max(
        1,
        ...inside.map(
          (band) => 1 + [...band.plates].filter((other) => other !== plate.id && isInner(other, plate.id, bands, drawing)).length,
        ),
      ) * platePadding;
    const top = Math.min(...members.map((member) => member.y - member.height / 2)) - inset;
    const bottom = Math.max(...members.map((member) => member.y + member.height / 2)) + inset + plateLabelHeight * (inset / platePadding);
    return {
      plate,
      left: Math.min(...members.map((member) => member.x - member.width / 2)) - inset,
      right: Math.max(...members.map((member) => member.x + member.width / 2)) + inset,
      top,
      bottom,
    };
  });
}

/**
 * Whether plate `a` is drawn inside plate `b` where both occur: its bands are a part of the other's, or it is later in the program and they
 * are the same or cross.
 */
function isInner(a: string, b: string, bands: readonly Band[], drawing: Drawing): boolean {
  const all = (first: string, second: string): boolean => bands.every((band) => !band.plates.has(first) || band.plates.has(second));
  if (all(a, b) !== all(b, a)) return all(a, b);
  const position = (id: string): number => drawing.plates.findIndex((plate) => plate.id === id);
  return position(a) > position(b);
}

/**
 * Marks on no plate may stand anywhere outside the rectangles: each moves to the column of its
 * neighbours if nothing is there, which shortens its arrows.
 */
function freed(placed: readonly Placed[], rectangles: readonly Rectangle[], drawing: Drawing): readonly Placed[] {
  const current = new Map(placed.map((item) => [item.mark.id, item]));
  for (const item of placed) {
    if (item.mark.plates.length > 0) continue;
    const neighbours = drawing.arrows
      .flatMap(({ from, to }) => (from === item.mark.id ? [to] : to === item.mark.id ? [from] : []))
      .filter((id) => id !== item.mark.id)
      .map((id) => current.get(id)!);
    if (neighbours.length === 0) continue;
    const x = neighbours.reduce((sum, neighbour) => sum + neighbour.x, 0) / neighbours.length;
    const moved = { ...item, x };
    const others = [...current.values()].filter((other) => other !== item);
    const free =
      !rectangles.some((rectangle) =>
        overlaps(moved, rectangle.left - columnGap / 2, rectangle.right + columnGap / 2, rectangle.top - 4, rectangle.bottom + 4),
      ) &&
      !others.some((other) =>
        overlaps(
          moved,
          other.x - other.width / 2 - columnGap,
          other.x + other.width / 2 + columnGap,
          other.y - other.height / 2,
          other.y + other.height / 2,
        ),
      );
    if (free) current.set(item.mark.id, moved);
  }
  return [...current.values()];
}

function overlaps(item: Placed, left: number, right: number, top: number, bottom: number): boolean {
  return (
    item.x + item.width / 2 > left && item.x - item.width / 2 < right && item.y + item.height / 2 > top && item.y - item.height / 2 < bottom
  );
}

// --- text -------------------------------------------------------------------------------------

const markStyles: Readonly<Record<MarkKind, string>> = {
  latent: 'fill="#ffffff" stroke="#333333"',
  observed: 'fill="#c8c8c8" stroke="#333333"',
  param: 'fill="#ffffff" stroke="#333333" stroke-width="3"',
  deterministic: 'fill="#ffffff" stroke="#333333" stroke-dasharray="5 3"',
  predicted: 'fill="#ffffff" stroke="#333333" stroke-dasharray="1 3"',
  data: 'fill="#ffffff" stroke="#b0b0b0"',
  factor: 'fill="#333333" stroke="#333333"',
};

function escaped(text: string): string {
  return text.replace(/[&<>"'\u0000-\u001F]/g, (character) => `&#${Math.max(character.codePointAt(0)!, 32)};`);
}
function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function document(drawing: Drawing, placed: readonly Placed[], rectangles: readonly Rectangle[]): string {
  const at = new Map(placed.map((item) => [item.mark.id, item]));
  const lefts = [...placed.map((item) => item.x - item.width / 2), ...rectangles.map((rectangle) => rectangle.left)];
  const tops = [...placed.map((item) => item.y - item.height / 2), ...rectangles.map((rectangle) => rectangle.top)];
  const rights = [
    ...placed.map(
      (item) => item.x + item.width / 2 + (drawing.arrows.some(({ from, to }) => from === to && from === item.mark.id) ? 28 : 0),
    ),
    ...rectangles.map((rectangle) => rectangle.right),
  ];
  const bottoms = [...placed.map((item) => item.y + item.height / 2), ...rectangles.map((rectangle) => rectangle.bottom)];
  const [left, top] = placed.length === 0 ? [0, 0] : [Math.min(...lefts) - margin, Math.min(...tops) - margin];
  const [width, height] =
    placed.length === 0 ? [2 * margin, 2 * margin] : [Math.max(...rights) + margin - left, Math.max(...bottoms) + margin - top];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${[left, top, width, height].map(number).join(' ')}" width="${number(width)}" height="${number(height)}" font-family="sans-serif" text-anchor="middle">`,
    '  <defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="#333333"/></marker></defs>',
    ...rectangles.map(rectangleText),
    ...drawing.arrows.map((arrow) => arrowText(arrow, at, placed)),
    ...placed.map(markText),
    '</svg>',
    '',
  ].join('\n');
}

/** The label is the index and its range, or the size alone where that does not fit. */
function rectangleText({ plate, left, right, top, bottom }: Rectangle): string {
  const label = plate.label.length * (smallFontSize + 1) * characterWidth > right - left - 14 ? plate.size : plate.label;
  return (
    `  <g><rect x="${number(left)}" y="${number(top)}" width="${number(right - left)}" height="${number(bottom - top)}" rx="8" fill="none" stroke="#888888"/>` +
    `<text x="${number(right - 7)}" y="${number(bottom - 6)}" font-size="${smallFontSize + 1}" fill="#666666" text-anchor="end">${escaped(label)}</text></g>`
  );
}

function markText({ mark, x, y, width, height }: Placed): string {
  const style = markStyles[mark.kind];
  const shape =
    mark.kind === 'data' || mark.kind === 'factor'
      ? `<rect x="${number(x - width / 2)}" y="${number(y - height / 2)}" width="${number(width)}" height="${number(height)}" rx="2" ${style}/>`
      : `<ellipse cx="${number(x)}" cy="${number(y)}" rx="${number(width / 2)}" ry="${number(height / 2)}" ${style}/>`;
  const title = `<title>${escaped(mark.law === null ? mark.name : `${mark.name} ~ ${mark.law}`)}</title>`;
  if (mark.kind === 'factor') return `  <g>${title}${shape}</g>`;
  const size = mark.kind === 'data' ? smallFontSize : fontSize;
  const baseline = mark.law === null ? y + size * 0.35 : y;
  const law =
    mark.law === null
      ? ''
      : `<text x="${number(x)}" y="${number(y + smallFontSize + 2)}" font-size="${smallFontSize}" fill="#555555">${escaped(mark.law)}</text>`;
  return `  <g>${title}${shape}<text x="${number(x)}" y="${number(baseline)}" font-size="${size}">${escaped(mark.name)}</text>${law}</g>`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function arrowText({ from, to }: Arrow, at: ReadonlyMap<string, Placed>, placed: readonly Placed[]): string {
  const start = at.get(from)!;
  const end = at.get(to)!;
  if (from === to) {
    const right = start.x + start.width / 2;
    return `  <path d="M${number(right - 4)} ${number(start.y - 9)}C${number(right + 28)} ${number(start.y - 24)} ${number(right + 28)} ${number(start.y + 24)} ${number(right - 4)} ${number(start.y + 9)}" fill="none" stroke="#333333" marker-end="url(#arrow)"/>`;
  }
  const control = clearControl(start, end, placed);
  const [first, last] = [border(start, control), border(end, control)];
  return `  <path d="M${number(first.x)} ${number(first.y)}Q${number(control.x)} ${number(control.y)} ${number(last.x)} ${number(last.y)}" fill="none" stroke="#333333" marker-end="url(#arrow)"/>`;
}

/** The control point of the flattest curve between two marks that passes over no third; the middle where there is none. */
function clearControl(start: Placed, end: Placed, placed: readonly Placed[]): Point {
  const [dx, dy] = [end.x - start.x, end.y - start.y];
  const length = Math.hypot(dx, dy);
  const others = placed.filter((item) => item !== start && item !== end);
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
  for (const offset of [0, 50, -50, 100, -100, 160, -160, 220, -220]) {
    const control = { x: middle.x - (dy / length) * offset, y: middle.y + (dx / length) * offset };
    const touched = others.some((item) =>
      Array.from({ length: 19 }, (_, step) => curve(start, control, end, (step + 1) / 20)).some(
        (point) => ((point.x - item.x) / (item.width / 2 + 4)) ** 2 + ((point.y - item.y) / (item.height / 2 + 4)) ** 2 < 1,
      ),
    );
    if (!touched) return control;
  }
  return middle;
}
function curve(a: Point, b: Point, c: Point, t: number): Point {
  return { x: (1 - t) ** 2 * a.x + 2 * t * (1 - t) * b.x + t * t * c.x, y: (1 - t) ** 2 * a.y + 2 * t * (1 - t) * b.y + t * t * c.y };
}

/** Where the line from the middle of a mark towards a point leaves it. */
function border(item: Placed, towards: Point): Point {
  const [dx, dy] = [towards.x - item.x, towards.y - item.y];
  const scale =
    item.mark.kind === 'data' || item.mark.kind === 'factor'
      ? Math.min(item.width / 2 / Math.max(Math.abs(dx), 1e-9), item.height / 2 / Math.max(Math.abs(dy), 1e-9))
      : 1 / Math.hypot(dx / (item.width / 2), dy / (item.height / 2));
  return { x: item.x + dx * scale, y: item.y + dy * scale };
}
