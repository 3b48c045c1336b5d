/**
 * "Did you mean": the candidate nearest to a misspelt word, by optimal string alignment distance
 * (insertions, deletions, substitutions and exchanges of neighbours; Boytsov, ACM JEA 16, 2011).
 * Conservative: a wrong suggestion costs more than none.
 */

/**
 * The candidate that `word` is a misspelling of, or null. Differences of case alone always count as
 * one; otherwise one edit for words of three to five letters, two for longer ones, none for shorter.
 * Of equally near candidates the one with the same first letter, then the first in the alphabet.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const wanted = word.toLowerCase();
  const allowed = wanted.length < 3 ? 0 : wanted.length < 6 ? 1 : 2;
  let best: { readonly candidate: string; readonly rank: number } | null = null;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const edits = distance(wanted, candidate.toLowerCase(), allowed);
    if (edits > allowed) continue;
    const rank = 2 * edits + (candidate[0]?.toLowerCase() === wanted[0] ? 0 : 1);
    if (best === null || rank < best.rank || (rank === best.rank && candidate < best.candidate)) best = { candidate, rank };
  }
  return best?.candidate ?? null;
}

/** Optimal string alignment distance, or `limit + 1` as soon as it is known to be greater than `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    if (Math.min(...row) > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
