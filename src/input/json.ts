/**
 * Data files in JSON: an object of named values.
 *
 * The text is parsed by the engine (arrays of millions of numbers take a fraction of a second); only
 * a text that fails, or holds objects, is scanned again, for the place and the reason, and for names given twice.
 * Names are read as own keys, so `__proto__` and `constructor` are names like any other.
 */
import { ModelError } from '../errors/diagnostic.js';
import { readLargeJson } from './largeJson.js';

/** Characters from which arrays are read without nesting. */
const largeText = 100_000;

/**
 * Named values of a data file.
 * @throws ModelError (code `bad-json`) with line, column and reason where the text is not an object in JSON.
 */
export function parseDataJson(text: string): Map<string, unknown> {
  if (text.length >= largeText) {
    const read = readLargeJson(text);
    if (read !== null) return read;
  }
  const value = parseJsonValue(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`;
    refuse(
      `the data is ${found}, not an object of named values`,
      Array.isArray(value) && value.length > 0 && value.every(isRow)
        ? 'these are rows: give columns, { "x": [...], "y": [...] }, or save them as CSV'
        : 'write { "x": [...], "K": 3 }, or bind the file to a name: name=file.json',
    );
  }
  return new Map(Object.entries(value as object));
}

/** One record of a table, as other programs write them. */
function isRow(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * One value in JSON, as in `--set K=3` or `name=file.json`.
 * @throws ModelError (code `bad-json`) as `parseDataJson`.
 */
export function parseJsonValue(text: string): unknown {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let value: unknown;
  let reason: string | null = null;
  try {
    value = JSON.parse(source);
  } catch (thrown) {
    reason = thrown instanceof Error ? thrown.message : String(thrown);
  }
  // The engine takes the last of several values for one name without a word.
  const fault = reason !== null || source.includes('{') ? new Scanner(source).fault() : null;
  if (fault !== null) {
    const before = source.slice(0, fault.at);
    const line = before.split('\n').length;
    const column = fault.at - (before.lastIndexOf('\n') + 1) + 1;
    refuse(`line ${line}, column ${column}: ${fault.message}`, fault.hint);
  }
  return reason === null ? value : refuse(`the text is not JSON: ${reason}`);
}

function refuse(message: string, hint?: string): never {
  throw new ModelError(
    [{ code: 'bad-json', severity: 'error', message, ...(hint === undefined ? {} : { hint }) }],
    hint === undefined ? message : `${message} (${hint})`,
  );
}

interface Fault {
  readonly at: number;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A deeper nest than any array of data; the scanner recurses. */
const deepestNesting = 500;

/** Finds the first place where a text departs from JSON (RFC 8259), or gives a name of one object twice. */
class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fault(): Fault | null {
    const fault = this.value(0);
    if (fault !== null) return fault;
    this.space();
    return this.at < this.text.length ? this.unexpected('the end of the text') : null;
  }

  private space(): void {
    while (this.at < this.text.length && ' \t\n\r'.includes(this.text[this.at]!)) this.at++;
  }

  private unexpected(expected: string): Fault {
    if (this.at >= this.text.length) return { at: this.at, message: `the text ends where ${expected} is expected` };
    const rest = this.text.slice(this.at, this.at + 20);
    const literal = /^[+-]?(NaN|Infinity|inf|nan|NA|None|undefined)\b/i.exec(rest);
    if (literal !== null) {
      const infinite = /inf/i.test(literal[0]);
      return {
        at: this.at,
        message: `${literal[0]} is not a value in JSON`,
        hint: infinite ? 'data must be finite; write null for a missing value' : 'write null for a missing value',
      };
    }
    if (rest.startsWith('//') || rest.startsWith('/*')) return { at: this.at, message: 'JSON has no comments' };
    if (rest.startsWith("'")) return { at: this.at, message: 'texts in JSON stand in double quotes' };
    return { at: this.at, message: `found ${JSON.stringify(rest[0])} where ${expected} is expected` };
  }

  private value(depth: number): Fault | null {
    this.space();
    if (depth > deepestNesting) return { at: this.at, message: `lists are nested more than ${deepestNesting} deep` };
    const c = this.text[this.at];
    if (c === '[') return this.sequence(depth, ']', () => this.value(depth + 1), 'a value');
    if (c === '{') {
      const names = new Set<string>();
      return this.sequence(depth, '}', () => this.entry(depth, names), 'a name in double quotes');
    }
    if (c === '"') return this.string();
    const literal = /(?:true|false|null)(?![A-Za-z0-9_])|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.])/y;
    literal.lastIndex = this.at;
    const match = literal.exec(this.text);
    if (match === null) {
      const number = /[+-]?[0-9.][0-9A-Za-z.+-]*/y;
      number.lastIndex = this.at;
      const malformed = number.exec(this.text);
      if (malformed !== null) return { at: this.at, message: `${malformed[0].slice(0, 30)} is not a number in JSON` };
      return this.unexpected('a value');
    }
    this.at += match[0].length;
    return null;
  }

  private sequence(depth: number, close: string, item: () => Fault | null, expected: string): Fault | null {
    const open = this.at++;
    this.space();
    if (this.text[this.at] === close) {
      this.at++;
      return null;
    }
    for (;;) {
      const fault = item();
      if (fault !== null) return fault;
      this.space();
      const c = this.text[this.at];
      if (c === close) {
        this.at++;
        return null;
      }
      if (c !== ',') {
        const fault = this.unexpected(`"," or ${JSON.stringify(close)}`);
        return this.at < this.text.length || depth > 0
          ? fault
          : { at: open, message: `this ${JSON.stringify(this.text[open])} is not closed` };
      }
      this.at++;
      this.space();
      if (this.text[this.at] === close)
        return { at: this.at - 1, message: `a comma stands before ${JSON.stringify(close)} where ${expected} should follow it` };
    }
  }

  private entry(depth: number, names: Set<string>): Fault | null {
    this.space();
    if (this.text[this.at] !== '"') return this.unexpected('a name in double quotes');
    const start = this.at;
    const fault = this.string();
    if (fault !== null) return fault;
    const name = JSON.parse(this.text.slice(start, this.at)) as string;
    if (names.has(name))
      return { at: start, message: `the name ${JSON.stringify(name)} is given twice`, hint: 'keep one of the two values' };
    names.add(name);
    this.space();
    if (this.text[this.at] !== ':') return this.unexpected('":"');
    this.at++;
    return this.value(depth + 1);
  }

  private string(): Fault | null {
    const open = this.at;
    const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
    string.lastIndex = this.at;
    this.at += string.exec(this.text)![0].length;
    if (this.text[this.at] === '"') {
      this.at++;
      return null;
    }
    if (this.at >= this.text.length) return { at: open, message: 'this text in double quotes is not closed' };
    if (this.text[this.at] === '\\') return { at: this.at, message: `${this.text.slice(this.at, this.at + 2)} is not an escape in JSON` };
    return { at: this.at, message: 'a text in JSON must not contain line breaks or control characters' };
  }
}
