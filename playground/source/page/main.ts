/** The page: puts editor, data, settings and results together with the two engines, one that checks and one that runs. */
import { content as examples } from 'playground:examples';
import { content as grammarText } from 'playground:grammar';
import type { Checked, FromEngine, Problem, Settings } from '../protocol.js';
import { DataPanel } from './dataPanel.js';
import { explained, ProgramEditor } from './editor.js';
import { byId, element } from './element.js';
import { EngineClient } from './engineClient.js';
import { fragmentOf, type Shared, sharedOf } from './link.js';
import { type Kept, Written } from './kept.js';
import { Results } from './results.js';
import { SettingsPanel, usualSettings } from './settingsPanel.js';
import { grammarOf } from './textMate.js';

/** Milliseconds without a key before a program is checked. */
const pause = 250;
/** Milliseconds that a check may take before the next one gets an engine of its own. */
const patience = 5000;
/** The example that a newcomer sees: short, well known, and its draws are worth watching. */
const firstShown = '09-eight-schools';
/** Value in the menu of examples for what the user has written. */
const ownProgram = 'own';

class Playground {
  private readonly editor: ProgramEditor;
  private readonly data = new DataPanel(() => {
    this.edited();
  });
  private readonly settings = new SettingsPanel(
    () => {
      this.checkSoon(0);
    },
    () => {
      this.changedSettings();
    },
  );
  private readonly results = new Results(byId('state', HTMLElement), () => {
    this.runner?.send({ kind: 'page' });
  });
  private readonly notice = byId('notice', HTMLElement);
  private readonly written = new Written();
  private readonly menu = byId('examples', HTMLSelectElement);
  private readonly startButton = byId('start', HTMLButtonElement);
  private readonly stopButton = byId('stop', HTMLButtonElement);
  private checker: EngineClient;
  /** When a check was sent that is not yet answered; null where all are. */
  private askedAt: number | null = null;
  private runner: EngineClient | null = null;
  private running = false;
  private stopping = false;
  /** Whether the runner is at the figures of a run that is over. */
  private drawing = false;
  /** Of the latest check; answers to others are out of date. */
  private checkId = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private checked: Checked | null = null;
  /** What the user wrote last, to come back to from an example. */
  private own: Shared | null = null;

  constructor(grammar: Awaited<ReturnType<typeof grammarOf>>) {
    this.editor = new ProgramEditor(
      byId('program', HTMLElement),
      grammar,
      () => {
        this.edited();
      },
      () => {
        this.run();
      },
    );
    this.checker = this.newChecker();
    this.fillMenu();
    this.menu.addEventListener('change', () => {
      this.tell('');
      this.choose(this.menu.value);
    });
    byId('settings', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.run();
    });
    this.stopButton.addEventListener('click', () => {
      this.stop();
    });
    byId('share', HTMLButtonElement).addEventListener('click', () => {
      void this.share();
    });
    this.acceptFiles();
    addEventListener('hashchange', ({ oldURL }) => {
      this.written.keep(new URL(oldURL).hash, this.kept);
      this.tell('');
      void this.openLink();
    });
    addEventListener('pagehide', () => {
      this.written.store(location.hash, this.kept);
    });
  }

  async begin(): Promise<void> {
    this.written.restore(location.hash);
    if (!(await this.openLink())) this.choose(firstShown);
  }

  // --- what is shown -----------------------------------------------------------------------------

  private get shared(): Shared & { readonly settings: Settings } {
    return { project: { program: this.editor.text, ...this.data.texts }, settings: this.settings.settings };
  }

  private get kept(): Kept {
    return { own: this.own, shown: this.menu.value };
  }

  private show({ project, settings }: Shared, about: string): void {
    if (this.running) {
      this.endRunner();
      this.setRunning(false);
    }
    this.results.clear();
    this.editor.show(project.program);
    this.data.show(project);
    this.settings.show({ ...usualSettings, ...settings });
    byId('about', HTMLElement).textContent = about;
    this.checkSoon(0);
  }

  private fillMenu(): void {
    const own = new Option('What you wrote', ownProgram);
    own.hidden = true;
    this.menu.replaceChildren(own, ...examples.map(({ id, title }) => new Option(title, id)));
  }

  private choose(id: string): void {
    const example = examples.find((candidate) => candidate.id === id);
    if (example !== undefined) this.show({ project: example.project, settings: example.settings }, example.about);
    else if (this.own !== null) this.show(this.own, '');
    this.menu.value = id;
  }

  private keepOwn(): void {
    this.own = this.shared;
    this.results.outdate();
    this.menu.options[0]!.hidden = false;
    this.menu.value = ownProgram;
  }

  /** An example with other settings is still that example. */
  private changedSettings(): void {
    this.results.outdate();
    if (this.menu.value === ownProgram) this.own = this.shared;
  }

  private edited(): void {
    this.keepOwn();
    this.checkSoon(pause);
  }

  /** What was written under the address, or what it holds. */
  private async openLink(): Promise<boolean> {
    const before = this.written.under(location.hash);
    if (before !== null) {
      this.own = before.own;
      this.menu.options[0]!.hidden = before.own === null;
      this.choose(before.shown === ownProgram || examples.some(({ id }) => id === before.shown) ? before.shown : firstShown);
      return true;
    }
    try {
      const shared = await sharedOf(location.hash);
      if (shared === null) return false;
      this.show(shared, '');
      this.keepOwn();
      return true;
    } catch (error) {
      this.tell(`The link cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
      return false;
    }
  }

  private async share(): Promise<void> {
    const { fragment, withData } = await fragmentOf(this.shared);
    history.replaceState(null, '', `#${fragment}`);
    const what = withData
      ? 'The link carries program, data and settings'
      : 'The data are too large for a link: it carries program and settings';
    try {
      await navigator.clipboard.writeText(location.href);
      this.tell(`${what}; it is copied.`);
    } catch {
      this.tell(`${what}; it stands in the address bar.`);
    }
  }

  /** Of links, files and the page itself; what a run has to say stands beside it. */
  private tell(words: string): void {
    this.notice.textContent = words;
  }

  private acceptFiles(): void {
    const input = byId('file', HTMLInputElement);
    const take = async (file: File | undefined): Promise<void> => {
      if (file === undefined) return;
      try {
        if (/\.cred$/i.test(file.name)) {
          this.editor.show(await file.text());
          this.edited();
        } else await this.data.take(file);
        this.tell(`${file.name} is open.`);
      } catch (error) {
        this.tell(error instanceof Error ? error.message : String(error));
      }
    };
    byId('open', HTMLButtonElement).addEventListener('click', () => {
      input.click();
    });
    input.addEventListener('change', () => {
      void take(input.files?.[0]).then(() => {
        input.value = '';
      });
    });
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true;
    // Before the editor, which would put the text of a file into the program.
    addEventListener(
      'dragover',
      (event) => {
        if (carriesFiles(event)) {
          event.preventDefault();
          document.body.classList.add('dropping');
        }
      },
      { capture: true },
    );
    addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) document.body.classList.remove('dropping');
    });
    addEventListener(
      'drop',
      (event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        document.body.classList.remove('dropping');
        for (const file of event.dataTransfer?.files ?? []) void take(file);
      },
      { capture: true },
    );
  }

  // --- checks ------------------------------------------------------------------------------------

  private newChecker(): EngineClient {
    return new EngineClient(
      (message) => {
        this.heardFromChecker(message);
      },
      (reason) => {
        this.tell(`The page cannot check programs here: ${reason}`);
      },
    );
  }

  private checkSoon(delay: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.checkId++;
    // What is known is of the text before.
    this.checked = null;
    this.timer = setTimeout(() => {
      const { project, settings } = this.shared;
      // A text that takes so long must not keep the next one waiting.
      if (this.askedAt !== null && performance.now() - this.askedAt > patience) {
        this.checker.end();
        this.checker = this.newChecker();
      }
      this.askedAt = performance.now();
      this.checker.send({ kind: 'check', id: this.checkId, project, backend: settings.backend });
    }, delay);
  }

  private heardFromChecker(message: FromEngine): void {
    if (!('id' in message)) return;
    const isLast = message.kind === 'offers' || (message.kind === 'checked' && message.checked.inputs === null);
    if (isLast) this.askedAt = null;
    if (message.id !== this.checkId) return;
    switch (message.kind) {
      case 'checked':
        this.checked = message.checked;
        this.data.describe(message.checked);
        this.showProblems(message.checked.problems);
        return;
      case 'model':
        this.results.model(message);
        return;
      case 'offers':
        this.settings.offer(message.offers);
    }
  }

  private showProblems(problems: readonly Problem[]): void {
    this.editor.mark(problems);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    byId('verdict', HTMLElement).textContent =
      errors === 0 ? 'The program and its data are in order.' : `${errors} ${errors === 1 ? 'error' : 'errors'}`;
    byId('verdict', HTMLElement).classList.toggle('bad', errors > 0);
    byId('problems', HTMLElement).replaceChildren(
      ...problems.map((problem) => {
        const { span, severity, message, expected, hint, origin } = problem;
        const place =
          span === null
            ? element('span', { class: 'place' }, origin === 'table' ? 'Table' : origin === 'values' ? 'Values' : 'Data')
            : element('button', { type: 'button', class: 'place' }, `Line ${this.editor.lineOf(span.start)}`);
        if (span !== null)
          place.addEventListener('click', () => {
            this.editor.goTo(span);
          });
        return element('li', { class: severity }, place, element('div', {}, ...explained(message, expected, hint)));
      }),
    );
  }

  // --- runs --------------------------------------------------------------------------------------

  private run(): void {
    if (this.running) return;
    if (this.checked !== null && !this.checked.runs) {
      this.results.say(
        `Before it can run: ${this.checked.problems.find(({ severity }) => severity === 'error')?.message ?? 'the program has errors'}`,
      );
      byId('problems', HTMLElement).querySelector('button')?.focus();
      return;
    }
    if (this.drawing) this.endRunner();
    this.runner ??= new EngineClient(
      (message) => {
        this.heardFromRunner(message);
      },
      (reason) => {
        this.runnerDied(reason);
      },
    );
    this.setRunning(true);
    this.results.begin();
    const { project, settings } = this.shared;
    this.runner.send({ kind: 'run', project, settings });
  }

  private setRunning(running: boolean): void {
    const hadFocus = document.activeElement === this.startButton || document.activeElement === this.stopButton;
    this.running = running;
    this.stopping = false;
    this.stopButton.textContent = 'Stop';
    this.startButton.hidden = running;
    this.stopButton.hidden = !running;
    if (hadFocus) (running ? this.stopButton : this.startButton).focus();
  }

  private heardFromRunner(message: FromEngine): void {
    switch (message.kind) {
      case 'progress':
        this.results.progress(message);
        return;
      case 'traces':
        this.results.live(message);
        return;
      case 'drawn':
        this.results.say('All draws are made; the report is put together');
        return;
      // From here on another run may begin: it ends the drawing of figures.
      case 'judged':
        this.setRunning(false);
        this.drawing = true;
        this.results.judged(message);
        return;
      case 'section':
        this.results.section(message);
        return;
      case 'done':
        this.drawing = false;
        this.results.done();
        return;
      case 'failed':
        this.setRunning(false);
        this.results.failed(message.problems);
        return;
      case 'page':
        download('report.html', message.html);
    }
  }

  /** Once: with the draws that there are. Twice: at once, with nothing. */
  private stop(): void {
    if (!this.stopping) {
      this.stopping = true;
      this.stopButton.textContent = 'End at once';
      this.results.say('Stopping: what there is will be shown');
      this.runner?.send({ kind: 'stop' });
      return;
    }
    this.endRunner();
    this.setRunning(false);
    this.results.ended('The run was ended before there was anything to show.');
  }

  private endRunner(): void {
    this.runner?.end();
    this.runner = null;
    this.drawing = false;
  }

  private runnerDied(reason: string): void {
    this.endRunner();
    this.setRunning(false);
    this.results.ended(`The run ended: ${reason}.`);
  }
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/html' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 0);
}

await new Playground(await grammarOf(grammarText)).begin();
document.documentElement.dataset['ready'] = '';
