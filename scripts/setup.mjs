/**
 * Brings a fresh clone into a state where it can run: dependencies as the lock file names them,
 * then an up-to-date dist/. Uses Node alone, so it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const buildStamp = join(root, 'dist', '.built');

/** Runs a command with the terminal attached; returns its exit status. */
export function run(command, argumentsList, options = {}) {
  const result = spawnSync(command, argumentsList, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32', ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** Path of a program installed in node_modules. */
export function installed(name) {
  return join(root, 'node_modules', '.bin', name);
}

/**
 * What is installed, compared with the lock file by version rather than by file time: a checkout
 * that touches the lock file must not cost a reinstallation. Optional packages may be absent
 * (they belong to other platforms).
 */
function installationIsCurrent() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = present[path];
    return found ? found.version === entry.version : entry.optional === true || entry.devOptional === true;
  });
}

/** Newest modification time (ms) under a path; 0 where there is nothing. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((entry) => newest(join(path, entry))));
}

function buildIsCurrent() {
  if (!existsSync(buildStamp)) return false;
  const built = statSync(buildStamp).mtimeMs;
  return ['src', 'grammar', 'tsconfig.json', 'package.json', 'scripts/build.mjs'].every((path) => newest(join(root, path)) <= built);
}

function requireNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    process.stderr.write(`Credence needs Node 20 or newer; this is ${process.versions.node}.\n`);
    process.exit(2);
  }
}

/** Installs what is missing. Ends the process where that fails: nothing can follow. */
export function ensureInstalled() {
  requireNode();
  if (installationIsCurrent()) return;
  process.stderr.write('Installing dependencies (npm ci) ...\n');
  if (run('npm', ['ci', '--no-audit', '--no-fund'], { stdio: ['ignore', 2, 2] }) !== 0) {
    process.stderr.write('npm ci failed; the messages above say why.\n');
    process.exit(1);
  }
}

/** Builds dist/ where sources are newer. Ends the process where that fails. */
export function ensureBuilt() {
  if (buildIsCurrent()) return;
  process.stderr.write('Building ...\n');
  if (run(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: ['ignore', 2, 2] }) !== 0) {
    process.stderr.write('The build failed; the messages above say why.\n');
    process.exit(1);
  }
}

export function setUp() {
  ensureInstalled();
  ensureBuilt();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
