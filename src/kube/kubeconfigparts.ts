// The parts of a kubeconfig: addresses, credentials and the files they lie in. Every problem is collected, none holds a credential.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseCertificates, parsePrivateKey } from './pem.ts';

/** Where an API server is. */
export interface ServerAddress {
  /** `https://host[:port]`, no trailing slash. */
  readonly origin: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** '' or `/prefix`, no trailing slash. */
  readonly basePath: string;
}

/** Stands where a problem was reported instead. */
export const NO_SERVER: ServerAddress = { origin: '', host: '', port: 0, basePath: '' };

/** A mapping of unknown values. */
export type Fields = Readonly<Record<string, unknown>>;

/** Collects what is wrong, and the files read on the way. */
export interface Reading {
  readonly directory: string;
  readonly errors: string[];
  readonly files: string[];
}

/** `server` must be https; kubectl's default port is 443 there. */
export function parseServer(value: string, label: string, { errors }: Reading): ServerAddress {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const problem = serverProblem(value, url);
  if (problem !== '' || !url) {
    errors.push(`${label} ${problem}`);
    return NO_SERVER;
  }
  return {
    origin: url.origin,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 443 : Number(url.port),
    basePath: url.pathname.replace(/\/+$/, ''),
  };
}

function serverProblem(value: string, url: URL | undefined): string {
  if (value === '') return 'is missing; write server: https://HOST:PORT';
  if (/^http:/i.test(value)) return 'is http://; Postern connects by https:// only';
  if (url?.protocol !== 'https:') return 'is not a URL of the form https://HOST:PORT';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password';
  return url.search !== '' || url.hash !== '' ? 'must not have a query or fragment' : '';
}

/** The contents of KEY-data, else of the file that KEY names; '' when there is neither. */
export function readContents(fields: Fields, key: string, label: string, reading: Reading): string {
  const data = text(fields, `${key}-data`).replace(/\s/g, '');
  if (data !== '') {
    if (/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return Buffer.from(data, 'base64').toString('utf8');
    reading.errors.push(`${label}: ${key}-data is not base64`);
    return '';
  }
  const file = text(fields, key);
  return file === '' ? '' : readFile(resolve(reading.directory, file), `${label} ${key}`, reading);
}

/** Reads a file and notes it as one to watch; '' after a problem. */
export function readFile(file: string, label: string, reading: Reading): string {
  if (!reading.files.includes(file)) reading.files.push(file);
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    // Somebody may have pasted the credential itself where its file belongs.
    const shown = /[\r\n]|-----BEGIN|\beyJ[\w-]{8}|[A-Za-z0-9+=]{80}/.test(file) ? '(a file)' : file;
    reading.errors.push(`${label} ${shown} cannot be read: ${errorCode(cause)}`);
    return '';
  }
}

/** Reports a bundle that does not parse; '' is fine. */
export function checkCertificates(pem: string, label: string, { errors }: Reading): void {
  if (pem === '') return;
  try {
    parseCertificates(pem);
  } catch (cause) {
    errors.push(`${label}: ${message(cause)}`);
  }
}

/** Reports a client certificate and key that are not a pair; both '' is fine. */
export function checkPair(certPem: string, keyPem: string, label: string, { errors }: Reading): void {
  if (certPem === '' && keyPem === '') return;
  if (certPem === '') return void errors.push(`${label} has a client-key without client-certificate`);
  if (keyPem === '') return void errors.push(`${label} has a client-certificate without client-key`);
  try {
    const [leaf] = parseCertificates(certPem);
    if (leaf && !leaf.checkPrivateKey(parsePrivateKey(keyPem))) {
      errors.push(`${label}: client-certificate and client-key do not belong together`);
    }
  } catch (cause) {
    errors.push(`${label}: client-certificate or client-key ${message(cause)}`);
  }
}

/** A text or number as text; '' for anything else. */
export function text(fields: Fields, key: string): string {
  const value = fields[key];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** Whether it is a mapping. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** ENOENT, EACCES, … */
export function errorCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'does not parse';
}
