// Runs the shell's commands.

import type { Stdio } from '../process.ts';
import { type RunBody, redirectFailed, runSimple } from './command.ts';
import { expandFields, expandPattern, expandText } from './expand.ts';
import { captureOutput, runPipeline, startFork, startJob } from './fork.ts';
import { globMatches } from './glob.ts';
import { ShellParser } from './parser.ts';
import { redirect } from './redirect.ts';
import { Jump, type Shell, ShellExit } from './shell.ts';
import type { CommandList, ShellNode } from './syntax.ts';

/** Where a command runs: its streams, and whether its failure is looked at (`set -e` then does nothing). */
interface Setting {
  readonly stdio: Stdio;
  readonly tested: boolean;
}

/** Runs all commands of a text in the shell itself. @throws SyntaxFailure, ShellExit, Jump, Signalled… */
export async function evaluateText(shell: Shell, text: string, stdio: Stdio): Promise<number> {
  const parser = new ShellParser(text);
  const own = stdio === shell.stdio;
  let code = 0;
  for (;;) {
    const list = parser.next();
    if (list === undefined) return code;
    code = await runList(shell, list, { stdio: own ? shell.stdio : stdio, tested: false });
  }
}

/** The output of a text's commands. */
export function captureText(shell: Shell, source: string): Promise<string> {
  return captureOutput(shell, (child, stdio) => evaluateText(child, source, stdio));
}

/** Runs commands one after the other; the code is the last one's. */
export async function runList(shell: Shell, list: CommandList, setting: Setting): Promise<number> {
  let code = 0;
  // `exec >file` changes the shell's own streams: for what follows on its line too.
  const own = setting.stdio === shell.stdio;
  for (const { node, background, source } of list) {
    await shell.system.turns.take(shell.signal);
    const stdio = own ? shell.stdio : setting.stdio;
    if (background) {
      const work = (child: Shell, streams: Stdio) => runNode(child, node, { stdio: streams, tested: false });
      const pid = startJob(shell, work, stdio, { source, single: node.kind === 'simple' });
      if (shell.interactive) await shell.print(stdio.stderr, `[${shell.jobs.size}] ${pid}`);
      code = 0;
    } else {
      code = await runNode(shell, node, { ...setting, stdio });
    }
    shell.status = code;
  }
  return code;
}

async function runNode(shell: Shell, node: ShellNode, setting: Setting): Promise<number> {
  const { stdio } = setting;
  switch (node.kind) {
    case 'simple': {
      const body: RunBody = (inner, streams) => runNode(shell, inner, { ...setting, stdio: streams });
      return checked(shell, await runSimple(shell, node, stdio, body), setting);
    }
    case 'pipeline':
      return runStages(shell, node, setting);
    case 'both': {
      const left = await runNode(shell, node.left, { stdio, tested: true });
      shell.status = left;
      if ((left === 0) !== (node.operator === '&&')) return left;
      return runNode(shell, node.right, setting);
    }
    case 'redirected':
      try {
        const streams = await redirect(shell, node.redirects, stdio);
        return await runNode(shell, node.node, { ...setting, stdio: streams });
      } catch (error) {
        return redirectFailed(shell, error, stdio);
      }
    case 'group':
      return runList(shell, node.body, setting);
    case 'subshell': {
      const work = (child: Shell, streams: Stdio) =>
        runList(child, node.body, { ...setting, stdio: streams });
      const code = await startFork(shell, work, { stdio, argv: [shell.name], single: false }).done;
      shell.signal.throwIfAborted();
      return checked(shell, code, setting);
    }
    case 'if': {
      for (const { test, body } of node.clauses) {
        if ((await runList(shell, test, { stdio, tested: true })) === 0) return runList(shell, body, setting);
      }
      return node.otherwise === undefined ? 0 : runList(shell, node.otherwise, setting);
    }
    case 'while':
    case 'for':
      return runLoop(shell, node, setting);
    case 'case':
      return runCase(shell, node, setting);
    case 'function':
      shell.functions.set(node.name, node.body);
      return 0;
  }
}

/** `set -e`. */
function checked(shell: Shell, code: number, { tested }: Setting): number {
  shell.status = code;
  if (code !== 0 && !tested && shell.options.has('e')) throw new ShellExit(code);
  return code;
}

async function runStages(
  shell: Shell,
  node: ShellNode & { kind: 'pipeline' },
  setting: Setting,
): Promise<number> {
  const tested = setting.tested || node.negated;
  const [only] = node.stages;
  const run = (stage: ShellNode) => (child: Shell, stdio: Stdio) => runNode(child, stage, { stdio, tested });
  const stages = node.stages.map((stage) => ({ work: run(stage), single: stage.kind === 'simple' }));
  const code =
    stages.length === 1 && only !== undefined
      ? await runNode(shell, only, { ...setting, tested })
      : await runPipeline(shell, stages, setting.stdio);
  return node.negated ? (code === 0 ? 1 : 0) : checked(shell, code, setting);
}

async function runLoop(
  shell: Shell,
  node: ShellNode & { kind: 'while' | 'for' },
  setting: Setting,
): Promise<number> {
  const values =
    node.kind === 'for'
      ? node.words === undefined
        ? [...shell.params]
        : await expandFields(node.words, shell)
      : undefined;
  let code = 0;
  shell.loops += 1;
  try {
    for (let index = 0; ; index += 1) {
      await shell.system.turns.take(shell.signal);
      try {
        if (node.kind === 'while') {
          const test = await runList(shell, node.test, { ...setting, tested: true });
          if ((test === 0) === node.until) return code;
        } else {
          const value = values?.[index];
          if (value === undefined) return code;
          shell.set(node.name, value);
        }
        code = await runList(shell, node.body, setting);
      } catch (error) {
        if (!(error instanceof Jump) || error.kind === 'return') throw error;
        code = 0;
        if (error.count > 1 && shell.loops > 1) throw new Jump(error.kind, error.count - 1);
        if (error.kind === 'break') return code;
      }
    }
  } finally {
    shell.loops -= 1;
  }
}

async function runCase(shell: Shell, node: ShellNode & { kind: 'case' }, setting: Setting): Promise<number> {
  const text = await expandText(node.word, shell);
  for (const { patterns, body } of node.arms) {
    for (const pattern of patterns) {
      if (globMatches(await expandPattern(pattern, shell), text)) return runList(shell, body, setting);
    }
  }
  return 0;
}
