/**
 * Which process is at work in a folder: a file that names it. It is there from the beginning of a run until the run ends of itself, so
 * one whose process is gone tells of a run that was cut off. Processes of other machines cannot be looked for; they count as gone. Numbers
 * of processes are given again (after a reboot, in a container): where the system tells when a process began, that is part of its name.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const self = (): string => [hostname(), process.pid, stateOf(process.pid)?.began ?? ''].join('\n');
const fileOf = (folder: string): string => join(folder, 'owner');

/** The number of the living process, other than this one, that is at work there; else null. */
export function isAtWork(folder: string): number | null {
  const [host, text, began] = read(folder);
  const id = Number(text);
  return host === hostname() && Number.isSafeInteger(id) && id > 0 && id !== process.pid && isAlive(id, began ?? '') ? id : null;
}

/** From now on this process is; false where another is, or came first. @throws Error of the file system. */
export function takeOver(folder: string): boolean {
  if (isAtWork(folder) !== null) return false;
  const file = fileOf(folder),
    aside = `${file}.${process.pid}`;
  try {
    const before = read(folder).join('\n');
    if (existsSync(file)) {
      renameSync(file, aside);
      if (readFileSync(aside, 'utf8') !== before) {
        renameSync(aside, file);
        return false;
      }
      rmSync(aside);
    }
    writeFileSync(file, self(), { flag: 'wx' });
    return true;
  } catch (error) {
    // Of two that come at the same time one finds the old name gone, or a new one there.
    if (error instanceof Error && 'code' in error && (error.code === 'EEXIST' || error.code === 'ENOENT')) return false;
    throw error;
  }
}

/** This process no longer is. */
export function leave(folder: string): void {
  const [host, id] = read(folder);
  if (host === hostname() && id === String(process.pid)) rmSync(fileOf(folder), { force: true });
}

/** True where nobody was at work when the folder was left. */
export function wasLeft(folder: string): boolean {
  return !existsSync(fileOf(folder));
}

function read(folder: string): readonly string[] {
  try {
    return readFileSync(fileOf(folder), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** @param began when the process that is meant began; empty where nobody knows. */
function isAlive(id: number, began: string): boolean {
  const state = stateOf(id);
  if (state !== null && (state.hasEnded || (began !== '' && state.began !== began))) return false;
  try {
    // Signal 0 asks only.
    process.kill(id, 0);
    return true;
  } catch (error) {
    // A process of somebody else is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * What Linux says of a process (proc_pid_stat(5): field 3 is its state, 22 the ticks from the system's start to its own); null elsewhere,
 * or where there is none. One that was killed keeps its number, as Z or X, until its parent has asked for it, and some never do.
 */
function stateOf(id: number): { readonly hasEnded: boolean; readonly began: string } | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      text = readFileSync(`/proc/${id}/stat`, 'utf8');
    // The name before may hold anything, brackets and spaces too.
    const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { hasEnded: state === 'Z' || state === 'X', began: `${boot} ${fields[18] ?? ''}` };
  } catch {
    return null;
  }
}
