/**
 * Assignment of a draw's components to reference components with the least sum of squared distances:
 * the Hungarian method with potentials (Kuhn 1955; Jonker and Volgenant 1987), O(labels^3), after a
 * look whether every place simply has a nearest component of its own.
 */

/** Buffers for one number of labels. Not reentrant. */
export class Matching {
  private readonly labels: number;
  private readonly cost: Float64Array;
  private readonly rowPotential: Float64Array;
  private readonly columnPotential: Float64Array;
  private readonly slack: Float64Array;
  private readonly rowOfColumn: Int32Array;
  private readonly previous: Int32Array;
  private readonly used: Uint8Array;
  private readonly best: Int32Array;

  constructor(labels: number) {
    this.labels = labels;
    this.cost = new Float64Array(labels * labels);
    this.rowPotential = new Float64Array(labels + 1);
    this.columnPotential = new Float64Array(labels + 1);
    this.slack = new Float64Array(labels + 1);
    this.rowOfColumn = new Int32Array(labels + 1);
    this.previous = new Int32Array(labels + 1);
    this.used = new Uint8Array(labels + 1);
    this.best = new Int32Array(labels);
  }

  /**
   * The label for each place; valid until the next call.
   * @param points the draw's components, [labels, width]
   * @param reference components by place, [labels, width]
   */
  solve(points: Float64Array, reference: Float64Array, width: number): Int32Array {
    const { labels, cost, best, rowOfColumn } = this;
    let distinct = true;
    for (let place = 0; place < labels; place++) {
      let nearest = 0;
      for (let label = 0; label < labels; label++) {
        let sum = 0;
        for (let j = 0; j < width; j++) {
          const difference = points[label * width + j]! - reference[place * width + j]!;
          sum += difference * difference;
        }
        cost[place * labels + label] = sum;
        if (sum < cost[place * labels + nearest]!) nearest = label;
      }
      best[place] = nearest;
      for (let other = 0; other < place; other++) if (best[other] === nearest) distinct = false;
    }
    // Every place has a nearest label of its own: no assignment is better.
    if (distinct) return best;
    this.augment();
    for (let label = 0; label < labels; label++) best[rowOfColumn[label + 1]! - 1] = label;
    return best;
  }

  /** Rows and columns count from 1; column 0 holds the row being placed. */
  private augment(): void {
    const { labels, cost, rowPotential, columnPotential, slack, rowOfColumn, previous, used } = this;
    rowPotential.fill(0);
    columnPotential.fill(0);
    rowOfColumn.fill(0);
    for (let row = 1; row <= labels; row++) {
      rowOfColumn[0] = row;
      slack.fill(Number.POSITIVE_INFINITY);
      used.fill(0);
      let column = 0;
      do {
        used[column] = 1;
        const current = rowOfColumn[column]!;
        let least = Number.POSITIVE_INFINITY;
        let next = 0;
        for (let j = 1; j <= labels; j++) {
          if (used[j] === 1) continue;
          const reduced = cost[(current - 1) * labels + j - 1]! - rowPotential[current]! - columnPotential[j]!;
          if (reduced < slack[j]!) {
            slack[j] = reduced;
            previous[j] = column;
          }
          if (next === 0 || slack[j]! < least) {
            least = slack[j]!;
            next = j;
          }
        }
        for (let j = 0; j <= labels; j++) {
          if (used[j] === 1) {
            rowPotential[rowOfColumn[j]!]! += least;
            columnPotential[j]! -= least;
          } else {
            slack[j]! -= least;
          }
        }
        column = next;
      } while (rowOfColumn[column] !== 0);
      while (column !== 0) {
        const before = previous[column]!;
        rowOfColumn[column] = rowOfColumn[before]!;
        column = before;
      }
    }
  }
}
