// Reads from a request which upgrade it asks for, as the API server's upgrade-aware handler does.

/** The protocols that Postern tunnels; everything else is not an upgrade for us. */
export type UpgradeProtocol = 'spdy' | 'websocket' | '';

/** `Connection` has the token upgrade, and `Upgrade` names SPDY/3.1 or websocket. Header names are compared in any case. */
export function requestedUpgrade(rawHeaders: readonly string[]): UpgradeProtocol {
  let connection = false;
  let protocol: UpgradeProtocol = '';
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase();
    if (name === 'connection') connection ||= (rawHeaders[i + 1] ?? '').toLowerCase().includes('upgrade');
    else if (name === 'upgrade' && protocol === '') protocol = protocolOf(rawHeaders[i + 1] ?? '');
  }
  return connection ? protocol : '';
}

/** Whether the API server's 101 is for what was asked. */
export function sameProtocol(asked: UpgradeProtocol, answered: string | undefined): boolean {
  return asked !== '' && answered !== undefined && protocolOf(answered) === asked;
}

function protocolOf(value: string): UpgradeProtocol {
  const lower = value.trim().toLowerCase();
  if (lower === 'websocket') return 'websocket';
  return lower.split(',').some((one) => one.trim() === 'spdy/3.1') ? 'spdy' : '';
}
