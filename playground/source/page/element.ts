/** Elements of the page. Text is always set as text; markup comes from the report's own sections alone (`setMarkup`). */

type Attributes = Readonly<Record<string, string | boolean>>;

/** An element with attributes (`true`: present, `false`: absent) and content. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== false) made.setAttribute(key, value === true ? '' : value);
  made.append(...content);
  return made;
}

/** An element of the page by its id. @throws Error where page.html has none of this kind. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`page.html has no ${kind.name} #${id}`);
  return found;
}

/**
 * Shows markup that `src/page` or `src/plot` has made: every text in it was escaped there, and the page's policy runs no
 * script that it did not come with.
 */
export function setMarkup(place: HTMLElement, markup: string): void {
  const parsed = new DOMParser().parseFromString(markup, 'text/html');
  // A copy of the list: it is live, and adopting takes its nodes away.
  place.replaceChildren(...[...parsed.body.childNodes].map((node) => document.adoptNode(node)));
}
