// What the demo says: to a person on standard error, in few words and with commands to paste, or to a program on standard output, one JSON
// document a line.

import type { CommandIO } from '../cli/io.ts';
import type { Fact } from './facts.ts';
import type { KubectlFinding } from './kubectl.ts';
import { painter, renderLine } from './lines.ts';
import type { ClusterRights } from './rights.ts';
import { renderSummary, type Summary } from './tally.ts';
import { durationText } from './units.ts';

const PART_WIDTH = 18;

/** A person of the identity provider, as shown. */
export interface ShownPerson {
  readonly context: string;
  readonly email: string;
  readonly does: string;
}

/** Where everything is, once it is up. */
export interface ReadyFacts {
  readonly version: string;
  readonly directory: string;
  readonly config: string;
  readonly kubeconfig: string;
  readonly ca: string;
  readonly gate: string;
  readonly ops: string;
  readonly issuer: string;
  /** Of the practice API server, or of the person's own cluster. */
  readonly cluster: string;
  readonly practice: boolean;
  readonly people: readonly ShownPerson[];
  readonly kubectl: KubectlFinding;
  readonly startedInMs: number;
}

/** The demo's voice. */
export interface Screen {
  readonly begin: (version: string) => void;
  readonly part: (name: string, text: string) => void;
  readonly rights: (rights: ClusterRights) => void;
  readonly ready: (facts: ReadyFacts) => void;
  readonly fact: (fact: Fact) => void;
  readonly problem: (text: string) => void;
  readonly ending: (reason: string) => void;
  readonly summary: (summary: Summary) => void;
}

/** For programs: nothing but JSON lines; problems go to standard error in words. */
export function createJsonScreen(io: CommandIO): Screen {
  const write = (event: string, fields: object) =>
    void io.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  return {
    begin: () => undefined,
    part: () => undefined,
    rights: (rights) => write('rights', rights),
    ready: (facts) => write('ready', facts),
    fact: (fact) => write(fact.event, fact),
    problem: (text) => void io.stderr.write(`postern demo: ${text}\n`),
    ending: () => undefined,
    summary: (summary) => write('summary', summary),
  };
}

/** For people. `colour`: whether it is a terminal that shows colours. `localTime` gives HH:MM:SS. */
export function createHumanScreen(
  io: CommandIO,
  colour: boolean,
  localTime: (iso: string) => string,
): Screen {
  const paint = painter(colour);
  const say = (text: string) => void io.stderr.write(`${text}\n`);
  const part = (name: string, text: string) => say(`  ${name.padEnd(PART_WIDTH)}${text}`);
  return {
    begin: (version) =>
      say(`${paint('bold', 'postern demo')} ${version}: all on this machine, gone when you press Ctrl-C\n`),
    part,
    rights: (rights) => {
      part('your cluster', `${rights.server} (${rights.version})`);
      part('its account', rights.account === '' ? '(the cluster does not tell)' : rights.account);
      for (const { what, allowed } of rights.rights)
        part('', `${what}: ${allowed ? 'yes' : paint('red', 'no')}`);
    },
    ready: (facts) => say(renderReady(facts, paint)),
    fact: (fact) => say(renderLine(fact, paint, localTime)),
    problem: (text) => say(`${paint('red', 'postern demo:')} ${text}`),
    ending: (reason) => say(`\n${reason}: ending the sessions, removing every file`),
    summary: (summary) => say(`\n${renderSummary(summary)}`),
  };
}

function renderReady(facts: ReadyFacts, paint: ReturnType<typeof painter>): string {
  const { kubectl, people } = facts;
  const width = Math.max(...people.map(({ context }) => context.length));
  const lines = [
    `  ${'ready'.padEnd(PART_WIDTH)}in ${durationText(facts.startedInMs)}`,
    '',
    'Who you can be (kubectl --context NAME …):',
    ...people.map(({ context, does }) => `  ${paint('cyan', context.padEnd(width))}  ${does}`),
    '',
    ...(kubectl.usable ? [] : [paint('yellow', kubectl.hint), '']),
    'Try this in another terminal:',
    '',
    ...commands(facts).map((command) => `  ${paint('bold', command)}`),
    '',
    ...(facts.practice ? [] : [strangers(), '']),
    'From here on: a line for each request and session. Ctrl-C ends the demo.',
    '',
  ];
  return lines.join('\n');
}

/** Three commands, as they can be pasted. */
export function commands({
  kubeconfig,
  directory,
  practice,
}: Pick<ReadyFacts, 'kubeconfig' | 'directory' | 'practice'>): readonly string[] {
  const setup = `export KUBECONFIG=${quoted(kubeconfig)} KUBECACHEDIR=${quoted(`${directory}/cache`)}`;
  return practice
    ? [
        `${setup}; kubectl get pods`,
        'kubectl exec -it deploy/web -- sh',
        'kubectl --context ada exec deploy/web -- date   # ada may only read',
      ]
    : [
        `${setup}; kubectl auth whoami`,
        'kubectl --context ada auth whoami',
        'kubectl get pods   # erin has no rights in your cluster yet',
      ];
}

function strangers(): string {
  return `erin, otto and ada are strangers to your cluster: they may do what you bind to their names or groups (engineers, oncall,
auditors), for example, as yourself:  kubectl create clusterrolebinding demo-auditors --clusterrole=view --group=auditors`;
}

/** For a POSIX shell; plain words stay plain. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
