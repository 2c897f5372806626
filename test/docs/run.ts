// `npm run test:docs`: the documents' links, and every command in them, tried as a reader would. Brings up the test cluster with a gate in
// front when a page needs it. Progress goes to stderr, tap's report to stdout, then the plain line "N passed, N failed".

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cluster, TEST_NAMESPACE } from '../cluster/cluster.ts';
import { type Front, startGateInFront } from '../cluster/front.ts';
import { interruptedBySignals } from '../cluster/interrupt.ts';
import { ensureHelm, ensureKubectl } from '../cluster/kubectls.ts';
import { startCluster } from '../cluster/node.ts';
import { sayOnStderr, timed } from '../cluster/progress.ts';
import { runTap } from '../run.ts';
import { CONTEXT_VARIABLE, type DocsContext } from './context.ts';
import { listPages, readBlocks, readPage } from './markdown.ts';
import { isCommands, type Place, readMark } from './marks.ts';

const HELP = `npm run test:docs [-- PAGES or TEST FILES]

Checks the links of all documents and runs their commands, or those of PAGES alone (README.md, docs/tutorial/demo.md, …), or runs the
given test files of test/docs. Where a block of commands is run is said by a comment before it: test/docs/marks.ts.
Needs what the test cluster needs (npm run cluster -- --help), and Debian's nginx-light,
libnginx-mod-stream, haproxy, caddy, curl and openssl. Envoy is tried as well where it is in PATH.
`;

const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true });
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main(positionals);

async function main(named: readonly string[]): Promise<number> {
  const interrupted = interruptedBySignals();
  const dir = mkdtempSync(join(tmpdir(), 'postern-test-docs-'));
  const files = named.filter((name) => name.endsWith('.ts'));
  const chosen = named.filter((name) => !name.endsWith('.ts'));
  const pages = (chosen.length > 0 ? chosen : listPages()).filter((page) => placesOf(page).size > 0);
  let cluster: Cluster | undefined;
  let front: Front | undefined;
  try {
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    symlinkSync((await ensureKubectl()).path, join(bin, 'kubectl'));
    symlinkSync(await ensureHelm(), join(bin, 'helm'));
    if (needsCluster(pages, files)) {
      sayOnStderr('starting a node');
      cluster = await startCluster({ signal: interrupted });
      front = await startGateInFront(cluster, sayOnStderr);
    }
    const contextFile = join(dir, 'context.json');
    writeFileSync(
      contextFile,
      JSON.stringify(
        describe({ dir, bin, pages }, cluster, front && { ...front, token: await front.tokenOf('alice') }),
      ),
    );
    const pageTests = ['test/docs/pages.test.ts'];
    return await runTap(files.length > 0 ? files : chosen.length > 0 ? pageTests : ['test/docs/*.test.ts'], {
      jobs: 2,
      timeoutSeconds: 600,
      env: { [CONTEXT_VARIABLE]: contextFile },
      signal: interrupted,
    });
  } catch (error) {
    sayOnStderr(`postern: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await front?.stop();
    if (cluster !== undefined) await timed(sayOnStderr, 'stopped, nothing left', cluster.stop);
    rmSync(dir, { recursive: true, force: true });
  }
}

function needsCluster(pages: readonly string[], files: readonly string[]): boolean {
  if (files.some((file) => file.includes('hops'))) return true;
  return (
    files.length === 0 &&
    pages.some((page) => ['cluster', 'gate'].some((place) => placesOf(page).has(place as Place)))
  );
}

/** Where a page's blocks are run; blocks without a mark are pages.test.ts's to report. */
function placesOf(page: string): ReadonlySet<Place> {
  const text = readPage(page);
  return new Set(
    readBlocks(text)
      .filter(isCommands)
      .flatMap((block) => {
        try {
          const mark = readMark(block, text);
          return mark.kind === 'run' ? [mark.place] : [];
        } catch {
          return [];
        }
      }),
  );
}

function describe(
  facts: Pick<DocsContext, 'dir' | 'bin' | 'pages'>,
  cluster: Cluster | undefined,
  front: (Front & { readonly token: string }) | undefined,
): DocsContext {
  if (cluster === undefined || front === undefined) return facts;
  const { server, opsUrl, caPem, kubeconfig, token } = front;
  return {
    ...facts,
    cluster: {
      adminKubeconfig: cluster.adminKubeconfig,
      image: cluster.image,
      namespace: TEST_NAMESPACE,
      gate: { server, opsUrl, caPem, kubeconfig, token },
    },
  };
}
