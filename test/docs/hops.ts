// Real proxies in front of a real gate, started with the very blocks of docs/how-to/load-balancers.md: only addresses, names and files are
// replaced, and each replacement has to be found, so that page and test cannot drift apart.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCA } from '../../src/certificates.ts';
import { type Background, startProgram } from '../e2e/background.ts';
import { until } from '../e2e/wait.ts';
import { readBlocks, readPage } from './markdown.ts';
import { freePorts, isListening } from './ports.ts';

const PAGE = 'docs/how-to/load-balancers.md';
const START_TIMEOUT_MS = 15_000;
const PACKAGES = "Debian's packages are nginx-light, libnginx-mod-stream, haproxy, caddy";

/** A proxy of the page. */
export interface Product {
  readonly name: string;
  /** Its block of the page: the language, and how it begins. */
  readonly block: readonly [language: string, beginning: string];
  /** A word of the page that keeps silence alive, and what it would be otherwise: shorter than the tests' silence. */
  readonly patience: readonly [found: string, put: string] | undefined;
  /** Whether it ends TLS itself; otherwise callers see the gate's certificate. */
  readonly endsTls: boolean;
  /** Page's words that name an address or file → what the test has. */
  readonly replace: (files: Files) => readonly (readonly [found: string, put: string])[];
  /** The whole configuration around the block. */
  readonly frame: (block: string, files: Files) => string;
  readonly start: (configFile: string, files: Files) => readonly [command: string, args: readonly string[]];
}

/** Where a proxy finds what it needs. */
export interface Files {
  readonly dir: string;
  readonly port: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Both in one, as HAProxy wants it. */
  readonly pairFile: string;
  /** The authority of the gate's certificate. */
  readonly gateCaFile: string;
  /** The gate's. */
  readonly host: string;
  readonly gatePort: string;
}

/** A running proxy. */
export interface Hop {
  readonly server: string;
  /** PEM of the authority that its callers have to trust. */
  readonly caPem: string;
  readonly program: Background;
}

/** The gate behind it. */
export interface Behind {
  readonly dir: string;
  readonly gate: { readonly server: string; readonly caPem: string };
}

/** Starts a proxy with its block of the page, changed by `change` (for what a setting does when it is not there). */
export async function startHop(
  { dir: parent, gate }: Behind,
  product: Product,
  change: (text: string) => string = (text) => text,
): Promise<Hop> {
  const dir = mkdtempSync(join(parent, 'hop-'));
  const [port = ''] = await freePorts(1);
  const ca = await makeCA('hop CA');
  const pair = await ca.issue({ commonName: 'hop', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
  const put = (name: string, text: string) => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const files: Files = {
    dir,
    port,
    certFile: put('hop.crt', pair.certPem),
    keyFile: put('hop.key', pair.keyPem),
    pairFile: put('hop.pem', pair.certPem + pair.keyPem),
    gateCaFile: put('gate-ca.crt', gate.caPem),
    host: new URL(gate.server).hostname,
    gatePort: new URL(gate.server).port,
  };
  mkdirSync(join(dir, 'run'));
  const replaced = product
    .replace(files)
    .reduce((text, [found, wanted]) => replaceAll(text, found, wanted), blockOf(product));
  // Envoy goes by the ending; the others do not care.
  const configFile = put('config.yaml', product.frame(change(replaced), files));
  const program = startProgram(...product.start(configFile, files));
  let isOver = false;
  void program.ended.then(() => {
    isOver = true;
  });
  const listens = async () => isOver || (await isListening(port));
  await until(`${product.name} to listen`, listens, START_TIMEOUT_MS).catch(async (error: unknown) => {
    await program.kill();
    throw error;
  });
  if (isOver) throw new Error(`${product.name} ended: ${program.stderr()} (${PACKAGES})`);
  return { server: `https://127.0.0.1:${port}`, caPem: product.endsTls ? ca.certPem : gate.caPem, program };
}

function blockOf({ name, block: [language, beginning] }: Product): string {
  const block = readBlocks(readPage(PAGE)).find(
    (one) => one.language === language && one.lines[0]?.startsWith(beginning) === true,
  );
  if (block === undefined) throw new Error(`${PAGE} has no block for ${name}`);
  return block.lines.join('\n');
}

/** @throws Error when the text has it nowhere: what was changed nothing would be tried with what the page does not say. */
export function replaceAll(text: string, found: string | RegExp, wanted: string): string {
  const changed = text.replaceAll(typeof found === 'string' ? found : new RegExp(found, 'g'), wanted);
  if (changed === text) throw new Error(`"${found}" is not in the block: ${text}`);
  return changed;
}
