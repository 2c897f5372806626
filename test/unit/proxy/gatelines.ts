// What a gate says of itself and its caller in tests of header lines, and the lines that this becomes.

import type { UpstreamLines } from '../../../src/proxy/headers.ts';

export const GATE = {
  assertionHeaders: new Set(['cf-access-jwt-assertion']),
  host: '10.0.0.1:6443',
  identity: ['Impersonate-User', 'alice', 'Impersonate-Group', 'a', 'Impersonate-Group', 'b'],
  credential: ['Authorization', 'Bearer own'],
  auditID: 'id-1',
  peerAddress: '192.0.2.1',
  isWebSocket: false,
} satisfies Partial<UpstreamLines>;
export const OURS = [
  ...['Host', GATE.host, ...GATE.credential, ...GATE.identity],
  ...['Audit-ID', GATE.auditID, 'X-Forwarded-For', GATE.peerAddress],
];
