/** A thread that ends its process where what was last begun takes more processor time than it may, whatever the main thread is at. */
import { workerData as begun } from 'node:worker_threads';

const look = 200;
let last = -1,
  start = process.cpuUsage();
setInterval(() => {
  const now = Atomics.load(begun, 0);
  if (now !== last) {
    last = now;
    start = process.cpuUsage();
  } else if (now > 0 && process.cpuUsage(start).user / 1e6 > Atomics.load(begun, 1)) process.kill(process.pid, 'SIGKILL');
}, look);
