// The reason that a person gives for a request. Stock kubectl can add neither header nor query, but every client takes a path in its server
// URL: `kubectl --server https://GATE/reason/INC-42 …`. So a request may begin with `/reason/TEXT`, behind the cluster's prefix; it ends
// here, and the rest goes on. No path of kube-apiserver begins so.

/** What a target says: its reason, '' for none, and the rest of it; or why it can't be read. */
export type TakenReason =
  | { readonly ok: true; readonly reason: string; readonly rest: string }
  | { readonly ok: false; readonly detail: string };

/** Longest reason. characters */
export const MAX_REASON_CHARS = 256;
const PREFIX = '/reason/';

/** Whether a target begins with a reason: nothing more is to be done for one that doesn't. */
export function hasReason(target: string): boolean {
  return target.startsWith(PREFIX);
}

/** Takes the reason off a raw target. Refused: an empty or long one, and what is not one line of plain text once decoded. */
export function takeReason(target: string): TakenReason {
  if (!hasReason(target)) return { ok: true, reason: '', rest: target };
  const end = target.slice(PREFIX.length).search(/[/?]/);
  const raw = end === -1 ? target.slice(PREFIX.length) : target.slice(PREFIX.length, PREFIX.length + end);
  const rest = target.slice(PREFIX.length + raw.length);
  const reason = decode(raw);
  if (reason === undefined)
    return { ok: false, detail: 'the reason holds a malformed escape or a control character' };
  if (hasReason(rest)) return { ok: false, detail: 'a reason is given twice' };
  if (reason === '') return { ok: false, detail: 'the reason is empty' };
  if (reason.length > MAX_REASON_CHARS)
    return { ok: false, detail: `the reason is longer than ${MAX_REASON_CHARS} characters` };
  return { ok: true, reason, rest: rest.startsWith('/') ? rest : `/${rest}` };
}

/** `+` is no space here: this is a path. */
function decode(raw: string): string | undefined {
  try {
    const text = decodeURIComponent(raw).trim();
    return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
