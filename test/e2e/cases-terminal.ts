// What asks for a terminal: exec -it, run -it --rm, debug -it, attach -it.

import { SHARED } from './cases-rest.ts';
import type { Case, Seen, Side } from './compare.ts';

/** The size reaches the container shortly after its command has started, direct as well: so it is waited for there. */
const waitForSize = (size: string, done: string) => [
  '--send',
  `until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; echo ${done}-$((40+2))\\n`,
  '--expect',
  `${done}-42`,
];
const PROMPT = ['--expect', '# '];

/** The cases. */
export const TERMINAL_CASES: readonly Case[] = [
  {
    name: 'exec -it: prompt, size, resize, exit code',
    upgrades: true,
    act: execTerminal,
    expected: { code: 3, steps: '', sizes: ['first-42', 'second-42'] },
  },
  {
    name: 'exec -it: Ctrl-C interrupts the command, not kubectl',
    upgrades: true,
    act: interrupt,
    expected: { code: 9, steps: '', status: 'status-130' },
  },
  {
    name: 'run -it --rm: a shell, its exit code, and the pod is gone',
    core: true,
    upgrades: true,
    act: runAndRemove,
    expected: { code: 4, steps: '', said: 'answer-42', gone: true },
  },
  {
    name: 'attach -it: a shell that is already running, and a resize',
    upgrades: true,
    act: attachTerminal,
    expected: { steps: '', said: 'attached-42', resized: true },
  },
  {
    name: 'debug -it: an ephemeral container beside the pod’s own',
    upgrades: true,
    from: 23,
    act: debug,
    expected: { code: 0, steps: '', said: 'debugging-42' },
  },
];

async function execTerminal(side: Side): Promise<Seen> {
  const steps = [
    ...['--size', '80x24', ...PROMPT],
    ...waitForSize('24 80', 'first'),
    ...['--resize', '132x43'],
    ...waitForSize('43 132', 'second'),
    ...['--send', 'exit 3\\n'],
  ];
  const shown = await side.onTerminal(steps, shell(side));
  return {
    code: shown.code,
    steps: shown.stderr,
    sizes: [...shown.stdout.matchAll(/(?:first|second)-42/g)].map(([text]) => text),
    end: shown.stdout.trimEnd().split('\n').at(-1),
  };
}

/** The text comes from the job itself: the shell gives it the terminal, and with it Ctrl-C, only once it has been forked. */
async function interrupt(side: Side): Promise<Seen> {
  const steps = [
    ...PROMPT,
    ...['--send', `sh -c 'echo running-$((40+2)); exec sleep 1000'\\n`, '--expect', 'running-42'],
    ...['--send', '\\x03', ...PROMPT],
    ...['--send', 'echo status-$?\\n', '--expect', 'status-1'],
    ...['--send', 'exit 9\\n'],
  ];
  const shown = await side.onTerminal(steps, shell(side));
  return { code: shown.code, steps: shown.stderr, status: /status-\d+/.exec(shown.stdout)?.[0] };
}

function shell(_side: Side): string[] {
  return ['exec', '-it', SHARED.pod, '-c', 'serve', '--', 'sh'];
}

/** kubectl may attach after the prompt was printed, and says so: an empty line makes the shell print it again. */
const FIRST_PROMPT = ['--expect', "If you don't see a command prompt", '--send', '\\n', ...PROMPT];

async function runAndRemove(side: Side): Promise<Seen> {
  const name = `ran-${side.id}`;
  const steps = [
    ...FIRST_PROMPT,
    ...['--send', 'echo answer-$((40+2))\\n', '--expect', 'answer-42', '--send', 'exit 4\\n'],
  ];
  const options = ['--restart=Never', `--image=${side.context.image}`, '--image-pull-policy=IfNotPresent'];
  const shown = await side.onTerminal(steps, ['run', name, '-it', '--rm', ...options, '--', 'sh']);
  const { code } = await side.run(['get', 'pod', name]);
  return {
    code: shown.code,
    steps: shown.stderr,
    said: /answer-42/.exec(shown.stdout)?.[0],
    deleted: /pod "\S+" deleted/.test(shown.stdout),
    gone: code === 1,
  };
}

async function attachTerminal(side: Side): Promise<Seen> {
  const name = `shell-${side.id}`;
  const options = ['--restart=Never', `--image=${side.context.image}`, '--image-pull-policy=IfNotPresent'];
  await side.run(['run', name, '--stdin', '--tty', '--attach=false', ...options, '--', 'sh']);
  await side.run(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  const steps = [
    ...['--size', '80x24', ...FIRST_PROMPT],
    ...['--send', 'echo attached-$((40+2))\\n', '--expect', 'attached-42'],
    ...['--resize', '132x43'],
    ...waitForSize('43 132', 'resized'),
    ...['--send', 'exit\\n'],
  ];
  const shown = await side.onTerminal(steps, ['attach', '-it', name]);
  await side.run(['delete', 'pod', name, '--now', '--wait=false']);
  return {
    code: shown.code,
    steps: shown.stderr,
    said: /attached-42/.exec(shown.stdout)?.[0],
    resized: shown.stdout.includes('resized-42'),
  };
}

async function debug(side: Side): Promise<Seen> {
  const steps = [
    ...FIRST_PROMPT,
    ...['--send', 'echo debugging-$((40+2))\\n', '--expect', 'debugging-42', '--send', 'exit\\n'],
  ];
  const options = [`--image=${side.context.image}`, '--target=serve', '--image-pull-policy=IfNotPresent'];
  const shown = await side.onTerminal(steps, ['debug', '-it', side.pod, ...options, '--', 'sh']);
  return { code: shown.code, steps: shown.stderr, said: /debugging-42/.exec(shown.stdout)?.[0] };
}
