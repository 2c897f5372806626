// Where blocks are run: what a reader who follows the page has before its first command.
//
//   checkout   a fresh copy of the project, `npm ci` done, as current directory
//   cluster    that, and the kubeconfig of the test cluster's administrator as the default one
//   gate       an empty directory, and alice's kubeconfig, through the gate in front of the test cluster, as the default one; HOP is the gate's
//              host and port, TOKEN her token, and curl trusts the gate
//   folder     an empty directory
//   demo       a demo that runs, and DEMO, METRICS, ISSUER and CONFIG as its first lines tell them
//
// In all of them PATH has kubectl, helm, npx, and HOME is empty. In `cluster` and `gate` three words of a command are not taken as the page has
// them: `busybox:1.36` is the cluster's own busybox, for it has no registry, and the ports 8443 and 9090 are free ones.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runOrFail } from '../cluster/run.ts';
import { startDemo } from '../demo/started.ts';
import type { DocsContext } from './context.ts';
import { ROOT } from './markdown.ts';
import type { Place } from './marks.ts';
import { freePorts } from './ports.ts';
import { openShell, type PageShell } from './shell.ts';

/** The image that pages name, for everybody can pull it. */
const PAGES_IMAGE = 'busybox:1.36';

/** A shell in a place; a command is given as the page has it. */
export async function openPlace(context: DocsContext, place: Place): Promise<PageShell> {
  const home = mkdtempSync(join(context.dir, 'home-'));
  const env = {
    npm_config_update_notifier: 'false',
    PATH: `${context.bin}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    TZ: 'UTC',
  };
  if (place === 'demo') return await openDemo(context, home, env);
  if (place === 'folder') return await openShell(mkdtempSync(join(context.dir, 'cwd-')), env);
  if (place === 'checkout') return await openShell(await copyProject(context.dir), env);
  const { cluster } = context;
  if (cluster === undefined) throw new Error(`no cluster was started for "${place}"`);
  const isGate = place === 'gate';
  mkdirSync(join(home, '.kube'));
  const kubeconfig = readFileSync(isGate ? cluster.gate.kubeconfig : cluster.adminKubeconfig);
  writeFileSync(join(home, '.kube/config'), kubeconfig, { mode: 0o600 });
  const cwd = isGate ? mkdtempSync(join(context.dir, 'cwd-')) : await copyProject(context.dir);
  const shell = await openShell(cwd, isGate ? { ...env, ...forCurl(cluster.gate, home) } : env);
  const [port, ops] = await freePorts(2);
  const own = (command: string) =>
    command
      .replaceAll(PAGES_IMAGE, cluster.image)
      .replaceAll(/\b8443\b/g, port ?? '')
      .replaceAll(/\b9090\b/g, ops ?? '');
  return {
    run: (command) => shell.run(own(command)),
    stay: (command, text) => shell.stay(own(command), text),
    close: shell.close,
  };
}

type Gate = NonNullable<DocsContext['cluster']>['gate'];

function forCurl({ server, caPem, token }: Gate, home: string): Readonly<Record<string, string>> {
  writeFileSync(join(home, 'gate-ca.crt'), caPem);
  return { HOP: new URL(server).host, TOKEN: token, CURL_CA_BUNDLE: join(home, 'gate-ca.crt') };
}

async function openDemo(
  { dir }: DocsContext,
  home: string,
  env: Readonly<Record<string, string>>,
): Promise<PageShell> {
  const demo = await startDemo(dir);
  const { directory, issuer, ops, config } = demo.ready;
  const names = { DEMO: directory, ISSUER: issuer, METRICS: ops, CONFIG: config };
  const shell = await openShell(home, { ...env, ...names });
  return {
    run: shell.run,
    stay: shell.stay,
    close: async () => {
      await shell.close();
      await demo.stop();
    },
  };
}

/** What a clone would have of the working tree's files, and the modules that `npm ci` has put into this checkout. */
async function copyProject(dir: string): Promise<string> {
  const folder = mkdtempSync(join(dir, 'postern-'));
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of list.split('\0').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
  const modules = join(ROOT, 'node_modules');
  // Links where the file system allows it: half a gigabyte otherwise.
  await runOrFail('cp', ['-al', modules, folder]).catch(() => runOrFail('cp', ['-a', '-f', modules, folder]));
  return folder;
}
