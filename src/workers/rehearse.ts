// Finds what would keep every worker from starting before one is forked: the configuration is read, everything is built from it that takes no
// network and no listener, and thrown away.

import { createSecureContext } from 'node:tls';
import { createAdmission } from '../admission/admission.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import type { GateConfig } from '../config/config.ts';
import { buildGeneration, retireGeneration } from '../generation.ts';
import {
  type ConfigSource,
  ConfigurationRefused,
  problemsOf,
  readConfig,
  readMaterial,
  readWebhookMaterial,
} from '../reload.ts';
import { inwardContextOptions, secureContextOptions } from '../securecontext.ts';

/** Would verify nothing and fetches no keys: a rehearsal has no callers. */
const NOBODY: Authenticator = {
  authenticate: () => ({ kind: 'noOpinion' }),
  again: async () => ({ kind: 'noOpinion' }),
  objectionTo: () => undefined,
  assertionHeaders: new Set(),
  issuers: () => [],
  ready: async () => {},
  close: async () => {},
};

/** Reads and builds. @returns the configuration. @throws ConfigurationRefused, or what is wrong with the serving certificate. */
export async function rehearse(source: ConfigSource): Promise<GateConfig> {
  const { config } = readConfig(source);
  const generation = attempt(() =>
    buildGeneration(config, undefined, {
      env: source.env,
      createAuthenticator: () => NOBODY,
      observeAuthentication: () => {},
      admission: createAdmission({ limits: () => config.limits, onRefused: () => {} }),
    }),
  );
  await retireGeneration(generation, []);
  const material = attempt(() => readMaterial(config));
  createSecureContext(secureContextOptions(config.listen.tls, material));
  const { tokenWebhook } = config;
  if (tokenWebhook !== undefined) {
    createSecureContext(inwardContextOptions(attempt(() => readWebhookMaterial(tokenWebhook))));
  }
  return config;
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new ConfigurationRefused(problemsOf(error));
  }
}
