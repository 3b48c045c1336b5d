/**
 * The colours of figures and page, for a light and a dark background. Every colour has a contrast of at
 * least 4.5 to its background (WCAG 2.2, 1.4.3), so that text, lines and points can share them.
 */

/** What a colour is for. */
export type Ink = 'background' | 'ink' | 'muted' | 'grid' | 'blue' | 'orange' | 'green' | 'purple';

export const light: Readonly<Record<Ink, string>> = {
  background: '#ffffff',
  ink: '#1b1f24',
  muted: '#5b6570',
  grid: '#d8dde3',
  blue: '#1f66ad',
  orange: '#b4500b',
  green: '#2b7530',
  purple: '#8539a6',
};

export const dark: Readonly<Record<Ink, string>> = {
  background: '#14171c',
  ink: '#e8ebef',
  muted: '#a3adb8',
  grid: '#363d47',
  blue: '#6db3f2',
  orange: '#ffa657',
  green: '#7cd98a',
  purple: '#d2a8ff',
};

/** The value of a colour in an SVG or style sheet that holds `paletteStyle`. */
export function colour(name: Ink): string {
  return `var(--${name})`;
}

/** Colours for groups 0, 1, 2, ... */
export const groupColours: readonly string[] = [colour('blue'), colour('orange'), colour('green'), colour('purple')];

/** Style rules that define every colour on `selector` for both kinds of background. */
export function paletteStyle(selector: string): string {
  const rules = (inks: Readonly<Record<Ink, string>>): string =>
    `${selector}{${Object.entries(inks)
      .map(([name, value]) => `--${name}:${value}`)
      .join(';')}}`;
  return `${rules(light)}@media (prefers-color-scheme: dark){${rules(dark)}}`;
}
