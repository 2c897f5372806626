// The one place that loads oidc-provider, and only when an identity provider starts: the package is optional and slow to load (about 0.1 s).

import type { Provider as ProviderType } from 'oidc-provider';

/** oidc-provider's Provider. */
export type Provider = ProviderType;
/** The context of a request to it, as its middleware gets it. */
export type Context = Parameters<Parameters<Provider['use']>[0]>[0];

/**
 * The package's main module does nothing but hand on these two, after a warning on the console for each Node that is not (yet) a long term
 * release. The demo says nothing that nobody can act upon. Not literals: the package has no types for them.
 */
const PROVIDER_MODULE: string = 'oidc-provider/lib/provider.js';
const ERRORS_MODULE: string = 'oidc-provider/lib/helpers/errors.js';

/** What is used of the package. */
export type Library = Pick<typeof import('oidc-provider'), 'Provider' | 'errors'>;

/** Loads the package. @throws when it is not installed. */
export async function loadLibrary(): Promise<Library> {
  const [provider, errors] = await Promise.all([import(PROVIDER_MODULE), import(ERRORS_MODULE)]);
  return { Provider: provider.Provider, errors };
}
