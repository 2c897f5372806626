// A Go gate of about a hundred lines (bench/go/gogate): httputil.ReverseProxy, go-oidc verifying the token of each request, impersonation
// headers. The engine that kube-oidc-proxy and Pinniped are built on, with one thread for Go code, as the others have.

import { run } from '../../test/cluster/run.ts';
import { announcedPort } from '../processes.ts';
import { readModules } from '../programs.ts';
import { type Contestant, startedAt } from './contestant.ts';

export const gogate: Contestant = {
  name: 'gogate',
  what: 'a small Go gate: ReverseProxy, go-oidc for each request, impersonation, GOMAXPROCS=1',
  optional: false,
  isProxy: true,
  find: async () => {
    const { code, stdout } = await run('go', ['env', 'GOVERSION']);
    if (code !== 0) return { ok: false, how: 'Go is not here: https://go.dev/dl/' };
    const oidc = readModules().find((module) => module.includes('/go-oidc/'));
    const parts = [stdout.trim().replace(/^go/, 'Go '), oidc?.replace(/^.*\/(go-oidc\/.*)$/, '$1')];
    return { ok: true, version: parts.filter(Boolean).join(', ') };
  },
  async start(ground, upstreamPort) {
    const program = await ground.processes.start({
      name: 'gogate',
      command: ground.programs.gogate,
      args: [
        ...['--cert', ground.certFile, '--key', ground.keyFile, '--listen', '127.0.0.1:0'],
        ...['--upstream', `https://127.0.0.1:${upstreamPort}`, '--upstream-ca', ground.caFile],
        ...[
          '--issuer',
          ground.issuer.url,
          '--issuer-ca',
          ground.caFile,
          '--audience',
          ground.issuer.audience,
        ],
      ],
      env: { GOMAXPROCS: '1' },
      folder: ground.folder,
      talks: true,
    });
    return startedAt(await announcedPort(program), program);
  },
};
