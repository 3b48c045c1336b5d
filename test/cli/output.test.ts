/**
 * The last word about failures: whose fault it was, and the exit status that says so.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { reportFailure } from '../../src/cli/output.js';
import { InternalError, ModelError } from '../../src/index.js';

/** What a failure prints on standard error, with the status it ends in. */
function said(thrown: unknown): { readonly status: number; readonly text: string } {
  const pieces: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((piece) => {
    pieces.push(String(piece));
    return true;
  });
  const status = reportFailure(thrown);
  vi.restoreAllMocks();
  return { status, text: pieces.join('') };
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('a failure', () => {
  it('of the user is shown as rendered', () => {
    expect(said(new ModelError([], 'a.cred:1:1: error[x]: y'))).toEqual({ status: 2, text: 'a.cred:1:1: error[x]: y\n' });
  });

  it.each([new InternalError('no memory for x'), new TypeError('x is not a function'), 'thrown text'])(
    'of ours says so, without a stack: %s',
    (thrown) => {
      vi.stubEnv('CREDENCE_DEBUG', undefined);
      const { status, text } = said(thrown);
      expect(status).toBe(3);
      expect(text).toMatch(/^credence: internal error: .*This is a fault of Credence, not of your program; please report it/);
      expect(text.match(/internal error/g)).toHaveLength(1);
      expect(text).not.toMatch(/\n {4}at /);
    },
  );

  it('of ours shows its stack where that is asked for', () => {
    vi.stubEnv('CREDENCE_DEBUG', '1');
    expect(said(new TypeError('x is not a function')).text).toMatch(/\n {4}at /);
  });
});
