import t from 'tap';
import {
  parseCpuSeconds,
  parseMemory,
  processTree,
  readCpuSeconds,
  readMemory,
} from '../../../bench/proc.ts';

t.test(
  'CPU seconds are fields 14 and 15 of stat (proc(5)), whatever the name of the program holds',
  async (t) => {
    const rest = 'S 1 100 100 0 -1 4194560 2000 9999 0 0 250 75 8888 7777 20 0 11 0 5000';
    t.equal(parseCpuSeconds(`42 (node) ${rest}`), 3.25);
    t.equal(parseCpuSeconds(`42 (a) b (c d) ${rest}`), 3.25);
    t.equal(parseCpuSeconds(''), 0, 'a process that is gone');
  },
);

t.test('memory is VmRSS and VmHWM of status, in bytes', async (t) => {
  const status =
    'Name:\tnode\nVmPeak:\t  999999 kB\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\nRssAnon:\t 5 kB\n';
  t.same(parseMemory(status), { now: 1_048_576, peak: 2_097_152 });
  t.same(parseMemory(''), { now: 0, peak: 0 });
});

t.test(
  'this very process has used CPU time and memory',
  { skip: process.platform !== 'linux' },
  async (t) => {
    t.equal(processTree(process.pid)[0], process.pid);
    t.ok(readCpuSeconds(process.pid) > 0);
    const { now, peak } = readMemory(process.pid);
    t.ok(now > 10_000_000 && peak >= now, `${now}, ${peak}`);
  },
);
