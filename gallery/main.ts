/** `npm run gallery`: builds into the folder given, says what was drawn, ends with 1 where a number does not hold. */
import { join } from 'node:path';
import { buildGallery } from './build.js';

const folder = process.argv[2] ?? join('out', 'gallery');
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const { figures, failed } = await buildGallery(folder, ({ id, title, numbers }) =>
  say(`Figure ${id}  ${title} (${numbers.length} numbers)`),
);
for (const { id, row } of failed) say(`Figure ${id}: ${row.quantity} is ${row.value}, not within ${row.within} of ${row.reference}`);
say(`${figures.length} figures, ${failed.length} numbers that do not hold. Open ${join(folder, 'index.html')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
