/** Lines of a text that comes in pieces, of whatever length: a file may be larger than a text can be. */

/** Hands over every line that has an end, without it. @returns what stands after the last end. */
export function eachLine(pieces: Iterable<string>, take: (line: string) => void): string {
  let rest = '';
  for (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      take(rest + piece.slice(from, end));
      rest = '';
      from = end + 1;
    }
    rest += piece.slice(from);
  }
  return rest;
}
