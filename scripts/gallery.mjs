/** Draws the figures of the notes from programs (gallery/) into out/gallery/, or into the folder given. */
import { join } from 'node:path';
import { ensureInstalled, installed, root, run } from './setup.mjs';

ensureInstalled();
// tsx runs the sources as they are: no build is needed.
process.exit(run(installed('tsx'), [join(root, 'gallery', 'main.ts'), ...process.argv.slice(2)]));
