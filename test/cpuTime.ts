/** Processor time of this process, which other work on the machine does not lengthen; test files run in processes of their own. */

/** @returns milliseconds of processor time that `work` took. */
export function cpuMilliseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
