/**
 * Fuzzing: random changes of programs, of data and of options, large programs, the laws of `check` on random programs, and small programs
 * whose posteriors are known, each case in a process that is ended where it hangs.
 *
 *   npm run fuzz -- [programs|data|options|large|laws|small ...] [--count 1000] [--from 0] [--seed 1] [--processes 1] [--whole]
 *
 * A case follows from the seed and its number: `--from 1234 --count 1` shows one again, a later `--from` goes on where
 * a run was ended. `--whole` prints failing cases as they are, not made smaller. Status 1 where a case fails: an internal error, more than
 * 5 s (runs are told to end after 4: those that were are counted), planted text that was executed, a NaN without a word, a refusal that names nothing. Each cause is printed once, with the number of
 * its cases.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, root } from './setup.mjs';

const all = ['programs', 'data', 'options', 'large', 'laws', 'small'];
/**
 * Milliseconds without a word after which a process that uses no processor time is ended; one that does ends itself sooner
 * (`test/fuzz/worker.ts`).
 */
const patience = 300_000;
/**
 * Cases of one order: a process is replaced now and then, so that what a case leaves in memory does not add up; progress is told as often.
 */
const batch = 1000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '1' },
    whole: { type: 'boolean', default: false },
  },
});
const wanted = positionals.length === 0 ? all : positionals;
const [count, from, processes] = [values.count, values.from, values.processes].map(Number);
const wrong = wanted.find((name) => !all.includes(name));
if (wrong !== undefined || ![count, from].every((n) => Number.isSafeInteger(n) && n >= 0) || !(processes >= 1)) {
  process.stderr.write(`usage: npm run fuzz -- [${all.join('|')} ...] [--count 1000] [--from 0] [--seed 1] [--processes 1] [--whole]\n`);
  process.exit(2);
}
ensureInstalled();

/** Runs cases from `begin` to before `end`; answers where the process ended and why, or null where it came to the end. */
function runCases(subject, begin, end, found) {
  return new Promise((resolve) => {
    const child = fork(join(root, 'test', 'fuzz', 'worker.ts'), {
      execArgv: ['--import', 'tsx', '--max-old-space-size=3000'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    let at = null,
      errors = '',
      isMinimising = false,
      timer = null;
    const finish = (result) => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.kill('SIGKILL');
      resolve(result);
    };
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => finish({ number: at, why: 'hang', isMinimising }), patience);
    };
    child.stderr.on('data', (text) => {
      errors = `${errors}${text}`.slice(-4000);
    });
    child.on('message', (word) => {
      watch();
      isMinimising = word.kind === 'found';
      if (word.kind === 'begins') at = word.number;
      else if (word.kind === 'told') told.add(`${subject} ${word.number}`);
      else if (word.kind === 'found') found(word);
      else finish(null);
    });
    child.on('exit', (_, signal) =>
      finish({
        number: at,
        why: signal === 'SIGKILL' ? 'hang' : `the process ended: ${errors.trim().split('\n').slice(-12).join('\n')}`,
        isMinimising,
      }),
    );
    watch();
    child.send({ subject, seed: values.seed, from: begin, to: end, minimise: !values.whole });
  });
}

const causes = new Map();
/** Cases whose runs took their time, and ended when they were told to. */
const told = new Set();
function report(subject, number, signature, text) {
  const cause = `${subject} ${signature}`,
    known = causes.get(cause);
  if (known === undefined) causes.set(cause, { cases: new Set([number]), shown: text.length });
  else if (!known.cases.has(number)) known.cases.add(number);
  // Of one case the smaller form, which comes later.
  if (known === undefined || (known.cases.has(number) && text.length < known.shown && known.cases.size === 1)) {
    process.stdout.write(`\n--- ${cause}: case ${number}\n${text}\n`);
    causes.get(cause).shown = text.length;
  }
}

/** Cases from `begin` to before `end`, whatever becomes of the processes that run them. */
async function fuzz(subject, begin, end) {
  const found = ({ number, findings, shown }) => {
    for (const { signature, message, step } of findings)
      report(subject, number, signature, `${step}: ${message.split('\n').slice(0, 6).join('\n')}\n${shown}`);
  };
  for (let at = begin; at < end; ) {
    const stopped = await runCases(subject, at, end, found);
    if (stopped === null) return;
    if (stopped.number === null) throw new Error(`no case was begun: ${stopped.why}`);
    // Not of the case, but of one that was tried in its place.
    if (!stopped.isMinimising)
      report(
        subject,
        stopped.number,
        stopped.why === 'hang' ? 'hang' : 'process ended',
        `${stopped.why}\nnpm run fuzz -- ${subject} --seed ${values.seed} --from ${stopped.number} --count 1`,
      );
    at = stopped.number + 1;
  }
}

const start = Date.now();
for (const subject of wanted) {
  let next = from;
  const end = from + count;
  await Promise.all(
    Array.from({ length: processes }, async () => {
      while (next < end) {
        const begin = next;
        next = Math.min(end, next + batch);
        await fuzz(subject, begin, next);
        process.stderr.write(`${subject}: ${next - from} of ${count} after ${Math.round((Date.now() - start) / 1000)} s\n`);
      }
    }),
  );
}
process.stdout.write(
  `\n${wanted.map((name) => `${count} cases of ${name}`).join(', ')} from ${from}, seed ${values.seed}: ${causes.size === 0 ? 'no failures' : `${causes.size} causes of failure`}\n`,
);
for (const [cause, { cases }] of causes) process.stdout.write(`  ${cause}: ${cases.size} cases (${[...cases].slice(0, 5).join(', ')})\n`);
if (told.size > 0) process.stdout.write(`  ${told.size} runs of 4 s were told to end, and did (${[...told].slice(0, 20).join(', ')})\n`);
process.exitCode = causes.size === 0 ? 0 : 1;
