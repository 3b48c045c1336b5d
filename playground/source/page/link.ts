/**
 * A project as the fragment of an address, which browsers send to nobody: JSON, deflated (RFC 1951), in base64url (RFC 4648).
 * What a link holds comes from a stranger: it is read field by field, as text, up to a size, and never runs by itself.
 */
import type { Project, Settings } from '../protocol.js';

/** A project with its settings; those that a link does not name are the usual ones. */
export interface Shared {
  readonly project: Project;
  readonly settings: Partial<Settings>;
}

const settingNames = [
  'backend',
  'chains',
  'draws',
  'warmup',
  'seed',
  'thin',
  'until',
  'maxSeconds',
  'init',
  'options',
] as const satisfies readonly (keyof Settings)[];

const key = 'p=';
/** Longer addresses do not survive mail and chat. */
const longestLink = 30_000;
/** Bytes of an unpacked link: more is an attack, not a program. */
const largestProject = 4_000_000;

/** @returns the fragment, and whether the data had to be left out. */
export async function fragmentOf(shared: Shared): Promise<{ readonly fragment: string; readonly withData: boolean }> {
  const whole = await packed(shared);
  if (whole.length <= longestLink) return { fragment: whole, withData: true };
  return { fragment: await packed({ ...shared, project: { ...shared.project, values: '', table: '' } }), withData: false };
}

async function packed({ project, settings }: Shared): Promise<string> {
  const stream = new Blob([JSON.stringify({ ...project, ...settings })]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const characters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return `${key}${btoa(characters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** What a fragment holds; null where it is not one of ours. @throws Error with a reason fit for a user. */
export async function sharedOf(fragment: string): Promise<Shared | null> {
  const text = fragment.replace(/^#/, '');
  if (!text.startsWith(key)) return null;
  let fields: unknown;
  try {
    const characters = atob(text.slice(key.length).replaceAll('-', '+').replaceAll('_', '/'));
    fields = JSON.parse(await unpacked(Uint8Array.from(characters, (character) => character.charCodeAt(0))));
  } catch (error) {
    throw new Error(error instanceof TooLarge ? error.message : 'it is damaged, perhaps cut off', { cause: error });
  }
  if (
    typeof fields !== 'object' ||
    fields === null ||
    !Object.hasOwn(fields, 'program') ||
    typeof Reflect.get(fields, 'program') !== 'string'
  )
    throw new Error('it holds no program');
  return sharedFrom(fields);
}

/** A project and its settings, field by field; what is no text is nothing. */
export function sharedFrom(fields: object): Shared {
  const field = (name: string): string => {
    const value: unknown = Object.hasOwn(fields, name) ? Reflect.get(fields, name) : '';
    return typeof value === 'string' ? value : '';
  };
  const columns: unknown = Object.hasOwn(fields, 'columns') ? Reflect.get(fields, 'columns') : [];
  return {
    project: {
      program: field('program'),
      values: field('values'),
      table: field('table'),
      columns: Array.isArray(columns)
        ? columns.flatMap((pair: unknown) =>
            Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string' ? [[pair[0], pair[1]] as const] : [],
          )
        : [],
    },
    settings: Object.fromEntries(settingNames.flatMap((name) => (field(name) === '' ? [] : [[name, field(name)]]))),
  };
}

class TooLarge extends Error {}

async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces).text();
    size += value.length;
    if (size > largestProject) {
      await reader.cancel();
      throw new TooLarge('it unpacks to more than any program');
    }
    pieces.push(new Uint8Array(value));
  }
}
