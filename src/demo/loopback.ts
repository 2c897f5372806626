// Where the demo may listen: this machine only. Its people sign in with passwords that are printed, and its cluster is practice.

import { isIP } from 'node:net';

/** Why an address was refused, for the person who gave it. */
export function refuseAddress(address: string): string | undefined {
  if (address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.')))
    return undefined;
  return (
    `the demo listens on loopback only (127.0.0.1, ::1, localhost), not on ${JSON.stringify(address)}: its people sign in with passwords ` +
    'that it prints. To let others in, run "postern serve" with your own identity provider; docs/tutorial/demo.md shows its configuration.'
  );
}
