// Redirections: the streams that a command gets instead of its shell's.

import { FileError } from '../files/node.ts';
import { NULL_SINK, openSink, openSource, textSource } from '../files/open.ts';
import { absolute } from '../files/tree.ts';
import type { Stdio } from '../process.ts';
import { expandText } from './expand.ts';
import { type Shell, ShellFailure } from './shell.ts';
import type { Redirect } from './syntax.ts';

/** The command does not run; `message` goes to stderr and its code is 2 (1 for a built-in's). */
export class RedirectFailure extends Error {}

/** Opens what the redirections name, from left to right. @throws RedirectFailure. */
export async function redirect(shell: Shell, redirects: readonly Redirect[], stdio: Stdio): Promise<Stdio> {
  let now = stdio;
  for (const one of redirects) {
    const target = await expandText(one.target, shell);
    try {
      now = applied(shell, one, target, now);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const creates = one.operator !== '<';
      throw new RedirectFailure(
        `${shell.name}: cannot ${creates ? 'create' : 'open'} ${target}: ${wordsOf(error, creates)}`,
      );
    }
  }
  return now;
}

function applied(shell: Shell, { fd, operator }: Redirect, target: string, now: Stdio): Stdio {
  const path = absolute(shell.cwd, target);
  switch (operator) {
    case '<<':
      return { ...now, stdin: textSource(Buffer.from(target)) };
    case '<':
      return fd === 0 ? { ...now, stdin: openSource(shell.files, path, now) } : now;
    case '>':
    case '>>':
      return withSink(now, fd, openSink(shell.files, path, operator === '>>', now));
    case '&>': {
      const sink = openSink(shell.files, path, false, now);
      return { ...now, stdout: sink, stderr: sink };
    }
    case '>&':
    case '<&':
      if (target === '-') return withSink(now, fd, NULL_SINK);
      if (!/^[0-9]$/.test(target)) throw new ShellFailure(`${shell.name}: Syntax error: Bad fd number`);
      if (fd === 0) return now;
      if (target === '0') throw new RedirectFailure(`${shell.name}: ${target}: Bad file descriptor`);
      if (target !== '1' && target !== '2')
        throw new RedirectFailure(`${shell.name}: ${target}: Bad file descriptor`);
      return withSink(now, fd, target === '1' ? now.stdout : now.stderr);
  }
}

function withSink(stdio: Stdio, fd: number, sink: Stdio['stdout']): Stdio {
  if (fd === 1) return { ...stdio, stdout: sink };
  return fd === 2 ? { ...stdio, stderr: sink } : stdio;
}

/** As dash words what strerror(3) words otherwise. */
function wordsOf({ code, message }: FileError, creates: boolean): string {
  if (code === 'ENOENT') return creates ? 'Directory nonexistent' : 'No such file';
  return message;
}
