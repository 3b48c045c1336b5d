/**
 * Whether a closed terminal is to end this process. Node begins with the system's own answer to every signal, and so takes back what
 * `nohup` has set: who has asked for it is found out by other means.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * True where `nohup` has started this process (shells name in `_` what they start), or a process that ignores hang-ups itself, such as a
 * script under `nohup` (whom its children would take after, were they not Node's).
 */
export function outlivesTerminal(environment: NodeJS.ProcessEnv = process.env, parent: number = process.ppid): boolean {
  return basename(environment['_'] ?? '') === 'nohup' || ignoresHangup(parent);
}

/** As far as the system tells: Linux does, by a mask of signals in which SIGHUP is the lowest bit. */
function ignoresHangup(pid: number): boolean {
  try {
    const mask = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return mask !== null && (Number.parseInt(mask[1]!, 16) & 1) === 1;
  } catch {
    return false;
  }
}

/** From now on a closed terminal ends nothing, where that was asked for. */
export function heedNohup(): void {
  if (outlivesTerminal()) process.on('SIGHUP', () => undefined);
}
