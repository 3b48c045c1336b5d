/** The colours of the figures: those of `credence/plot`. */
export { colour, dark, groupColours, type Ink, light, paletteStyle } from '../src/plot/palette.js';
