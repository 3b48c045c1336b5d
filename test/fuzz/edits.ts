/** Edits of a program's pieces that more than one kind of fuzzing makes, and generated programs to begin with. */
import { fragmentKinds, programOf } from '../../src/testing/programs.js';
import type { Dice } from './dice.js';
import type { KnownProgram } from './known.js';

type Pieces = readonly string[];
type Edit = (pieces: Pieces, dice: Dice) => Pieces;

export const isNumber = (piece: string): boolean => /^\d/.test(piece);

/** @param most fragments that it has at most. */
export function generated(dice: Dice, most: number): KnownProgram {
  return programOf(
    Array.from({ length: 1 + dice.below(most) }, () => ({
      kind: dice.of(fragmentKinds),
      seed: dice.below(1000),
      numbers: Array.from({ length: 14 }, () => dice.below(720)),
    })),
  );
}

/** One of the pieces that fit, changed; all as they were where none does. */
export function replaceOne(
  pieces: Pieces,
  dice: Dice,
  fits: (piece: string, at: number) => boolean,
  by: (piece: string) => string,
): Pieces {
  const places = pieces.flatMap((piece, at) => (fits(piece, at) ? [at] : []));
  if (places.length === 0) return pieces;
  const at = dice.of(places);
  return pieces.map((piece, k) => (k === at ? by(piece) : piece));
}

/** One name in the place of another. */
export function swapNames(isName: (piece: string) => boolean): Edit {
  return (pieces, dice) => {
    const names = pieces.filter(isName);
    return names.length === 0 ? pieces : replaceOne(pieces, dice, isName, () => dice.of(names));
  };
}

/** An edit of whole lines. @param tokens what pieces are. */
export function ofLines(tokens: RegExp, change: (lines: string[], dice: Dice) => readonly string[]): Edit {
  return (pieces, dice) => change(pieces.join('').split('\n'), dice).join('\n').match(tokens) ?? [];
}
/** A line left out, written twice, or moved. */
export function lineEdits(tokens: RegExp): { readonly drop: Edit; readonly twice: Edit; readonly move: Edit } {
  return {
    drop: ofLines(tokens, (lines, dice) => {
      const at = dice.below(lines.length);
      return lines.filter((_, k) => k !== at);
    }),
    twice: ofLines(tokens, (lines, dice) => {
      const at = dice.below(lines.length);
      return lines.flatMap((line, k) => (k === at ? [line, line] : [line]));
    }),
    move: ofLines(tokens, (lines, dice) => {
      const [line = ''] = lines.splice(dice.below(lines.length), 1);
      lines.splice(dice.below(lines.length + 1), 0, line);
      return lines;
    }),
  };
}
