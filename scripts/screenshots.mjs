/**
 * Photographs the pages for the documents: `npm run screenshots` writes docs/images/{report,playground}-{light,dark}.png
 * from the run of `npm run demo` and from the playground, in a Chromium that is installed (or named by CHROMIUM).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { ensureBuilt, ensureInstalled, root, run } from './setup.mjs';

ensureInstalled();
ensureBuilt();
const folder = join(root, 'docs', 'images');
const example = join('examples', '10-old-faithful');
const results = join('out', 'screenshots');
mkdirSync(folder, { recursive: true });

const credence = (...args) => {
  if (run(process.execPath, [join('dist', 'cli', 'main.js'), ...args]) > 1) throw new Error(`credence ${args[0]} failed`);
};
credence(
  'infer',
  join(example, 'model.cred'),
  '--data',
  `x=${join(example, 'faithful.csv')}:eruptions,waiting`,
  '--set',
  'K=2',
  '--seed',
  '1',
  '--out',
  results,
  '--quiet',
);
credence('report', results);
if (run(process.execPath, [join('scripts', 'playground.mjs')]) !== 0) throw new Error('the playground was not built');

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const colorScheme of ['light', 'dark']) {
  const open = async (path, width, height) => {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    await page.goto(pathToFileURL(join(root, path)).href);
    return page;
  };
  const save = (name) => ({ path: join(folder, `${name}-${colorScheme}.png`) });

  const report = await open(join(results, 'report.html'), 1000, 760);
  await report.locator('#components').scrollIntoViewIfNeeded();
  await report.evaluate(() => window.scrollTo(0, document.querySelector('#components').getBoundingClientRect().top + window.scrollY - 24));
  await report.screenshot(save('report'));

  const playground = await open(join('playground', 'index.html'), 1300, 800);
  await playground.getByLabel('Start from').selectOption('10-old-faithful');
  await playground.getByRole('button', { name: 'Run' }).click();
  await playground.getByRole('button', { name: 'Save the report' }).waitFor();
  await playground.getByRole('tab', { name: 'Derivation' }).click();
  await playground.locator('math').first().waitFor();
  await playground.screenshot(save('playground'));
}
await browser.close();
