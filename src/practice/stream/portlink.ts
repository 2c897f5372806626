// A port of the pod, as port-forward asks for it.

import type { Duplex } from 'node:stream';

/** A decimal port, 1 to 65535. */
export function parsePort(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** A connection to the port, or what the kubelet would say. */
export function connectedPort(
  port: number,
  connect: (port: number) => Duplex | undefined,
):
  | { readonly connection: Duplex; readonly failure?: never }
  | { readonly connection?: never; readonly failure: string } {
  let why = 'connection refused';
  try {
    const connection = connect(port);
    if (connection !== undefined) return { connection };
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  return {
    failure: `error forwarding port ${port} to pod: failed to connect to localhost:${port} inside the pod: ${why}`,
  };
}
