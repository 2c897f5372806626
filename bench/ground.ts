// Lays the common ground of a run: a temporary folder, one certificate authority with equal keys for all, the issuer inside this process,
// a token that outlives the run, and the upstream. Everything is on loopback.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCA } from '../src/certificates.ts';
import { startIssuer } from '../test/fakes/issuer.ts';
import type { Ground } from './contestants/contestant.ts';
import { announcedPort, makeProcesses, type Running } from './processes.ts';
import type { Programs } from './programs.ts';

const AUDIENCE = 'postern';
const TOKEN_SECONDS = 24 * 3600;

/** The ground with what belongs to the run alone. */
export interface LaidGround extends Ground {
  readonly token: string;
  readonly upstream: { readonly port: number; readonly pid: number };
  /** Whether its end has begun. */
  readonly isClearing: () => boolean;
  /** Ends every process, the issuer and the folder; once. */
  readonly clear: () => Promise<void>;
}

/**
 * Lays it. `onBegin` gets what clears it as soon as there is anything to clear; `upstreamArgs` are further options of the upstream.
 * @throws Error when the upstream does not start; nothing is left then.
 */
export async function layGround(
  programs: Programs,
  onBegin: (clear: () => Promise<void>) => void,
  upstreamArgs: readonly string[] = [],
): Promise<LaidGround> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  const processes = makeProcesses();
  let closeIssuer = async () => {};
  let cleared: Promise<void> | undefined;
  const clear = () => {
    cleared ??= (async () => {
      await processes.endAll();
      await closeIssuer();
      rmSync(folder, { recursive: true, force: true });
    })();
    return cleared;
  };
  onBegin(clear);
  try {
    const ca = await makeCA('postern bench CA');
    const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
    const { certPem, keyPem } = await ca.issue({ commonName: 'bench', ...names });
    const issuer = await startIssuer({ tls: { certPem, keyPem, caPem: ca.certPem } });
    closeIssuer = () => issuer.close();
    const write = (name: string, text: string) => {
      const file = join(folder, name);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    };
    const files = {
      caFile: write('ca.crt', ca.certPem),
      certFile: write('tls.crt', certPem),
      keyFile: write('tls.key', keyPem),
      pairFile: write('tls.pem', certPem + keyPem),
    };
    const upstream: Running = await processes.start({
      name: 'upstream',
      command: programs.upstream,
      args: ['--cert', files.certFile, '--key', files.keyFile, '--listen', '127.0.0.1:0', ...upstreamArgs],
      folder,
      talks: true,
    });
    return {
      folder,
      caPem: ca.certPem,
      ...files,
      issuer: { url: issuer.url, audience: AUDIENCE },
      token: await issuer.sign({ aud: AUDIENCE }, { expiresIn: TOKEN_SECONDS }),
      programs,
      processes,
      upstream: { port: await announcedPort(upstream), pid: upstream.pid },
      isClearing: () => cleared !== undefined,
      clear,
    };
  } catch (error) {
    await clear();
    throw error;
  }
}
