/** Functions of the host language that a template puts into a program: what they answer is checked where they are called. */
import { ModelError, type Span } from '../errors/diagnostic.js';
import { hostFunctionFailed } from './bindMessages.js';

/**
 * A host function that answers with a number or not at all.
 * @param call what the caller wrote; booleans count as 0 and 1, as everywhere in data.
 * @param span where it stands in the program.
 * @returns the same; it throws a ModelError where the answer is no number, and whatever the function itself throws.
 */
export function numericHost(
  name: string,
  call: (...args: readonly unknown[]) => unknown,
  span: Span | undefined,
): (...args: readonly unknown[]) => number {
  return (...args) => {
    const answer = call(...args);
    if (typeof answer === 'number') return answer;
    if (typeof answer === 'boolean') return answer ? 1 : 0;
    if (typeof answer === 'bigint') return Number(answer);
    const found = hostFunctionFailed(`${name}: it returned ${described(answer)}, and not a number`, span);
    throw new ModelError([found], found.message);
  };
}

function described(answer: unknown): string {
  if (answer === null || answer === undefined) return String(answer);
  if (typeof answer === 'string') return 'a text';
  if (answer instanceof Promise) return 'a Promise';
  if (Array.isArray(answer) || ArrayBuffer.isView(answer)) return 'an array';
  return typeof answer === 'object' ? 'an object' : `a ${typeof answer}`;
}
