// The program: a table of commands, each loaded only when it is asked for. Exit codes: 0 done, 1 the thing asked for failed, 2 wrong usage.

import { readFileSync } from 'node:fs';
import type { CommandIO } from './cli/io.ts';

type Run = (args: readonly string[], io: CommandIO) => Promise<number>;

const COMMANDS: Readonly<Record<string, { readonly does: string; readonly load: () => Promise<Run> }>> = {
  demo: {
    does: 'shows all of it on this machine, with no cluster: begin here',
    load: async () => (await import('./cli/demo.ts')).runDemoCommand,
  },
  serve: { does: 'runs the gate', load: async () => (await import('./cli/serve.ts')).runServe },
  check: {
    does: 'validates a configuration and prints every error at once',
    load: async () => (await import('./cli/check.ts')).runCheck,
  },
  sessions: {
    does: 'lists who is in, at all replicas of a gate, and ends their sessions',
    load: async () => (await import('./cli/sessions.ts')).runSessions,
  },
};

const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
const io: CommandIO = { stdout: process.stdout, stderr: process.stderr, env: process.env, version };
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === 'version') {
    io.stdout.write(`postern ${version} (node ${process.version})\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? io.stderr : io.stdout).write(help());
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    io.stderr.write(`postern: unknown command "${name}"\n\n${help()}`);
    return 2;
  }
  const run = await command.load();
  return run(rest, io);
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(([name, { does }]) => `  postern ${name.padEnd(width)}  ${does}`);
  return `Postern ${version}: a guarded door to the Kubernetes API.\n\n${rows.join('\n')}\n\n"postern COMMAND --help" tells more.\n`;
}
