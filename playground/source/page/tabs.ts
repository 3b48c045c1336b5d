/** Tabs as the ARIA Authoring Practices have them: one tab stop, arrow keys between tabs, the panel after them. */
import { byId, element } from './element.js';

export class Tabs<Name extends string> {
  private readonly tabs = new Map<Name, { readonly tab: HTMLButtonElement; readonly panel: HTMLElement }>();

  /** @param names with their titles, in order; the first is selected. */
  constructor(names: Readonly<Record<Name, string>>) {
    const entries = Object.entries(names) as [Name, string][];
    for (const [name, title] of entries) {
      const tab = element('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}` }, title);
      const panel = element('div', { role: 'tabpanel', id: `panel-${name}`, 'aria-labelledby': tab.id, tabindex: '0' });
      this.tabs.set(name, { tab, panel });
      tab.addEventListener('click', () => {
        this.select(name);
      });
      tab.addEventListener('keydown', ({ key }) => {
        const order = entries.map(([other]) => other),
          at = order.indexOf(name);
        const next =
          key === 'ArrowRight'
            ? order[(at + 1) % order.length]
            : key === 'ArrowLeft'
              ? order.at(at - 1)
              : key === 'Home'
                ? order[0]
                : key === 'End'
                  ? order.at(-1)
                  : undefined;
        if (next === undefined) return;
        this.select(next);
        this.tabs.get(next)!.tab.focus();
      });
    }
    byId('tabs', HTMLElement).append(...Array.from(this.tabs.values(), ({ tab }) => tab));
    byId('panels', HTMLElement).append(...Array.from(this.tabs.values(), ({ panel }) => panel));
    this.select(entries[0]![0]);
  }

  panel(name: Name): HTMLElement {
    return this.tabs.get(name)!.panel;
  }

  select(name: Name): void {
    for (const [other, { tab, panel }] of this.tabs) {
      tab.setAttribute('aria-selected', String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      panel.hidden = other !== name;
    }
  }
}
