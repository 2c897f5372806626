// Opens the board for an operator: by their own kubeconfig, as kubectl finds it, whose rights decide what they may; or a Redis.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type KubeconfigResult, loadInCluster, loadKubeconfig } from '../kube/kubeconfig.ts';
import { createUpstream } from '../proxy/upstream.ts';
import { BoardRefusal, type OperatorBoard } from '../roster/board.ts';
import { createKubeApi } from '../roster/kubeapi.ts';
import { createKubeOperatorBoard } from '../roster/kubeboard.ts';
import { runExecPlugin } from './execplugin.ts';
import type { CommandIO } from './io.ts';
import type { BoardOptions } from './sessionsoptions.ts';

/** Opens it. @throws BoardRefusal with what is wrong and the next step */
export async function openOperatorBoard(
  options: BoardOptions,
  env: CommandIO['env'],
): Promise<OperatorBoard> {
  const { redis: url, redisPasswordFile: passwordFile, redisCAFile: caFile, namespace } = options;
  if (url !== '') {
    const { addressOf, createRedisLink } = await import('../roster/redislink.ts');
    const { createRedisOperatorBoard } = await import('../roster/redisboard.ts');
    return createRedisOperatorBoard(
      createRedisLink({ url, passwordFile, caFile }),
      `Redis at ${addressOf({ url })}`,
    );
  }
  const read = readAccess(options, env);
  if (!read.ok) throw new BoardRefusal(read.errors.join('\n'));
  const { server, ...access } = read.access;
  const { host, port, basePath } = server;
  const upstream = createUpstream('registry', { ...access, host, port, basePath });
  return createKubeOperatorBoard(
    createKubeApi(() => ({ upstream }), namespace),
    () => upstream.close(),
  );
}

/** kubectl's order: the flag, KUBECONFIG, ~/.kube/config, the pod's own service account. */
function readAccess({ kubeconfig, context }: BoardOptions, env: CommandIO['env']): KubeconfigResult {
  const named = kubeconfig !== '' ? kubeconfig : (env['KUBECONFIG'] ?? '');
  const files = kubeconfig !== '' ? [kubeconfig] : named.split(delimiter).filter((file) => file !== '');
  if (files.length > 1)
    return {
      ok: false,
      errors: [
        `KUBECONFIG names ${files.length} files, which are not merged here: give one by --kubeconfig FILE`,
      ],
    };
  const file = files[0] ?? join(env['HOME'] ?? homedir(), '.kube', 'config');
  if (files.length === 0 && !existsSync(file)) {
    if ((env['KUBERNETES_SERVICE_HOST'] ?? '') !== '') return loadInCluster(env);
    const errors = [`there is no kubeconfig: give --kubeconfig FILE, set KUBECONFIG, or use --redis URL`];
    return { ok: false, errors };
  }
  return loadKubeconfig({ file, context, runPlugin: (run) => runExecPlugin(run, env) });
}
