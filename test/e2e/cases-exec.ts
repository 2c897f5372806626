// exec, attach, cp and what is made of them, without a terminal.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHARED } from './cases-rest.ts';
import type { Case, Seen, Side } from './compare.ts';
import { createPods, removeObjects } from './objects.ts';

const PIPE_BYTES = 5_000_000;
const COPY_BYTES = 20_000_000;

/** The cases. */
export const EXEC_CASES: readonly Case[] = [
  {
    name: 'exec: the exit code, stdout and stderr apart',
    core: true,
    upgrades: true,
    act: (side) => exec(side, ['sh', '-c', 'echo out; echo err >&2; exit 3']),
    expected: { code: 3, stdout: 'out\n', stderr: /^err\n.*exit code 3/ },
  },
  {
    name: 'exec: success says nothing',
    upgrades: true,
    act: (side) => exec(side, ['true']),
    expected: { code: 0, stdout: '', stderr: '' },
  },
  {
    name: 'exec: a command that does not exist',
    upgrades: true,
    act: (side) => exec(side, ['no-such-command']),
    expected: { stdout: '', stderr: /no-such-command/ },
  },
  {
    name: 'exec in a pod that does not exist',
    upgrades: true,
    act: async (side) => ({ ...(await side.run(['exec', 'nobody', '--', 'true'])) }),
    expected: { code: 1, stderr: /"nobody" not found/ },
  },
  {
    name: 'exec -i: a pipe of 5 MB arrives whole',
    core: true,
    upgrades: true,
    act: pipe,
    expected: { code: 0, sameSum: true },
  },
  {
    name: 'attach: output and input',
    core: true,
    upgrades: true,
    act: attach,
    expected: { code: 0, stdout: /heard hello\n/ },
  },
  {
    name: 'cp up and down, 20 MB',
    core: true,
    upgrades: true,
    act: copy,
    expected: { up: { code: 0 }, down: { code: 0 }, sumThere: true, sumHere: true },
  },
  {
    name: 'cp of a file that is not there',
    upgrades: true,
    act: (side) => copyMissing(side),
    expected: { written: false },
  },
];

async function exec(side: Side, command: readonly string[]): Promise<Seen> {
  return { ...(await side.run(['exec', SHARED.pod, '-c', 'serve', '--', ...command])) };
}

async function pipe(side: Side): Promise<Seen> {
  const input = randomBytes(PIPE_BYTES);
  const { code, stdout, stderr } = await side.run(
    ['exec', '-i', SHARED.pod, '-c', 'serve', '--', 'sha256sum'],
    { input },
  );
  return { code, sameSum: stdout.startsWith(sha256(input)), stderr };
}

/** Its container ends with its input, so each attempt has a pod of its own. */
async function attach(side: Side): Promise<Seen> {
  const pod = `attached-${side.id}-${process.hrtime.bigint()}`;
  await createPods(side.context, { [pod]: ['answer'] });
  const { code, stdout, stderr } = await side.run(['attach', '-i', pod], { input: 'hello\n' });
  await removeObjects(side.context, [`pod/${pod}`]);
  return { code, stdout, stderr: stderr.replaceAll(pod, 'POD') };
}

async function copy(side: Side): Promise<Seen> {
  const content = randomBytes(COPY_BYTES);
  const [from, back] = [join(side.folder, 'up'), join(side.folder, 'down')];
  writeFileSync(from, content);
  const remote = `/tmp/copy-${side.id}`;
  const inContainer = ['-c', 'serve'];
  const up = await side.run(['cp', ...inContainer, from, `${SHARED.pod}:${remote}`]);
  const sum = await exec(side, ['sha256sum', remote]);
  const down = await side.run(['cp', ...inContainer, `${SHARED.pod}:${remote}`, back]);
  await exec(side, ['rm', remote]);
  return {
    up,
    down,
    sumThere: String(sum['stdout']).startsWith(sha256(content)),
    sumHere: down.code === 0 && sha256(readFileSync(back)) === sha256(content),
  };
}

async function copyMissing(side: Side): Promise<Seen> {
  const never = join(side.folder, 'never');
  const result = await side.run(['cp', '-c', 'serve', `${SHARED.pod}:/tmp/not-there`, never]);
  return { code: result.code, written: existsSync(never) };
}

/** Hex digest. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
