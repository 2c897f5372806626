// `postern check`: reads a configuration as `postern serve` would and prints everything that is wrong with it, for people and for
// editors and CI (FILE:LINE:COL); with --as, how its rules would decide one request. Starts nothing and connects nowhere.

import { type ConfigError, formatError, loadConfig } from '../config/load.ts';
import { readCheckOptions } from './checkoptions.ts';
import { type Asked, explainRequest, printAnswer } from './explain.ts';

/** Where a command reads and writes. */
export interface CommandIO {
  readonly stdout: { readonly write: (text: string) => unknown };
  readonly stderr: { readonly write: (text: string) => unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What `postern check --help` prints. */
export const CHECK_HELP = `Checks a configuration file and the files it names; starts nothing.

Usage: postern check --config FILE [--set path=value]… [--output json]
       postern check --config FILE --as USER [--groups G[,G]] --request 'METHOD /path' [--claims JSON]
                     [--cluster NAME] [--source ADDRESS] [--at TIME] [--output json]

  -c, --config FILE      the file; or the environment variable POSTERN_CONFIG
      --set path=value   overrides one key, as for postern serve; may be repeated
  -o, --output json      one JSON document instead of lines
  -h, --help             this text

Every error is one line on stdout, FILE:LINE:COL path: what is wrong, what is allowed:

  $ postern check --config postern.yaml
  postern.yaml:14:9 authentication.jwt[0].issuer.audience: unknown key "audience"; did you mean "audiences"? allowed here: url, …
  1 error in postern.yaml

  $ postern check --config postern.yaml --set log.level=debug --set 'clusters[0].context=staging'

With --as: how authorization.rules decide a request, which rule it is, and at which condition the others stop. Files that the
configuration names are not read.

      --as USER          the user's name, as the claim mapping makes it
      --groups G[,G]     the user's groups; may be repeated
      --request TEXT     method, path and query, as kubectl -v=8 shows them; the path may begin with a cluster's pathPrefix and with
                         /reason/TEXT
      --claims JSON      the token's claims, for rules that read them; iss is the issuer
      --cluster NAME     which cluster it is for, when the path doesn't tell and there are several
      --source ADDRESS   the caller's address, for rules that read it
      --at TIME          when, as in 2026-01-31T08:00:00Z; default now

  $ postern check --config postern.yaml --as ada@example.com --groups contractors \\
      --request 'POST /api/v1/namespaces/prod-shop/pods/web-1/exec?command=sh&stdin=true'

Exit codes: 0 no errors (there may be warnings, on stderr), or allowed; 1 errors, or denied; 2 wrong usage.
The format: docs/reference/config.md; rules: docs/how-to/rules.md. In an editor: docs/reference/config.schema.json.
`;

/** Runs `postern check` with the arguments after the command's name; the exit code. */
export async function runCheck(args: readonly string[], io: CommandIO): Promise<number> {
  const options = readCheckOptions(args, io.env);
  if (options.kind === 'help') {
    io.stdout.write(CHECK_HELP);
    return 0;
  }
  if (options.kind === 'wrong') return refuseUsage(options.why, io);
  const { file, overrides, isJson, asked } = options;
  const result = loadConfig({ file, overrides, env: io.env, files: asked === undefined });
  if (asked !== undefined && result.ok) return answer(result.config, asked, isJson, io);
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

function answer(
  config: Parameters<typeof explainRequest>[0],
  asked: Asked,
  isJson: boolean,
  io: CommandIO,
): number {
  let answered: ReturnType<typeof explainRequest>;
  try {
    answered = explainRequest(config, asked);
  } catch (cause) {
    return refuseUsage(cause instanceof Error ? cause.message : 'wrong usage', io);
  }
  io.stdout.write(isJson ? `${JSON.stringify(answered)}\n` : printAnswer(answered, asked));
  return answered.allowed ? 0 : 1;
}

function refuseUsage(why: string, io: CommandIO): number {
  io.stderr.write(`postern check: ${why}\nTry: postern check --help\n`);
  return 2;
}

function summarize(errors: readonly ConfigError[], warnings: number, file: string): string {
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const files = [...new Set(errors.map((error) => error.file))];
  if (errors.length > 0) return `${count(errors.length, 'error')} in ${files.join(' and ')}`;
  return `${file} is valid${warnings > 0 ? `, ${count(warnings, 'warning')}` : ''}`;
}
