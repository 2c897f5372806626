// Reads a configuration file and answers with the resolved configuration, or with everything that is wrong with it, each with its place in
// the file. Nothing is half-applied: one error, and there is no configuration.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { checkAuthorization } from './authzchecks.ts';
import type { GateConfig } from './config.ts';
import { checkFiles, type NamedFiles } from './files.ts';
import { createFindings, type Finding, type Findings } from './findings.ts';
import { applyOverrides, type Override } from './overrides.ts';
import { resolveConfig } from './resolve.ts';
import { checkRules, type Partially } from './rules.ts';
import { API_VERSION, configNode, type FileConfig, KIND } from './schema.ts';
import { type Places, readSource } from './source.ts';
import { applySchema, isMapping } from './validate.ts';

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
  const text = options.text ?? readText(file, findings);
  const source = readSource(file, text ?? '', findings);
  const tree = applyOverrides(source, listOverrides(options, env), configNode, findings);
  const config = tree === undefined ? undefined : applyWhole(tree, findings);
  if (config) {
    checkRules(config, findings);
    checkAuthorization(config, findings);
    if (options.files ?? true) findings.add(checkFiles(nameFiles(config, file), { env, now }));
  }
  const all = findings.all();
  const errors = all
    .filter(({ severity }) => severity === 'error')
    .map((finding) => locate(finding, source.places));
  if (errors.length > 0) return { ok: false, errors: errors.sort(byPlace(file)) };
  const warnings = all.map((finding) => locate(finding, source.places)).sort(byPlace(file));
  return { ok: true, config: resolveConfig(config as FileConfig, file), warnings: warnings.map(formatError) };
}

/** `FILE:LINE:COL path: message`; without path for the whole file. */
export function formatError(error: ConfigError): string {
  const { file, line, column, path, message } = error;
  return `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`;
}

function readText(file: string, findings: Findings): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    findings.error(
      '',
      `cannot be read: ${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'}`,
    );
    return undefined;
  }
}

function listOverrides(options: LoadOptions, env: NonNullable<LoadOptions['env']>): readonly Override[] {
  const level = env['POSTERN_LOG_LEVEL'] ?? '';
  return [
    ...(options.overrides ?? []).map((assignment) => ({ origin: '--set', assignment })),
    ...(level === '' ? [] : [{ origin: 'POSTERN_LOG_LEVEL', assignment: `log.level=${level}` }]),
  ];
}

/** Applies the schema, unless the file is something else altogether: then that is the one thing to say. */
function applyWhole(tree: unknown, findings: Findings): Partially<FileConfig> | undefined {
  const isMapped = isMapping(tree);
  if (
    isMapped &&
    typeof tree['kind'] === 'string' &&
    tree['kind'] !== KIND &&
    tree['apiVersion'] !== API_VERSION
  ) {
    const { apiVersion, kind } = tree;
    const { apiVersion: first = {}, kind: second = {} } = configNode.properties ?? {};
    const head = {
      type: 'object',
      properties: { apiVersion: first, kind: second },
      required: ['apiVersion', 'kind'],
    } as const;
    applySchema(head, { apiVersion, kind }, '', findings);
    return undefined;
  }
  // The schema is what makes it so.
  return applySchema(configNode, tree, '', findings) as Partially<FileConfig> | undefined;
}

/** The files as far as the configuration names them. */
function nameFiles(config: Partially<FileConfig>, file: string): NamedFiles {
  const path = (text: string | undefined): string =>
    text === undefined || text === '' ? '' : resolve(dirname(resolve(file)), text);
  return {
    listen: {
      tls: { certFile: path(config.listen?.tls?.certFile), keyFile: path(config.listen?.tls?.keyFile) },
      clientCAFile: path(config.listen?.clientCAFile),
    },
    clusters: (config.clusters ?? []).map((cluster) => ({
      kubeconfig: path(cluster?.kubeconfig),
      context: cluster?.context ?? '',
      inCluster: cluster?.inCluster ?? false,
    })),
  };
}

function locate({ path, message, aim }: Finding, places: Places): ConfigError {
  return { ...places.find(path, aim), path: path.startsWith('#') ? '' : path, message };
}

/** The file's own before those of other origins, then by line and column; equal ones stay as they were found. */
function byPlace(file: string): (one: ConfigError, other: ConfigError) => number {
  return (one, other) =>
    Number(one.file !== file) - Number(other.file !== file) ||
    one.line - other.line ||
    one.column - other.column;
}
