// The four presets together in one configuration, and the vendors whose tokens they take. The address of the peer decides, as in the gate.

import type { Test } from 'tap';
import { createAuthenticator } from '../../src/authn/authenticator.ts';
import { loadConfig } from '../../src/config/load.ts';
import { compileTrusted } from '../../src/trusted.ts';
import { makeTime } from '../fakes/time.ts';
import { type Changes, ENTRIES, makeVendors, type Vendor } from '../fakes/vendors.ts';
import { BASE } from '../unit/config/base.ts';

export const PROXY = '10.0.0.7';
export const STRANGER = '198.51.100.7';

export function openPresets(t: Test, entries: readonly object[] = Object.values(ENTRIES)) {
  const jwt = JSON.stringify(entries);
  const text = BASE.replace(
    /authentication:\n[\s\S]*?(?=sessions:)/,
    () => `authentication: {jwt: ${jwt}}\n`,
  );
  const loaded = loadConfig({ file: 'gate.yaml', text, files: false, env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  const time = makeTime();
  const vendors = makeVendors(time.clock.now);
  const authenticator = createAuthenticator(loaded.config.authentication, {
    ...time,
    random: () => 0,
    fetcher: vendors.fetcher,
  });
  t.teardown(() => authenticator.close());
  const isTrusted = compileTrusted(loaded.config.listen.trustedProxies);
  const ask = async (rawHeaders: readonly string[], peerAddress = PROXY) => {
    const peerTrusted = isTrusted(peerAddress);
    return await authenticator.authenticate({ rawHeaders, isWebSocket: false, peerTrusted, peerAddress });
  };
  return {
    ask,
    vendors,
    time,
    authenticator,
    bring: (vendor: Vendor, changes?: Changes) => [vendor.header, vendor.sign(changes)],
  };
}
