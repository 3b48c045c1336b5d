/** Builds dist/: TypeScript by tsc, everything in src/ that is not TypeScript by copying. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ensureInstalled, installed, root, run } from './setup.mjs';

ensureInstalled();

const status = run(installed('tsc'), ['-p', '.']);
if (status !== 0) process.exit(status);

function copyOthers(folder) {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) copyOthers(path);
    else if (!/\.tsx?$/.test(entry) || /\.d\.ts$/.test(entry)) {
      const target = join(root, 'dist', relative(join(root, 'src'), path));
      mkdirSync(dirname(target), { recursive: true });
      cpSync(path, target);
    }
  }
}
copyOthers(join(root, 'src'));

const command = join(root, 'dist', 'cli', 'main.js');
if (existsSync(command)) chmodSync(command, 0o755);
writeFileSync(join(root, 'dist', '.built'), '');
