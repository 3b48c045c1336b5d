/** How a program is run: the menu of backends with what speaks against each, counts, seed and options. */
import type { Offer, Settings } from '../protocol.js';
import { byId, element } from './element.js';

/** What is run where nothing else is asked for: enough draws for a first look, little enough to be quick. */
export const usualSettings: Settings = {
  backend: 'auto',
  chains: '4',
  draws: '1000',
  warmup: '1000',
  seed: '1',
  thin: '1',
  until: '',
  maxSeconds: '',
  init: '',
  options: '',
};

const inputs = ['chains', 'draws', 'seed', 'warmup', 'thin', 'until', 'maxSeconds', 'init', 'options'] as const;
/** Those that are folded away. */
const folded = inputs.slice(3);
/** Characters of a reason that a menu shows. */
const longestReason = 70;

export class SettingsPanel {
  private readonly backend = byId('backend', HTMLSelectElement);
  private readonly fields = Object.fromEntries(inputs.map((name) => [name, byId(name, HTMLInputElement)])) as Readonly<
    Record<(typeof inputs)[number], HTMLInputElement>
  >;
  private offers: readonly Offer[] = [];

  /** @param chosen called when another backend is chosen. @param edited called when anything is changed. */
  constructor(chosen: () => void, edited: () => void) {
    this.backend.addEventListener('change', () => {
      this.describe();
      chosen();
      edited();
    });
    for (const field of Object.values(this.fields)) field.addEventListener('input', edited);
  }

  get settings(): Settings {
    const texts = Object.fromEntries(inputs.map((name) => [name, this.fields[name].value])) as Readonly<
      Record<(typeof inputs)[number], string>
    >;
    return { backend: this.backend.value, ...texts };
  }

  show(settings: Settings): void {
    for (const name of inputs) this.fields[name].value = settings[name];
    byId('more', HTMLDetailsElement).open = folded.some((name) => settings[name] !== usualSettings[name]);
    const { backend } = this,
      wanted = settings.backend;
    // Before the first check the menu is short.
    if (!Array.from(backend.options).some(({ value }) => value === wanted)) backend.append(new Option(wanted, wanted));
    backend.value = wanted;
    this.describe();
  }

  /** The backends for the program as it stands. */
  offer(offers: readonly Offer[]): void {
    this.offers = offers;
    const chosen = this.backend.value;
    const items = offers.map(({ name, refusal }) => {
      const item = new Option(refusal === null ? name : `${name} (does not apply: ${shortened(refusal)})`, name);
      // What is chosen stays chosen while the program changes.
      item.disabled = refusal !== null && name !== chosen;
      return item;
    });
    // A link may name a backend that there is not; a run will say so.
    if (!offers.some(({ name }) => name === chosen)) items.push(new Option(chosen, chosen));
    this.backend.replaceChildren(...items);
    this.backend.value = chosen;
    this.describe();
  }

  private describe(): void {
    const { value } = this.backend,
      offer = this.offers.find(({ name }) => name === value);
    const [choice = ''] = (offer?.note ?? '').split('\n');
    byId('choice', HTMLElement).textContent =
      offer === undefined ? '' : offer.refusal === null ? choice || offer.doc : `${value} does not apply: ${offer.refusal}`;
    const refused = byId('refused', HTMLDetailsElement),
      lacking = this.offers.filter(({ refusal }) => refusal !== null);
    refused.hidden = lacking.length === 0;
    refused
      .querySelector('dl')!
      .replaceChildren(
        ...lacking.map(({ name, refusal }) => element('div', {}, element('dt', {}, name), element('dd', {}, refusal ?? ''))),
      );
    byId('known', HTMLElement).replaceChildren(
      ...(offer?.options ?? []).map(([name, doc]) =>
        element('div', {}, element('dt', {}, element('code', {}, name)), element('dd', {}, doc)),
      ),
    );
  }
}

function shortened(reason: string): string {
  return reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason;
}
