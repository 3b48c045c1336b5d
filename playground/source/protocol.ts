/**
 * What the page and its engine (a web worker that holds the compiler and the backends) say to each other: plain data.
 * The engine answers checks with the number they came with, so that the page can drop what is out of date.
 */
import type { PageParts, Section } from '../../src/report.js';

/** What a user has written: nothing in it is trusted. */
export interface Project {
  readonly program: string;
  /** An object of named values as JSON; empty where there is none. */
  readonly values: string;
  /** A table as CSV; empty where there is none. */
  readonly table: string;
  /** Columns of the table by declared name, separated by commas, where they are not the column of that name. */
  readonly columns: readonly (readonly [name: string, columns: string])[];
}

/** How it is to be run, as typed. */
export interface Settings {
  readonly backend: string;
  readonly chains: string;
  readonly draws: string;
  readonly warmup: string;
  readonly seed: string;
  /** One draw in so many is kept. */
  readonly thin: string;
  /** Effective draws at which the run may end; `draws` is then the most that a chain makes. */
  readonly until: string;
  readonly maxSeconds: string;
  /** Where chains and climbs start: an object of values as JSON. */
  readonly init: string;
  /** Options of the backend: `name=value`, separated by spaces. */
  readonly options: string;
}

/** Where a problem lies. */
export type Origin = 'program' | 'values' | 'table' | 'data' | 'settings';

export interface Problem {
  readonly origin: Origin;
  readonly severity: 'error' | 'warning' | 'note';
  readonly code: string;
  readonly message: string;
  readonly expected: string | null;
  readonly hint: string | null;
  /** UTF-16 offsets in the program. */
  readonly span: { readonly start: number; readonly end: number } | null;
}

/** A declared input, and what it is given. */
export interface Input {
  readonly name: string;
  /** As declared: `real[N, D]`. */
  readonly type: string;
}

export interface Checked {
  readonly problems: readonly Problem[];
  /** Null where the program has errors. */
  readonly inputs: readonly Input[] | null;
  /** Null where there is none, or it cannot be read. */
  readonly table: { readonly header: readonly string[]; readonly rows: number } | null;
  /** Whether the program can be run on the data. */
  readonly runs: boolean;
}

/** A backend in the menu. */
export interface Offer {
  readonly name: string;
  readonly doc: string;
  /** Why it does not apply; null where it does. */
  readonly refusal: string | null;
  /** `auto`: what it would run, and why not the others. */
  readonly note: string | null;
  /** Names of its options with what they mean. */
  readonly options: readonly (readonly [name: string, doc: string])[];
}

export type ToEngine =
  | { readonly kind: 'check'; readonly id: number; readonly project: Project; readonly backend: string }
  | { readonly kind: 'run'; readonly project: Project; readonly settings: Settings }
  | { readonly kind: 'stop' }
  /** The page of the last run as one file. */
  | { readonly kind: 'page' };

export type FromEngine =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checked'; readonly id: number; readonly checked: Checked }
  | { readonly kind: 'offers'; readonly id: number; readonly offers: readonly Offer[] }
  /** Markup of the report's own making; null where there is none. */
  | {
      readonly kind: 'model';
      readonly id: number;
      readonly graph: string | null;
      readonly derivation: string | null;
      readonly refusal: string | null;
    }
  | {
      readonly kind: 'progress';
      readonly chain: number;
      readonly phase: string;
      readonly done: number;
      readonly total: number;
      readonly objective: number | null;
    }
  /** A picture of the latest `draws` of those `made` by the chain that is furthest. */
  | { readonly kind: 'traces'; readonly svg: string; readonly draws: number; readonly made: number }
  /** All draws are made; they are still to be put together. */
  | { readonly kind: 'drawn' }
  /** The run is over; the parts of its report follow. */
  | { readonly kind: 'judged'; readonly head: Omit<PageParts, 'sections'> }
  | { readonly kind: 'section'; readonly section: Section }
  /** All parts have come. */
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[] }
  | { readonly kind: 'page'; readonly html: string };
