/**
 * What came out: while a run goes on its progress and draws, then the parts of its report; beside them graph and derivation of the program.
 */
import type { Section } from '../../../src/report.js';
import type { FromEngine, Problem } from '../protocol.js';
import { explained } from './editor.js';
import { byId, element, setMarkup } from './element.js';
import { Tabs } from './tabs.js';

type Message<Kind extends FromEngine['kind']> = Extract<FromEngine, { kind: Kind }>;

/** Parts of a report that are not figures. */
const inSummary = ['warnings', 'summary', 'run'],
  ofModel = ['graph', 'derivation', 'program'];

export class Results {
  private readonly tabs = new Tabs({ summary: 'Summary', figures: 'Figures', graph: 'Graph', derivation: 'Derivation' });
  private readonly bars = new Map<number, { readonly bar: HTMLProgressElement; readonly words: HTMLElement }>();
  private readonly progressList = element('ul', { class: 'progress' });
  private readonly traces = element('div', { class: 'live' });
  private readonly status: HTMLElement;
  private hasRun = false;
  private readonly savePage: () => void;

  /** @param status the line that is read out. @param savePage asked for the report as a file. */
  constructor(status: HTMLElement, savePage: () => void) {
    this.status = status;
    this.savePage = savePage;
    this.clear();
  }

  /** Forgets the run: another program is shown. */
  clear(): void {
    this.hasRun = false;
    byId('outdated', HTMLElement).hidden = true;
    this.tabs
      .panel('summary')
      .replaceChildren(element('p', { class: 'muted' }, 'Run the program to see what the data say about its unknowns.'));
    this.tabs.panel('figures').replaceChildren(element('p', { class: 'muted' }, 'Figures of a run appear here.'));
    this.say('');
  }

  /** What is shown belongs to a program as it was. */
  outdate(): void {
    byId('outdated', HTMLElement).hidden = !this.hasRun;
  }

  begin(): void {
    this.clear();
    this.hasRun = true;
    this.bars.clear();
    this.progressList.replaceChildren();
    this.traces.replaceChildren();
    this.tabs.panel('summary').replaceChildren(this.progressList, this.traces);
    this.tabs.panel('figures').replaceChildren(element('p', { class: 'muted' }, 'The run goes on.'));
    this.tabs.select('summary');
    this.say('Running');
  }

  progress({ chain, phase, done, total, objective }: Message<'progress'>): void {
    const isOfChain = phase === 'warmup' || phase === 'sampling';
    let own = this.bars.get(chain);
    if (own === undefined) {
      const label = element('label', { for: `bar-${chain}` }, isOfChain ? `Chain ${chain}` : 'Progress');
      own = { bar: element('progress', { id: `bar-${chain}` }), words: element('span', { class: 'muted' }) };
      this.bars.set(chain, own);
      this.progressList.append(element('li', {}, label, own.bar, own.words));
    }
    own.bar.max = Math.max(1, total);
    own.bar.value = done;
    own.words.textContent = !isOfChain
      ? `${done.toLocaleString('en')} of ${total.toLocaleString('en')}${objective === null ? '' : `, at ${Number(objective.toPrecision(7))}`}`
      : phase === 'warmup'
        ? 'warming up'
        : done >= total
          ? 'done'
          : 'drawing';
  }

  live({ svg, draws, made }: Message<'traces'>): void {
    if (this.traces.childElementCount === 0) this.say('Running; the first draws are shown');
    setMarkup(this.traces, svg);
    this.traces.prepend(
      element(
        'p',
        { class: 'muted' },
        draws < made
          ? `The latest ${draws.toLocaleString('en')} of ${made.toLocaleString('en')} draws of a chain`
          : `The first ${draws.toLocaleString('en')} draws of each chain`,
      ),
    );
  }

  /** The parts that follow are added below. */
  judged({ head: { lede, verdict, converged } }: Message<'judged'>): void {
    const summary = this.tabs.panel('summary');
    summary.replaceChildren(
      element('div', { class: 'head' }, element('p', { class: converged ? 'verdict' : 'verdict bad' }, verdict)),
      element('p', { class: 'muted' }, lede),
    );
    this.tabs.panel('figures').replaceChildren();
    this.say(`${verdict}.`, true);
  }

  section({ section }: Message<'section'>): void {
    if (inSummary.includes(section.id)) this.tabs.panel('summary').append(shown(section));
    else if (!ofModel.includes(section.id)) this.tabs.panel('figures').append(shown(section));
  }

  done(): void {
    const save = element('button', { type: 'button' }, 'Save the report'),
      figures = this.tabs.panel('figures');
    save.addEventListener('click', this.savePage);
    this.tabs.panel('summary').querySelector('.head')?.append(save);
    if (figures.childElementCount === 0) figures.append(element('p', { class: 'muted' }, 'This run has nothing to draw.'));
  }

  failed(problems: readonly Problem[]): void {
    const items = problems.map(({ message, expected, hint }) => element('li', {}, ...explained(message, expected, hint)));
    this.tabs
      .panel('summary')
      .replaceChildren(element('p', { class: 'verdict bad' }, 'The run was refused'), element('ul', { class: 'warnings' }, ...items));
    this.tabs.panel('figures').replaceChildren(element('p', { class: 'muted' }, 'Figures of a run appear here.'));
    this.say(`The run was refused: ${problems[0]?.message ?? ''}`, true);
  }

  /** @param outcome of a run that was ended at once. */
  ended(outcome: string): void {
    this.tabs.panel('summary').replaceChildren(element('p', { class: 'verdict bad' }, 'No results'), element('p', {}, outcome));
    this.tabs.panel('figures').replaceChildren(element('p', { class: 'muted' }, 'Figures of a run appear here.'));
    this.say(outcome, true);
  }

  /** Graph and derivation of the program as it is written; those of a program with errors stay what they were. */
  model({ graph, derivation, refusal }: Message<'model'>): void {
    const picture = element('div');
    setMarkup(picture, graph ?? '');
    this.tabs.panel('graph').replaceChildren(graph === null ? element('p', { class: 'muted' }, 'There is no graph.') : picture);
    const place = this.tabs.panel('derivation');
    if (derivation !== null) setMarkup(place, derivation);
    else
      place.replaceChildren(element('p', {}, refusal === null ? 'There is nothing to derive.' : `The backend does not apply: ${refusal}`));
  }

  /** @param shown whether the words stand elsewhere on the page: then they are read out, and not seen twice. */
  say(words: string, shown: boolean = false): void {
    this.status.textContent = words;
    this.status.classList.toggle('unseen', shown);
  }
}

/** A part of the report. */
function shown({ title, content, folded }: Section): HTMLElement {
  const inside = element('div'),
    heading = element('h2', {}, title);
  setMarkup(inside, content);
  return folded ? element('details', {}, element('summary', {}, heading), inside) : element('section', {}, heading, inside);
}
