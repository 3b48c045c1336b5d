/** The data: one text of JSON, one of CSV, and which columns of the table go to which declared name. */
import type { Checked, Project } from '../protocol.js';
import { byId, element } from './element.js';

type Kind = 'values' | 'table';
type Texts = Pick<Project, 'values' | 'table' | 'columns'>;

const titles: Readonly<Record<Kind, string>> = { values: 'Values (JSON)', table: 'Table (CSV)' };
const placeholders: Readonly<Record<Kind, string>> = { values: '{ "y": [1.2, 0.7, 3.1], "K": 2 }', table: 'x,y\n0.5,1.2\n1.5,0.7' };
/** Characters from which a text is kept aside: no text field would take it. */
const longestEdited = 200_000;
/** Beyond this a page is the wrong place. */
const largestFile = 50_000_000;

/** `1 row`, `2,000 rows`. */
function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}

/** What a text seems to be: JSON begins with a brace. */
function kindOf(text: string): Kind {
  return text.trimStart().startsWith('{') ? 'values' : 'table';
}

/** One text with its field. */
class TextPart {
  readonly root: HTMLDetailsElement;
  private readonly summary: HTMLElement;
  private readonly field: HTMLTextAreaElement;
  private readonly aside: HTMLElement;
  private kept: string | null = null;
  private readonly title: string;

  /** @param pasted a text is pasted into the empty field: true where it has been taken elsewhere. */
  constructor(kind: Kind, edited: () => void, pasted: (text: string) => boolean) {
    this.title = titles[kind];
    this.summary = element('span', { class: 'muted' });
    this.field = element('textarea', {
      id: kind,
      'aria-label': this.title,
      placeholder: placeholders[kind],
      rows: '7',
      spellcheck: 'false',
      autocapitalize: 'off',
    });
    const remove = element('button', { type: 'button' }, 'Remove');
    this.aside = element('p', { hidden: true }, element('span'), ' ', remove);
    this.root = element('details', {}, element('summary', {}, this.title, ' ', this.summary), this.field, this.aside);
    this.field.addEventListener('input', edited);
    this.field.addEventListener('paste', (event) => {
      if (this.field.value.trim() === '' && pasted(event.clipboardData?.getData('text/plain') ?? '')) event.preventDefault();
    });
    remove.addEventListener('click', () => {
      this.text = '';
      edited();
      this.field.focus();
    });
  }

  get text(): string {
    return this.kept ?? this.field.value;
  }

  set text(text: string) {
    const long = text.length > longestEdited;
    this.kept = long ? text : null;
    this.field.value = long ? '' : text;
    this.field.hidden = long;
    this.aside.hidden = !long;
    this.aside.firstElementChild!.textContent = `${text.length.toLocaleString('en')} characters: too many to be edited here.`;
    this.root.open = text !== '';
  }

  describe(words: string): void {
    this.summary.textContent = words === '' ? '' : `· ${words}`;
  }
}

export class DataPanel {
  private readonly parts: Readonly<Record<Kind, TextPart>>;
  private readonly place: HTMLElement;
  private readonly edited: () => void;
  /** Columns by name as the user wrote them; those of names that the program no longer has are kept. */
  private columns = new Map<string, string>();
  /** What the fields of columns show, so that they are made anew only when that changes. */
  private shown = '';

  constructor(edited: () => void) {
    this.edited = edited;
    const part = (kind: Kind): TextPart =>
      new TextPart(kind, edited, (text) => {
        const other = kindOf(text);
        // Never over what is there.
        if (text.trim() === '' || other === kind || this.parts[other].text.trim() !== '') return false;
        this.put(other, text);
        return true;
      });
    this.parts = { values: part('values'), table: part('table') };
    byId('texts', HTMLElement).append(this.parts.values.root, this.parts.table.root);
    this.place = byId('columns', HTMLElement);
  }

  get texts(): Texts {
    return {
      values: this.parts.values.text,
      table: this.parts.table.text,
      columns: [...this.columns].filter(([, columns]) => columns.trim() !== ''),
    };
  }

  show({ values, table, columns }: Texts): void {
    this.parts.values.text = values;
    this.parts.table.text = table;
    if (values === '' && table === '') this.parts.values.root.open = true;
    this.columns = new Map(columns);
    this.shown = '';
  }

  /** A file, by its name or else by how it begins. @throws Error with a reason fit for a user. */
  async take(file: File): Promise<void> {
    if (file.size > largestFile)
      throw new Error(
        `${file.name} has ${Math.round(file.size / 1e6)} MB; up to ${largestFile / 1e6} MB can be opened here. The command line takes files of any size.`,
      );
    const text = await file.text();
    this.put(/\.json$/i.test(file.name) ? 'values' : /\.[ct]sv$/i.test(file.name) ? 'table' : kindOf(text), text);
  }

  private put(kind: Kind, text: string): void {
    this.parts[kind].text = text;
    this.edited();
  }

  /** What a check found: size of the table, and a field for each declared name that a table may give. */
  describe({ table, inputs: declared }: Checked): void {
    // A column is never a single number.
    const inputs = declared?.filter(({ type }) => type.endsWith(']')) ?? null;
    this.parts.table.describe(table === null ? '' : `${counted(table.rows, 'row')}, ${counted(table.header.length, 'column')}`);
    const shown = JSON.stringify([table?.header ?? null, inputs?.map(({ name, type }) => [name, type])]);
    // While the program has errors the fields stay as they are.
    if (shown === this.shown || (inputs === null && table !== null)) return;
    this.shown = shown;
    if (table === null || inputs === null || inputs.length === 0) {
      this.place.replaceChildren();
      return;
    }
    const list = element('datalist', { id: 'header' }, ...table.header.map((column) => element('option', { value: column })));
    const rows = inputs.map(({ name, type }, k) => {
      const field = element('input', {
        id: `column-${k}`,
        list: 'header',
        autocomplete: 'off',
        spellcheck: 'false',
        placeholder: table.header.includes(name) ? name : 'no column',
      });
      field.value = this.columns.get(name) ?? '';
      field.addEventListener('input', () => {
        this.columns.set(name, field.value);
        this.edited();
      });
      return element(
        'div',
        { class: 'field' },
        element('label', { for: field.id }, element('code', {}, type === '' ? name : `${name}: ${type}`)),
        field,
      );
    });
    this.place.replaceChildren(
      element('h3', {}, 'Columns'),
      element(
        'p',
        { class: 'muted' },
        `The table has ${table.header.slice(0, 12).join(', ')}${table.header.length > 12 ? ', …' : ''}. One column makes a vector, several with commas between them a matrix.`,
      ),
      element('div', { class: 'row' }, ...rows),
      list,
    );
  }
}
