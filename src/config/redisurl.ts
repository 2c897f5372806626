// The address of a Redis as configuration and command line write it: the URL of the IANA schemes `redis` and `rediss`, without a password,
// which belongs into a file.

import { quote } from './quote.ts';

const ALLOWED = 'expected rediss://HOST:PORT, as in "rediss://redis.example.com:6379/0"';
const DATABASE = /^\/?(\d{1,5})?$/;

/** What is wrong with the URL of a Redis and what is allowed; '' when nothing is. Never repeats a password. */
export function checkRedisURL(text: string): string {
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return ALLOWED;
  const url = new URL(text);
  if (url.protocol !== 'rediss:' && url.protocol !== 'redis:')
    return `${ALLOWED}: the scheme must be rediss or redis, found ${quote(url.protocol.slice(0, -1))}`;
  if (url.password !== '' || text.includes('@:'))
    return 'must not contain a password: put it into passwordFile';
  if (url.hostname === '') return ALLOWED;
  if (!DATABASE.test(url.pathname)) return `${ALLOWED}: the path is the number of a database`;
  return url.search !== '' || url.hash !== '' ? `${ALLOWED}: without query and fragment` : '';
}
