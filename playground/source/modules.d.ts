/** What the build puts into the page (scripts/playground.mjs). */
declare module 'playground:engine' {
  /** The script of the engine's worker. */
  export const content: string;
}
declare module 'playground:grammar' {
  /** editor/credence.tmLanguage.json. */
  export const content: string;
}
declare module 'playground:examples' {
  import type { Project, Settings } from './protocol.js';
  export const content: readonly {
    readonly id: string;
    readonly title: string;
    readonly about: string;
    readonly project: Project;
    readonly settings: Partial<Settings>;
  }[];
}
