/** A real browser for tests that need one: Chromium where the system has it. Nothing is downloaded; without one such tests are skipped. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Where systems put it. */
const places: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The browser's program; null where there is none, which the caller says in the name of the skipped test. */
export const browserPath: string | null = process.env['CHROMIUM'] ?? places.find((path) => existsSync(path)) ?? null;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox'] });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core objects to, as `rule: element`. What a picture is drawn of is not looked into: it has one role and one description. */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(() => {
    for (const mark of document.querySelectorAll('[role=img] g, [role=img] path')) mark.remove();
  });
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as {
      readonly axe: {
        run(
          context: object,
          options: object,
        ): Promise<{ readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[] }>;
      };
    };
    const { violations } = await checker.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  });
}
