// `postern check`: reads a configuration as `postern serve` would and prints everything that is wrong with it, for people and for
// editors and CI (FILE:LINE:COL). Starts nothing and connects nowhere.

import { parseArgs } from 'node:util';
import { type ConfigError, formatError, loadConfig } from '../config/load.ts';

/** Where a command reads and writes. */
export interface CommandIO {
  readonly stdout: { readonly write: (text: string) => unknown };
  readonly stderr: { readonly write: (text: string) => unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What `postern check --help` prints. */
export const CHECK_HELP = `Checks a configuration file and the files it names; starts nothing.

Usage: postern check --config FILE [--set path=value]… [--output json]

  -c, --config FILE      the file; or the environment variable POSTERN_CONFIG
      --set path=value   overrides one key, as for postern serve; may be repeated
  -o, --output json      one JSON document instead of lines
  -h, --help             this text

Every error is one line on stdout, FILE:LINE:COL path: what is wrong, what is allowed:

  $ postern check --config postern.yaml
  postern.yaml:14:9 authentication.jwt[0].issuer.audience: unknown key "audience"; did you mean "audiences"? allowed here: url, …
  1 error in postern.yaml

  $ postern check --config postern.yaml --set log.level=debug --set 'clusters[0].context=staging'

Exit codes: 0 no errors (there may be warnings, on stderr), 1 errors, 2 wrong usage.
The format: docs/reference/config.md. In an editor: docs/reference/config.schema.json.
`;

/** Runs `postern check` with the arguments after the command's name; the exit code. */
export async function runCheck(args: readonly string[], io: CommandIO): Promise<number> {
  const options = readOptions(args, io);
  if (typeof options === 'number') return options;
  const { file, overrides, isJson } = options;
  const result = loadConfig({ file, overrides, env: io.env });
  const warnings = result.ok ? result.warnings : [];
  const errors = result.ok ? [] : result.errors;
  if (isJson)
    io.stdout.write(
      `${JSON.stringify(result.ok ? { ok: true, file, warnings } : { ok: false, file, errors })}\n`,
    );
  else for (const error of errors) io.stdout.write(`${formatError(error)}\n`);
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
  io.stderr.write(`${summarize(errors, warnings.length, file)}\n`);
  return result.ok ? 0 : 1;
}

interface Options {
  readonly file: string;
  readonly overrides: readonly string[];
  readonly isJson: boolean;
}

/** What was asked for, or the exit code when that is all. */
function readOptions(args: readonly string[], io: CommandIO): Options | number {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        config: { type: 'string', short: 'c' },
        set: { type: 'string', multiple: true },
        output: { type: 'string', short: 'o' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.stdout.write(CHECK_HELP);
      return 0;
    }
    if (values.output !== undefined && values.output !== 'json') throw new Error('--output takes json');
    const file = values.config ?? io.env['POSTERN_CONFIG'] ?? '';
    if (file === '') throw new Error('which file? --config FILE, or POSTERN_CONFIG');
    return { file, overrides: values.set ?? [], isJson: values.output === 'json' };
  } catch (cause) {
    io.stderr.write(
      `postern check: ${cause instanceof Error ? cause.message : 'wrong usage'}\nTry: postern check --help\n`,
    );
    return 2;
  }
}

function summarize(errors: readonly ConfigError[], warnings: number, file: string): string {
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const files = [...new Set(errors.map((error) => error.file))];
  if (errors.length > 0) return `${count(errors.length, 'error')} in ${files.join(' and ')}`;
  return `${file} is valid${warnings > 0 ? `, ${count(warnings, 'warning')}` : ''}`;
}
