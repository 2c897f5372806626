// Whether a 401 is about the gate's own credential. The status alone does not tell: what lies behind a `proxy` subresource, a kubelet, an
// aggregated API server, an admission webhook answers 401 as well, and all of these mean somebody else's credential. So the API server is asked
// itself, with the same credential, for something that only its own authentication can refuse with 401.

import { headerValue } from '../proxy/headers.ts';

/** What is asked for: small, served by every API server, and a 403 for who may not read it. */
export const CREDENTIAL_PATH = '/version';
/** What the log says of a request that met it. */
export const REFUSED = `the API server answers 401 to the gate's own GET ${CREDENTIAL_PATH}, too`;
/** The encodings in which kube-apiserver says it: apimachinery's runtime/serializer. */
const STATUS_TYPES = /^application\/(?:json|yaml|cbor|vnd\.kubernetes\.protobuf)\s*(?:;|$)/i;

/** So long an answer holds: one question a second, however many requests are answered 401. ms */
export const REMEMBERED_MS = 1_000;

/** Asks the API server for CREDENTIAL_PATH with the gate's own credential. @returns its status @throws when there was no answer */
export type TryCredential = () => Promise<number>;

/** Whether the API server refuses the gate's own credential now; false when that can't be told. Never rejects. */
export type IsRefused = () => Promise<boolean>;

/** What has to be asked about an answer before it is passed on; undefined where it passes at once. */
export function questionOf(
  isRefused: IsRefused | undefined,
  { status, lines }: { readonly status: number; readonly lines: readonly string[] },
): IsRefused | undefined {
  return status === 401 && mayMeanGate(lines) ? isRefused : undefined;
}

/**
 * Whether a 401 with these lines can be kube-apiserver's own at all (genericapifilters.Unauthorized): a Status, and no word on how to log in. Others are not
 * asked about: an application that wants to be logged in to answers many.
 */
function mayMeanGate(lines: readonly string[]): boolean {
  return (
    headerValue(lines, 'www-authenticate') === undefined &&
    STATUS_TYPES.test(headerValue(lines, 'content-type') ?? '')
  );
}

/** Makes it for one cluster. Those who ask at the same time share one question. `elapsed` gives ms that only grow. */
export function createCredentialCheck(
  tryCredential: TryCredential,
  elapsed: () => number = () => performance.now(),
): IsRefused {
  let latest: Promise<boolean> | undefined;
  let until = Number.POSITIVE_INFINITY;
  return () => {
    if (latest !== undefined && elapsed() < until) return latest;
    until = Number.POSITIVE_INFINITY;
    latest = tryCredential().then(
      (status) => status === 401,
      () => false,
    );
    void latest.then(() => {
      until = elapsed() + REMEMBERED_MS;
    });
    return latest;
  };
}
