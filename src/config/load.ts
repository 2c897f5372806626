// Reads a configuration file and answers with the resolved configuration, or with everything that is wrong with it, each with its place in
// the file. Nothing is half-applied: one error, and there is no configuration.

import { dirname, resolve } from 'node:path';
import { readAuthenticationFile } from './authenticationfile.ts';
import { checkAuthentication } from './authenticationrules.ts';
import type { AuthenticationFile } from './authenticationschema.ts';
import { checkAuthorization } from './authzchecks.ts';
import { readAwsMap } from './aws/named.ts';
import type { GateConfig } from './config.ts';
import { applyDocument, readText } from './document.ts';
import { checkFiles, type NamedFiles } from './files.ts';
import { createFindings, type Finding, type Findings } from './findings.ts';
import { applyOverrides, type Override } from './overrides.ts';
import { fillPresets } from './presetfill.ts';
import { resolveConfig } from './resolve.ts';
import { checkRules, type Partially } from './rules.ts';
import { configNode, type FileConfig } from './schema.ts';
import { type Places, readSource } from './source.ts';

/** One thing that is wrong, and where. */
export interface ConfigError {
  /** As it was given, or `--set` or `POSTERN_LOG_LEVEL` for a value from there. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** As in `authentication.jwt[0].issuer.url`; '' for the whole file. */
  readonly path: string;
  /** What is wrong and what is allowed; never holds a secret. */
  readonly message: string;
}

export type LoadResult =
  | { readonly ok: true; readonly config: GateConfig; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

export interface LoadOptions {
  readonly file: string;
  /** Instead of the file's content; relative paths are relative to `file` all the same. */
  readonly text?: string;
  /** `path=value`, applied in order. */
  readonly overrides?: readonly string[];
  /** Default: the process' own. POSTERN_LOG_LEVEL overrides log.level. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether to check the files that the configuration names; default true. */
  readonly files?: boolean;
  /** Milliseconds since the epoch; default now. Only warnings about certificates depend on it. */
  readonly now?: number;
}

/** Reads, checks and resolves a configuration. Errors come all at once, in the order of their places. Never throws for bad input. */
export function loadConfig(options: LoadOptions): LoadResult {
  const { file, env = process.env, now = Date.now() } = options;
  const findings = createFindings();
  const text = options.text ?? readText(file, (problem) => findings.error('', problem));
  const source = readSource(file, text ?? '', findings);
  const tree = fillPresets(
    applyOverrides(source, listOverrides(options, env), configNode, findings),
    findings,
  );
  // The schema is what makes it so.
  const config =
    tree === undefined
      ? undefined
      : (applyDocument(configNode, tree, findings) as Partially<FileConfig> | undefined);
  const awsMap = config && readAwsMap(config.authentication, file, findings);
  const document = readAuthenticationFile(config?.authentication?.configFile ?? '', file, findings);
  if (config) {
    checkRules(config, findings);
    checkAuthentication(config, file, document, findings);
    checkAuthorization(config, findings);
    if (options.files ?? true) findings.add(checkFiles(nameFiles(config, file), { env, now }));
  }
  const all = [
    ...locateAll(findings, source.places),
    ...(document === undefined ? [] : locateAll(document.findings, document.places)),
    ...(awsMap?.problems ?? []).map(({ severity, place, path, message }) => ({
      severity,
      place: { ...place, path, message },
    })),
  ].sort(byPlace(file));
  const errors = all.filter(({ severity }) => severity === 'error').map(({ place }) => place);
  if (errors.length > 0) return { ok: false, errors };
  const resolved = resolveConfig(config as FileConfig, file, {
    configFile: document?.content as AuthenticationFile | undefined,
    awsMap: awsMap?.map,
  });
  return { ok: true, config: resolved, warnings: all.map(({ place }) => formatError(place)) };
}

/** `FILE:LINE:COL path: message`; without path for the whole file. */
export function formatError(error: ConfigError): string {
  const { file, line, column, path, message } = error;
  return `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`;
}

function listOverrides(options: LoadOptions, env: NonNullable<LoadOptions['env']>): readonly Override[] {
  const level = env['POSTERN_LOG_LEVEL'] ?? '';
  return [
    ...(options.overrides ?? []).map((assignment) => ({ origin: '--set', assignment })),
    ...(level === '' ? [] : [{ origin: 'POSTERN_LOG_LEVEL', assignment: `log.level=${level}` }]),
  ];
}

/** The files as far as the configuration names them. */
function nameFiles(config: Partially<FileConfig>, file: string): NamedFiles {
  const path = (text: string | undefined): string =>
    text === undefined || text === '' ? '' : resolve(dirname(resolve(file)), text);
  const webhook = config.tokenWebhook;
  const redis = config.sessions?.registry?.redis;
  return {
    listen: {
      tls: { certFile: path(config.listen?.tls?.certFile), keyFile: path(config.listen?.tls?.keyFile) },
      clientCAFile: path(config.listen?.clientCAFile),
    },
    clusters: (config.clusters ?? []).map((cluster) => ({
      kubeconfig: path(cluster?.kubeconfig),
      context: cluster?.context ?? '',
      inCluster: cluster?.inCluster ?? false,
      identity: cluster?.identity ?? 'Impersonate',
    })),
    authentication: {
      clientCertificates: config.authentication?.clientCertificates?.enabled
        ? { crlFile: path(config.authentication.clientCertificates.crlFile) }
        : undefined,
      serviceAccounts: config.authentication?.serviceAccounts,
    },
    tokenWebhook:
      webhook === undefined
        ? undefined
        : {
            certFile: path(webhook.tls?.certFile),
            keyFile: path(webhook.tls?.keyFile),
            clientCAFile: path(webhook.clientCAFile),
          },
    redis: redis && { passwordFile: path(redis.passwordFile), caFile: path(redis.caFile) },
  };
}

interface Located {
  readonly severity: Finding['severity'];
  readonly place: ConfigError;
}

function locateAll(findings: Findings, places: Places): Located[] {
  return findings.all().map(({ severity, path, message, aim }) => ({
    severity,
    place: { ...places.find(path, aim), path: path.startsWith('#') ? '' : path, message },
  }));
}

/** The file's own before those of other origins, then by origin, line and column; equal ones stay as they were found. */
function byPlace(file: string): (one: Located, other: Located) => number {
  return ({ place: one }, { place: other }) =>
    Number(one.file !== file) - Number(other.file !== file) ||
    Number(one.file > other.file) - Number(one.file < other.file) ||
    one.line - other.line ||
    one.column - other.column;
}
