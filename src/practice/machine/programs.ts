// Everything that the machine can run, and what an image runs by itself.

import { ABOUT_PROGRAMS } from './commands/about.ts';
import { ATTRIBUTE_PROGRAMS } from './commands/attributes.ts';
import { CHANGE_PROGRAMS } from './commands/change.ts';
import { DD } from './commands/dd.ts';
import { ENCODE_PROGRAMS } from './commands/encode.ts';
import { END_PROGRAMS } from './commands/ends.ts';
import { FETCH_PROGRAMS } from './commands/fetch.ts';
import { FILTER_PROGRAMS } from './commands/filters.ts';
import { GREP_PROGRAMS } from './commands/grep.ts';
import { HTTPD } from './commands/httpd.ts';
import { LIST_PROGRAMS } from './commands/list.ts';
import { NETWORK_PROGRAMS } from './commands/network.ts';
import { PRINTF } from './commands/printf.ts';
import { PROCESS_PROGRAMS } from './commands/processes.ts';
import { SAY_PROGRAMS } from './commands/say.ts';
import { SED } from './commands/sed.ts';
import { TAR } from './commands/tar.ts';
import { TEMPORARY_PROGRAMS } from './commands/temporary.ts';
import { TEST_PROGRAMS } from './commands/test.ts';
import { TIMEOUT } from './commands/timeout.ts';
import { TR } from './commands/tr.ts';
import { WAIT_PROGRAMS } from './commands/wait.ts';
import { WALK_PROGRAMS } from './commands/walk.ts';
import { WEB } from './commands/web.ts';
import type { MachineSpec } from './machine.ts';
import type { Program } from './process.ts';
import { runSh } from './shell/session.ts';

const SH: Program = { usage: '[-c TEXT [NAME [ARG]...]] [FILE [ARG]...]', run: runSh };

/** Name → program. `bash` is not among them, as it is not in small images. */
export const PROGRAMS: ReadonlyMap<string, Program> = new Map<string, Program>([
  ...ABOUT_PROGRAMS,
  ...ATTRIBUTE_PROGRAMS,
  ...CHANGE_PROGRAMS,
  ...END_PROGRAMS,
  ...ENCODE_PROGRAMS,
  ...FETCH_PROGRAMS,
  ...FILTER_PROGRAMS,
  ...GREP_PROGRAMS,
  ...LIST_PROGRAMS,
  ...NETWORK_PROGRAMS,
  ...PROCESS_PROGRAMS,
  ...SAY_PROGRAMS,
  ...TEMPORARY_PROGRAMS,
  ...TEST_PROGRAMS,
  ...WAIT_PROGRAMS,
  ...WALK_PROGRAMS,
  ['ash', SH],
  ['dd', DD],
  ['httpd', HTTPD],
  ['printf', PRINTF],
  ['sed', SED],
  ['sh', SH],
  ['tar', TAR],
  ['timeout', TIMEOUT],
  ['tr', TR],
  ['web', WEB],
]);

/** Images whose own program is a shell. */
const SHELL_IMAGES = new Set([
  'sh',
  'busybox',
  'alpine',
  'debian',
  'ubuntu',
  'bash',
  'bitnami-shell',
  'toolbox',
]);

/** `postern.dev/practice/web:1@sha256:…` → `web`. */
export function imageName(image: string): string {
  return image.replace(/@.*$/, '').replace(/^.*\//, '').replace(/:.*$/, '');
}

/** What the main process runs: the spec's command and args in place of the image's, as Kubernetes combines them. */
export function mainCommand({ image, command, args, env }: MachineSpec): readonly string[] {
  const values = new Map(env.map(({ name, value }) => [name, value]));
  const expanded = (texts: readonly string[]) => texts.map((text) => expandReferences(text, values));
  if (command.length > 0) return [...expanded(command), ...expanded(args)];
  const name = imageName(image);
  if (SHELL_IMAGES.has(name)) return args.length > 0 ? expanded(args) : ['sh'];
  const own = name === 'web' || name === 'talk' ? name : 'practice-image';
  return [own, ...expanded(args)];
}

/** `$(NAME)` with the container's environment, as the kubelet does; `$$(NAME)` is `$(NAME)`, and unknown names stay. */
export function expandReferences(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (all, name: string | undefined) => {
    if (name === undefined) return '$';
    return values.get(name) ?? all;
  });
}
