/**
 * What was written under a link, so that neither going back nor a reload loses it: in memory for as long as the page lives, and in the
 * tab's own storage once it is left. Nothing of it leaves the browser, and no other tab sees it.
 */
import { type Shared, sharedFrom } from './link.js';

export interface Kept {
  /** What the user wrote last; null where nothing was. */
  readonly own: Shared | null;
  /** The entry of the menu that was shown. */
  readonly shown: string;
}

const key = 'credence-playground';

export class Written {
  private readonly byFragment = new Map<string, Kept>();

  keep(fragment: string, kept: Kept): void {
    this.byFragment.set(fragment, kept);
  }

  under(fragment: string): Kept | null {
    return this.byFragment.get(fragment) ?? null;
  }

  /** Before a page is left. Without its data where these are more than the storage holds. */
  store(fragment: string, { own, shown }: Kept): void {
    const attempts = own === null ? [null] : [own, { ...own, project: { ...own.project, values: '', table: '' } }];
    for (const attempt of attempts) {
      try {
        sessionStorage.setItem(
          key,
          JSON.stringify({ fragment, shown, own: attempt === null ? null : { ...attempt.project, ...attempt.settings } }),
        );
        return;
      } catch {
        // Full, or forbidden: the next attempt is smaller, and after the last a reload begins anew.
      }
    }
  }

  /** What a page that was left under this link had. */
  restore(fragment: string): void {
    try {
      const fields: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null');
      if (typeof fields !== 'object' || fields === null || Reflect.get(fields, 'fragment') !== fragment) return;
      const own: unknown = Reflect.get(fields, 'own'),
        shown: unknown = Reflect.get(fields, 'shown');
      this.keep(fragment, {
        own: typeof own === 'object' && own !== null ? sharedFrom(own) : null,
        shown: typeof shown === 'string' ? shown : '',
      });
    } catch {
      // There is no storage, or something else is in it.
    }
  }
}
