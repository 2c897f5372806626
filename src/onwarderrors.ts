// The rows of the error table about identity on its way to the cluster: `kubectl --as`, and what the modes of clusters[].identity can't carry.
// errortable.ts has the meaning of the fields and takes these rows in.

/** Rows of the table. */
export const ONWARD_ERRORS = {
  IMPERSONATION_REFUSED: {
    status: 403,
    text:
      'This gate lets nobody impersonate at this cluster, and the request carries the header {header|Impersonate-User}. ' +
      'Run the command without --as, --as-group and --as-uid (and without "as" in the kubeconfig), under your own name.',
    when: 'The caller sent a header that begins with `Impersonate-`, and the cluster has `impersonation: Refuse`. Nothing is dropped silently: the command would run as somebody else than asked for.',
    solve:
      'Leave out `--as…`, or let the cluster decide: `impersonation: Check` ([how](../how-to/impersonation.md)).',
  },
  IMPERSONATION_MALFORMED: {
    status: 400,
    text: 'The request asks to impersonate in a way that cannot be carried out exactly: {detail|its Impersonate headers cannot be read}.',
    when: 'Groups, uid or extras without `Impersonate-User`, a user or uid twice, an empty value, a value that is not UTF-8, an extra key that is not lower-case or is reserved, or a header of that kind that Kubernetes does not have.',
    solve:
      'Send the headers as kubectl and client-go do: `--as USER`, with `--as-group`, `--as-uid` beside it.',
  },
  IMPERSONATION_TOO_MANY: {
    status: 431,
    text: 'The request asks to impersonate {detail|too many values}. Each of them is a question to the cluster: ask for fewer groups and extras.',
    when: 'More than 32 users, groups, uids and extra values in the `Impersonate-*` headers together.',
    solve: 'Name only the groups that the test needs.',
  },
  IMPERSONATION_FORBIDDEN: {
    status: 403,
    text: '{message|users is forbidden: you may not impersonate here}',
    when: 'The cluster said no to one of the SubjectAccessReviews for `kubectl --as`. The text has the API server’s own words.',
    solve:
      'Give the caller the verb `impersonate` on what the text names, in the RBAC of the cluster, or leave out `--as…`.',
  },
  IMPERSONATION_UNCHECKED: {
    status: 503,
    text: 'Postern could not ask the cluster whether you may impersonate. The request was not carried out; try again in a moment. Without --as it does not depend on that.',
    when: 'A SubjectAccessReview for `kubectl --as` was not answered within 5 seconds, or not with a review; or very many requests of one user wait for such answers.',
    solve: 'The log has the cause. Look at the API server, its authorization webhook and the way there.',
  },
  IMPERSONATION_GATE_RIGHTS: {
    status: 502,
    text: 'Postern’s own account may not ask the cluster whether you may impersonate. The request was not carried out; tell the administrator of this gate. Without --as it does not depend on that.',
    when: 'The API server forbids the gate’s account to create `subjectaccessreviews`.',
    solve:
      'Give the account that right ([rules](../how-to/gate-account.md)), or write `impersonation: Refuse` for the cluster.',
  },
  IDENTITY_UNCARRIABLE: {
    status: 403,
    text: 'Your credential is good, but no header can carry the identity that it gives to the cluster unchanged. Logging in again does not change that; ask the administrator of this gate.',
    when: 'A name, group, uid or extra of the identity is blank, has white space at its ends or control characters, or an extra key is not lower-case.',
    solve: 'The log says which part. Correct it at the identity provider, or map it otherwise.',
  },
  PASSTHROUGH_NEEDS_BEARER: {
    status: 403,
    text: 'This cluster takes nothing but the caller’s own bearer token, and you were recognised by another credential, which cannot go on. Send a token as "Authorization: Bearer".',
    when: 'The cluster has `identity: Passthrough`, and the caller came by the assertion header of a proxy in front or a client certificate.',
    solve: 'Log in with a token that the API server accepts too, or use another `identity` for this cluster.',
  },
} as const;
