// One connection to a Redis, opened when it is needed and dropped at its first fault: trying again is the affair of whoever asks, and a new
// connection reads the password anew. TLS is verified. The client library is loaded only where a Redis is configured.

import { readFile } from 'node:fs/promises';
import type { RedisClientType } from '@redis/client';
import type { RedisConfig } from '../config/config.ts';
import { afterDelay } from '../delay.ts';
import { BoardRefusal } from './board.ts';

/** How long a connection, or an answer that is not waited for on purpose, may take. ms */
const ANSWER_MS = 10_000;

/** What is used of the library's client. */
export type Redis = Pick<
  RedisClientType,
  | 'set'
  | 'del'
  | 'zAdd'
  | 'zRem'
  | 'zRange'
  | 'zRemRangeByScore'
  | 'xAdd'
  | 'xDel'
  | 'xTrim'
  | 'xRead'
  | 'mGet'
>;

/** A connection to be. */
export interface RedisLink {
  /** Does something with the connection, within ANSWER_MS and `waitMs`. @throws BoardRefusal, or the connection's error */
  use<T>(act: (redis: Redis) => Promise<T>, waitMs?: number): Promise<T>;
  /** Ends the connection; what is under way rejects. */
  drop(): void;
}

/** Nothing is connected yet. */
export function createRedisLink(config: RedisConfig): RedisLink {
  let client: Promise<RedisClientType> | undefined;
  let ending = new AbortController();
  let password = '';
  const drop = () => {
    client?.catch(() => {});
    client = undefined;
    ending.abort();
    ending = new AbortController();
  };
  return {
    drop,
    async use(act, waitMs = 0) {
      const { signal } = ending;
      client ??= readPassword(config).then((read) => {
        password = read;
        return connect(config, read, signal);
      });
      const late = Promise.withResolvers<never>();
      const cancel = afterDelay(ANSWER_MS + waitMs, () =>
        late.reject(new BoardRefusal(`Redis at ${addressOf(config)} does not answer`)),
      );
      try {
        return await Promise.race([client.then(act), late.promise]);
      } catch (error) {
        drop();
        throw explained(error, config, password);
      } finally {
        cancel();
      }
    },
  };
}

/** Host, port and database, without a user. */
export function addressOf({ url }: Pick<RedisConfig, 'url'>): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}`;
}

async function readPassword({ passwordFile }: RedisConfig): Promise<string> {
  return passwordFile === '' ? '' : (await readFile(passwordFile, 'utf8')).trim();
}

/** `signal` ends it, whether it has come about or not. */
async function connect(config: RedisConfig, password: string, signal: AbortSignal): Promise<RedisClientType> {
  const { createClient } = await import('@redis/client');
  const url = new URL(config.url);
  const ca = config.caFile === '' ? undefined : await readFile(config.caFile, 'utf8');
  const common = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || '6379'),
    connectTimeout: ANSWER_MS,
    reconnectStrategy: false as const,
  };
  const secured = {
    ...common,
    tls: true as const,
    // Said, or NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would say it.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2' as const,
    ...(ca === undefined ? {} : { ca }),
    // An address has no place in SNI, and is verified all the same.
    ...(/^[\d.]+$|:/.test(common.host) ? {} : { servername: common.host }),
  };
  const client = createClient({
    socket: url.protocol === 'rediss:' ? secured : common,
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(password === '' ? {} : { password }),
    ...(/\d/.test(url.pathname) ? { database: Number(url.pathname.slice(1)) } : {}),
    name: 'postern',
    maintNotifications: 'disabled',
    // CLIENT SETINFO, which is of Redis 7.2 and would need a right of its own.
    disableClientInfo: true,
  }) as RedisClientType;
  // Told by what was asked; without a listener it would end the process.
  client.on('error', () => {});
  signal.throwIfAborted();
  // One that takes the connection and does not greet would keep it for ever: connectTimeout is for TCP and TLS alone.
  signal.addEventListener('abort', () => {
    if (client.isOpen) client.destroy();
  });
  await client.connect();
  return client;
}

const NEXT_STEPS: readonly (readonly [RegExp, string])[] = [
  [/^(WRONGPASS|NOAUTH)/, 'see passwordFile, and the user in the URL'],
  [/^NOPERM/, 'its ACL has to allow the keys postern:sessions:* (docs/how-to/sessions.md)'],
];

function explained(error: unknown, config: RedisConfig, password: string): Error {
  if (error instanceof BoardRefusal) return error;
  const thrown = error instanceof Error ? error : new Error(String(error));
  // A Redis before 6, and whatever else may listen there, repeats the words of a command that it does not know: HELLO's hold the password.
  const repeats = password !== '' && thrown.message.includes(password);
  const message = repeats ? thrown.message.replaceAll(password, '(the password)') : thrown.message;
  const step = NEXT_STEPS.find(([pattern]) => pattern.test(message))?.[1];
  const next = step === undefined ? '' : `: ${step}`;
  return Object.assign(new BoardRefusal(`Redis at ${addressOf(config)}: ${message}${next}`), {
    cause: repeats ? undefined : thrown,
  });
}
