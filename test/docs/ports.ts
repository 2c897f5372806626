// Ports for programs that cannot say which one they were given.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** `count` ports of loopback that nobody listened on a moment ago. */
export async function freePorts(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((one) => once(one, 'listening')));
  const ports = servers.map((one) => String((one.address() as AddressInfo).port));
  for (const one of servers) one.close();
  return ports;
}

/** Whether somebody listens on a port of loopback. */
export async function isListening(port: string): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  socket.on('error', () => undefined);
  const isOpen = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}
