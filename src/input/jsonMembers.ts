/**
 * An object in JSON whose members come one after the other: of a text in pieces, the members of one large object are handed over
 * as they are met, so that neither the text nor what it says is ever in memory whole (JSON: RFC 8259). Only strings and brackets are
 * looked at here; whoever parses the members and the rest finds what is no JSON.
 */

/** Characters of a single member: what is longer is no row of a table. */
const longestMember = 1 << 20;

const quote = 34,
  backslash = 92,
  comma = 44,
  openBrace = 123,
  closeBrace = 125,
  openBracket = 91,
  closeBracket = 93;

/**
 * Hands over the text of every member (`"name": value`) of the object that stands under a name in the outermost object.
 * @returns the text without these members: the object under the name is empty in it.
 * @throws RangeError for a member of more than a million characters.
 */
export function eachMember(pieces: Iterable<string>, name: string, take: (member: string) => void): string {
  const rest: string[] = [],
    key = JSON.stringify(name);
  /** What is not done with, and where in it the next character stands. */
  let text = '',
    at = 0;
  /** Where in it a string begins (-1 outside of strings), and what has to stay of it: the member, or what is not yet in `rest`. */
  let string = -1,
    from = 0;
  let word = '',
    depth = 0,
    isInside = false;
  const close = (): void => {
    const member = text.slice(from, at);
    if (member.trim() !== '') take(member);
    from = at;
  };
  for (const piece of pieces) {
    text += piece;
    for (; at < text.length; at++) {
      if (string >= 0) {
        at = endOfString(text, at);
        if (at >= text.length) break;
        if (!isInside && depth === 1) word = text.slice(string, at + 1);
        string = -1;
        continue;
      }
      const c = text.charCodeAt(at);
      if (c === quote) string = at;
      else if (c === openBrace || c === openBracket) {
        if (c === openBrace && depth === 1 && !isInside && word === key) {
          rest.push(text.slice(from, at + 1));
          from = at + 1;
          isInside = true;
        }
        depth++;
      } else if (c === comma && isInside && depth === 2) {
        close();
        from++;
      } else if (c === closeBrace || c === closeBracket) {
        depth--;
        if (isInside && depth === 1) {
          close();
          isInside = false;
          word = '';
        }
      }
    }
    if (!isInside) {
      // A string that goes on is kept: it may be the name.
      const done = string >= 0 ? string : text.length;
      rest.push(text.slice(from, done));
      from = done;
    } else if (text.length - from > longestMember) throw new RangeError('a member is too long');
    text = text.slice(from);
    at -= from;
    if (string >= 0) string -= from;
    from = 0;
  }
  return rest.join('') + text;
}

/** The place of the quote that ends a string; the end of the text where it goes on, with the next character to look at. */
function endOfString(text: string, start: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === quote) return at;
    if (c === backslash) at++;
  }
  return at;
}
