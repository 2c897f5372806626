// docs/reference/cli.md from the texts that `postern COMMAND --help` prints.

import { CHECK_HELP } from '../../src/cli/check.ts';
import { DEMO_HELP } from '../../src/cli/demo.ts';
import { SERVE_HELP } from '../../src/cli/serve.ts';
import { SESSIONS_HELP } from '../../src/cli/sessions.ts';

const COMMANDS: readonly (readonly [name: string, help: string])[] = [
  ['demo', DEMO_HELP],
  ['serve', SERVE_HELP],
  ['check', CHECK_HELP],
  ['sessions', SESSIONS_HELP],
];

const HEAD = [
  '<!-- Generated from the help texts in src/cli by "npm run docs". Do not edit. -->',
  '',
  '# Commands',
  '',
  'One program, `postern`; from a checkout `npx postern …` after `npm ci`. `postern --help` lists the commands, `postern --version` tells its',
  'version and that of Node. Text for people goes to standard error, results go to standard output. Exit codes: 0 done, 1 the thing asked for',
  'failed, 2 wrong usage.',
  '',
];

/** The generated page: where it lies and what is in it. */
export const cliReference: { readonly file: string; render(): string } = {
  file: 'docs/reference/cli.md',
  render: () =>
    [
      ...HEAD,
      ...COMMANDS.flatMap(([name, help]) => [`## postern ${name}`, '', '```text', help.trimEnd(), '```', '']),
    ].join('\n'),
};
