// What each class of attacks is: the rows of field-lessons.md §4 in our words, with the advisories that they come from. Rows of the page begin with these; tests name the number alone.

/** By its number there; every S of test/attack has one (test/unit/reliability.test.ts). */
export const ATTACK_NAMES: Readonly<Record<string, string>> = {
  S1: 'a second request behind an upgrade that was not granted (CVE-2018-1002105)',
  S3: 'redirects to elsewhere, in answer to requests and upgrades (CVE-2020-8559, CVE-2022-3172)',
  S4: '`Connection` lists that take out the identity headers (CVE-2021-31999, CVE-2022-23652, CVE-2026-33805)',
  S6: "a caller's own `Impersonate-*` lines (CVE-2021-36776)",
  S7: 'identity headers with underscores, spaces, folded lines, NUL (CVE-2025-64484)',
  S8: 'groups that only the cluster itself may give: system:masters, system:nodes, …',
  S9: 'user names, uids and extras of every shape: system: names, CR LF, look-alikes, two @ (CVE-2026-40574)',
  S9b: 'a mapping or a rule that fails, hangs or names nobody',
  S10: 'request smuggling: Content-Length against Transfer-Encoding, folded lines, bare LF, chunks, trailers (CVE-2022-32214, CVE-2022-35256)',
  S11: 'paths that two programs could read differently: dots, encodings, absolute form (CVE-2026-33494, CVE-2026-16117)',
  S12: 'algorithms and forms of tokens: none, HMAC with a public key, crit, JWE (CVE-2023-48223, CVE-2022-36083)',
  S13: 'keys that an issuer should not publish: no algorithm, short RSA, symmetric, one id twice',
  S14: 'key ids and URLs that a token brings: kid, jku, x5u, jwk, x5c',
  S14b: 'random key ids in numbers',
  S15: 'two credentials, two lines of one (GHSA-mp85-7mrq-r866)',
  S16: 'empty and missing credentials (CVE-2023-48312)',
  S17: 'tokens in a WebSocket subprotocol',
  S18: 'tokens for another audience, issuer, header or cluster',
  S18b: 'assertions of a load balancer: another signer, key paths, expiry in the header',
  S20: 'cluster confusion by host, server name and path (CVE-2026-44945)',
  S21: 'exec through other doors: proxy subresources, legacy paths, nodes/proxy',
  S22: 'SSRF by the proxy subresources (CVE-2022-3294)',
  S25: 'upgrades from a browser, of another origin and with cookies',
  S26: 'lines that rewrite method, path or user: X-HTTP-Method-Override, X-Original-URL, X-Remote-User',
  S27: 'spoofed forwarding headers and PROXY lines, assertions from an address that may not send them (CVE-2026-76835)',
  S28: 'ways around authentication by probe paths and User-Agent (CVE-2026-34457)',
  S29: 'canary tokens in every place a caller can put one, looked for in logs at trace level, metrics, audit and errors (CVE-2019-11250)',
  S30: 'forged lines in logs: line ends, escapes, a mebibyte of name',
  S31: 'sessions that outlive their identity: expiry, removed user, removed key, ended session (GHSA-9ghh-mmcq-8phc)',
  S35: 'slow and silent callers: TLS that never ends, slow headers, slow bodies, readers that do not read (CVE-2026-7776)',
  S37: 'oversize everything: lists, endless answers, bombs',
  S38: 'an API server with a wrong certificate: CA, name, time, TLS 1.1 (CVE-2026-107318)',
  S40: '`--as` with thousands of values',
};

/** The row's name on the page. Other classes are named by what they are. */
export function attackName(kind: string): string {
  const name = ATTACK_NAMES[kind];
  return name === undefined ? kind : `${kind}: ${name}`;
}
