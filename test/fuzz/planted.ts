/**
 * Text that betrays itself if it is ever executed: it calls a function that is planted in the global scope, reads
 * a name planted there, writes a file, or gives all objects a property.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Names that a program may write and that mean something to the host. */
export const plantedNames: readonly string[] = [
  'plantedCall',
  'plantedName',
  '__proto__',
  'constructor',
  'globalThis',
  'process',
  'require',
  'eval',
  'Function',
  'arguments',
  'this',
  'memory',
  'Math',
  'Infinity',
  'NaN',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'await',
  'return',
  'μ',
];

export class Planted {
  /** Texts to put into names, strings, comments, keys and headers. */
  readonly texts: readonly string[];
  private readonly file: string;
  private calls = 0;

  /** @param folder where a text that is executed may leave a file. */
  constructor(folder: string) {
    this.file = join(folder, 'planted');
    const call = 'plantedCall()',
      write = `process.getBuiltinModule("fs").writeFileSync(${JSON.stringify(this.file)},"")`;
    this.texts = [
      `');${call};//`,
      `");${call};//`,
      `\`+${call}+\``,
      `\${${call}}`,
      `*/${call};/*`,
      `*/;${write};/*`,
      `\n${call}\n`,
      `\u2028${call}\u2028`,
      `</script><script>${call}</script>`,
      `constructor.constructor("${call}")()`,
      `=${call}`,
      `];${call};[`,
      `});${call};({`,
      `0;${call}`,
      `plantedName`,
      `{{constructor.constructor('${call}')()}}`,
      `\\');${write};//`,
      '__proto__',
      '"><img src=x onerror=plantedCall()>',
      '$(plantedCall)',
      '%s%n',
      '\u0000',
    ];
    Object.defineProperty(globalThis, 'plantedCall', {
      configurable: true,
      value: () => {
        this.calls++;
        return 1;
      },
    });
    Object.defineProperty(globalThis, 'plantedName', {
      configurable: true,
      get: () => {
        this.calls++;
        return 1;
      },
    });
  }

  /** What has been executed since this was last asked; null where nothing was. */
  executed(): string | null {
    const calls = this.calls,
      wrote = existsSync(this.file);
    this.calls = 0;
    if (wrote) rmSync(this.file);
    const gained = Object.keys(Object.prototype);
    for (const key of gained) delete (Object.prototype as Record<string, unknown>)[key];
    if (calls > 0) return `planted text was executed ${calls} times`;
    if (wrote) return 'planted text wrote a file';
    return gained.length === 0 ? null : `all objects have gained ${gained.join(', ')}`;
  }

  /** Takes the traps away. */
  remove(): void {
    for (const name of ['plantedCall', 'plantedName']) delete (globalThis as unknown as Record<string, unknown>)[name];
  }
}
