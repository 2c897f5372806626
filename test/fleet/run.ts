// `npm run test:fleet`: several gates behind HAProxy. Rolling restarts under load, and what a growing fleet is limited by. Wants HAProxy and Go.

import { run } from '../cluster/run.ts';
import { runTap } from '../run.ts';

const TIMEOUT_SECONDS = 1800;

const files = process.argv.slice(2);
const { code } = await run('haproxy', ['-v']);
if (code !== 0) {
  process.stderr.write('haproxy is not here: apt-get install haproxy\n');
  process.exitCode = 1;
} else {
  process.exitCode = await runTap(files.length > 0 ? files : ['test/fleet/*.test.ts'], {
    jobs: 1,
    timeoutSeconds: TIMEOUT_SECONDS,
  });
}
