// exec and attach over WebSocket (protocol.md §1.6): a channel for each stream, all there from the start.

import type { SetTimer } from '../../delay.ts';
import { Channels } from './channels.ts';
import type { CommandConnection, WantedStreams } from './connection.ts';
import { acceptWebSocket, offeredProtocols, refuseUpgrade, type UpgradeRequest } from './negotiate.ts';

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const CHANNELS = 5;
const V5 = 'v5.channel.k8s.io';
/** What the API server translates (v5) and what the kubelet speaks itself; '' is a caller that offers none. */
const PROTOCOLS: readonly string[] = [
  V5,
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
  '',
];

/** Answers the handshake; undefined when it was refused. */
export async function openSocketCommand(
  upgrade: UpgradeRequest,
  wanted: WantedStreams,
  setTimer?: SetTimer,
): Promise<CommandConnection | undefined> {
  const protocol = chooseProtocol(offeredProtocols(upgrade));
  if (protocol === undefined) {
    const names = PROTOCOLS.filter((name) => name !== '').join(', ');
    refuseUpgrade(upgrade, { status: 403, text: `unable to upgrade: the server speaks ${names}` });
    return undefined;
  }
  const websocket = await acceptWebSocket(upgrade, protocol);
  if (websocket === undefined) return undefined;
  const format = { base64: protocol.includes('base64'), halfClose: protocol === V5 };
  const channels = new Channels(websocket, format, CHANNELS, setTimer);
  const writer = (name: 'stdout' | 'stderr') => (wanted[name] ? channels.writer(CHANNEL[name]) : undefined);
  const connection: CommandConnection = {
    stdin: wanted.stdin ? channels.reader(CHANNEL.stdin) : undefined,
    stdout: writer('stdout'),
    stderr: writer('stderr'),
    error: channels.writer(CHANNEL.error),
    resize: wanted.tty ? channels.reader(CHANNEL.resize) : undefined,
    asStatus: protocol.startsWith('v'),
    closed: channels.closed,
    finish: () => channels.finish(),
  };
  channels.announce(wanted.stdout ? CHANNEL.stdout : wanted.stderr ? CHANNEL.stderr : CHANNEL.error);
  return connection;
}

/** v5 wherever it stands in the list, else the caller's first that is known. */
function chooseProtocol(offered: readonly string[]): string | undefined {
  return offered.includes(V5) ? V5 : offered.find((protocol) => PROTOCOLS.includes(protocol));
}
