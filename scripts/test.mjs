/**
 * The whole suite: type check, lint, tests. Type check and lint count as one test each; the last
 * line is `N passed, M failed`, and the exit status is 0 only when M is 0.
 * Arguments are passed on to vitest.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, installed, root, run } from './setup.mjs';

ensureInstalled();

let passed = 0;
let failed = 0;
function count(name, status) {
  if (status === 0) passed += 1;
  else failed += 1;
  process.stdout.write(`${status === 0 ? 'passed' : 'FAILED'}: ${name}\n`);
}

// Tests are checked too, under options a little looser than those of the source.
count('type check', run(installed('tsc'), ['--noEmit', '-p', '.']) || run(installed('tsc'), ['--noEmit', '-p', 'test']));
count('lint', run(installed('biome'), ['check', '--error-on-warnings', '.']));
// Some tests start the command line, which runs from dist/.
if (failed === 0) ensureBuilt();

const report = join(root, '.scratch', 'vitest.json');
mkdirSync(join(root, '.scratch'), { recursive: true });
rmSync(report, { force: true });
const status = run(installed('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  // A file that does not load has no tests of its own to fail.
  failed += result.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  ).length;
} else {
  failed += 1;
}
// An unhandled error fails the run though no test failed.
if (status !== 0 && failed === 0) failed += 1;

process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
