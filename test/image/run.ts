// `npm run test:image`: builds the image, brings up a real cluster that has it, and runs the tests of test/image. Progress goes to stderr, tap's
// report to stdout, then the plain line "N passed, N failed".

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Cluster } from '../cluster/cluster.ts';
import { runtimeSocket } from '../cluster/components.ts';
import { importArchive } from '../cluster/images.ts';
import { interruptedBySignals } from '../cluster/interrupt.ts';
import { ensureKubectl } from '../cluster/kubectls.ts';
import { startCluster } from '../cluster/node.ts';
import { sayOnStderr, timed } from '../cluster/progress.ts';
import { runTap } from '../run.ts';
import { buildImage } from './build.ts';
import { CONTEXT_VARIABLE, type Context, TAG } from './context.ts';

const HELP = `npm run test:image [-- FILES]

Builds the image with buildah (root, Debian; cached by content), looks into it, builds it again, and runs it in a real one-node Kubernetes
cluster: test/image/*.test.ts, or FILES.
`;

const { values, positionals } = parseArgs({ options: { help: { type: 'boolean' } }, allowPositionals: true });
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await main(positionals);

async function main(files: readonly string[]): Promise<number> {
  const signal = interruptedBySignals();
  let cluster: Cluster | undefined;
  try {
    const { path: kubectl } = await ensureKubectl();
    sayOnStderr('starting a node');
    cluster = await startCluster({ signal });
    if (cluster.node === undefined) throw new TypeError('the node is ours');
    const outFile = join(cluster.dir, 'postern.tar');
    const { archive, digest } = await buildImage({ outFile, tag: TAG, signal });
    await importArchive(archive, runtimeSocket(cluster.dir));
    const context: Context = {
      dir: cluster.dir,
      archive,
      digest,
      kubectl,
      adminKubeconfig: cluster.adminKubeconfig,
      server: cluster.server,
      hostAddress: cluster.node.hostAddress,
      shellImage: cluster.image,
    };
    const contextFile = join(cluster.dir, 'image-context.json');
    writeFileSync(contextFile, JSON.stringify(context));
    const chosen = files.length > 0 ? files : ['test/image/*.test.ts'];
    const env = { [CONTEXT_VARIABLE]: contextFile };
    return await runTap(chosen, { jobs: 1, timeoutSeconds: 900, env, signal });
  } catch (error) {
    sayOnStderr(`postern: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    if (cluster !== undefined) await timed(sayOnStderr, 'stopped, nothing left', cluster.stop);
  }
}
