/** The editor of the program: CodeMirror with the colours of the grammar, and diagnostics where they belong. */
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { IGrammar } from 'vscode-textmate';
import type { Problem } from '../protocol.js';
import { element } from './element.js';
import { credence } from './textMate.js';

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
  { tag: tags.keyword, color: 'var(--blue)', fontWeight: '600' },
  { tag: [tags.typeName, tags.className], color: 'var(--purple)' },
  { tag: tags.standard(tags.variableName), color: 'var(--green)' },
  { tag: tags.definition(tags.variableName), fontWeight: '600' },
  { tag: tags.number, color: 'var(--orange)' },
  { tag: tags.operator, color: 'var(--muted)' },
]);

const theme = EditorView.theme({
  '&': { fontSize: '.875rem', border: '1px solid var(--grid)', borderRadius: '6px', backgroundColor: 'var(--field)', color: 'var(--ink)' },
  '&.cm-focused': { outline: '2px solid var(--blue)', outlineOffset: '1px' },
  '.cm-scroller': {
    fontFamily: "ui-monospace,'Cascadia Mono','DejaVu Sans Mono',monospace",
    lineHeight: '1.55',
    minHeight: '14rem',
    maxHeight: '60vh',
  },
  '.cm-content': { caretColor: 'var(--ink)', padding: '.5rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--ink) 5%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'color-mix(in srgb, var(--blue) 28%, transparent)',
  },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--orange) 1.5px', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning, .cm-lintRange-info': {
    backgroundImage: 'none',
    textDecoration: 'underline dotted var(--blue) 1.5px',
    textUnderlineOffset: '3px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--grid)',
    borderRadius: '6px',
    maxWidth: 'min(90vw, 34rem)',
    padding: '.2rem',
  },
  '.cm-diagnostic': {
    borderLeft: '3px solid var(--orange)',
    fontFamily: "system-ui,'Segoe UI','DejaVu Sans',sans-serif",
    whiteSpace: 'normal',
  },
  '.cm-matchingBracket': { backgroundColor: 'color-mix(in srgb, var(--green) 25%, transparent)' },
});

export class ProgramEditor {
  private readonly view: EditorView;

  /** @param edited called when the user has changed the text, not for texts that are shown. */
  constructor(place: HTMLElement, grammar: IGrammar, edited: () => void, run: () => void) {
    this.view = new EditorView({
      parent: place,
      state: EditorState.create({
        extensions: [
          lineNumbers(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          highlightSpecialChars(),
          drawSelection(),
          history(),
          bracketMatching(),
          lintGutter(),
          indentUnit.of('  '),
          // Tab leaves the editor, as everywhere on a page.
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => {
                run();
                return true;
              },
            },
            ...defaultKeymap,
            ...historyKeymap,
            ...lintKeymap,
          ]),
          credence(grammar),
          syntaxHighlighting(colours),
          theme,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Program', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
          EditorView.updateListener.of((update) => {
            if (update.transactions.some((transaction) => transaction.docChanged && !transaction.isUserEvent('show'))) edited();
          }),
        ],
      }),
    });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  /** Another program in the place of the one there is. */
  show(text: string): void {
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: text },
      userEvent: 'show',
      selection: { anchor: 0 },
      scrollIntoView: true,
    });
  }

  /** Marks the places of problems in the text that they were found in; places that lie outside by now are moved to its end. */
  mark(problems: readonly Problem[]): void {
    const { length } = this.view.state.doc;
    const marks = problems.flatMap(({ span, severity, message, expected, hint }): Diagnostic[] => {
      if (span === null) return [];
      const from = Math.min(span.start, Math.max(0, length - 1)),
        to = Math.min(length, Math.max(span.end, from + 1));
      return [
        {
          from,
          to,
          severity: severity === 'note' ? 'info' : severity,
          message,
          renderMessage: () => element('div', {}, ...explained(message, expected, hint)),
        },
      ];
    });
    this.view.dispatch(setDiagnostics(this.view.state, marks));
  }

  /** Where an offset lies, counted from 1. */
  lineOf(offset: number): number {
    return this.view.state.doc.lineAt(Math.min(offset, this.view.state.doc.length)).number;
  }

  goTo({ start, end }: { readonly start: number; readonly end: number }): void {
    const { length } = this.view.state.doc;
    this.view.dispatch({ selection: { anchor: Math.min(start, length), head: Math.min(end, length) }, scrollIntoView: true });
    this.view.focus();
  }
}

/** A message with what was expected and what can be done. */
export function explained(message: string, expected: string | null, hint: string | null): readonly HTMLElement[] {
  return [
    element('p', {}, ...withCode(message)),
    ...(expected === null ? [] : [element('p', { class: 'muted' }, 'Expected: ', ...withCode(expected))]),
    ...(hint === null ? [] : [element('p', {}, element('strong', {}, 'Hint: '), ...withCode(hint))]),
  ];
}

/** Text in which what stands between backticks is code. */
function withCode(text: string): readonly (Node | string)[] {
  return text.split(/`([^`]+)`/).map((piece, k) => (k % 2 === 0 ? piece : element('code', {}, piece)));
}
