// `openssl s_client` as a caller that offers exactly what a test says: old versions, odd suites, no extensions. The machine's configuration is
// left out, or Debian's would forbid what is to be tried.

import { spawn } from 'node:child_process';
import { read } from '../fakes/sessions.ts';

/** How a handshake went. */
export interface Handshake {
  /** OpenSSL's name; '' when there was no handshake. */
  readonly suite: string;
  /** The number of the alert that the server sent (RFC 8446 §6); 0 for none. */
  readonly alert: number;
  /** Everything that was printed. */
  readonly text: string;
}

/** Alerts of RFC 8446 §6 and RFC 7301 §3.2 that a server refuses with. */
export const ALERT = { handshakeFailure: 40, protocolVersion: 70, noApplicationProtocol: 120 } as const;

/** A client that takes anything: old versions and weak suites are its own wish. */
export const LENIENT = '@SECLEVEL=0';

/** Shakes hands with the listener on a port of 127.0.0.1 and ends; `more` are options of s_client. */
export async function shakeHands(port: number, more: readonly string[]): Promise<Handshake> {
  const text = await typeInto(port, more, '');
  const suite = /^New, .*Cipher is (\S+)$/m.exec(text)?.[1] ?? '';
  return {
    suite: suite === '(NONE)' ? '' : suite,
    alert: Number(/SSL alert number (\d+)/.exec(text)?.[1] ?? 0),
    text,
  };
}

/** Shakes hands, asks for something and reads to the end, so that tickets have come, too. @returns what was printed */
export function askOver(port: number, more: readonly string[]): Promise<string> {
  return typeInto(
    port,
    ['-ign_eof', ...more],
    'GET /version HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n',
  );
}

/** Runs s_client with `typed` as its input. @returns what was printed, once it has ended */
export async function typeInto(port: number, more: readonly string[], typed: string): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...more], {
    env: { PATH: process.env['PATH'] ?? '', OPENSSL_CONF: '/dev/null' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  const [out, err] = [read(child.stdout), read(child.stderr)];
  child.stdin.end(typed);
  await Promise.all([out.ended, err.ended]);
  return out.text() + err.text();
}
