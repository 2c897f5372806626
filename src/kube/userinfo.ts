// Who is calling, in Kubernetes' own words: the four fields of authentication.k8s.io/v1 UserInfo. A UserInfo is frozen when it is
// made: it is shared between concurrent requests by the token cache, and nothing may alter an identity after it was verified.

/** A verified identity (authentication.k8s.io/v1 UserInfo). Every field is present; absent facts are '' or empty. */
export interface UserInfo {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Makes a frozen UserInfo; every list is copied, so that the caller's arrays may change afterwards. */
export function freezeUserInfo(user: {
  username: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}): UserInfo {
  // Not by assignment: a key may be __proto__.
  const extra = Object.fromEntries(
    Object.entries(user.extra ?? {}).map(([key, values]) => [key, Object.freeze([...values])]),
  );
  return Object.freeze({
    username: user.username,
    uid: user.uid ?? '',
    groups: Object.freeze([...(user.groups ?? [])]),
    extra: Object.freeze(extra),
  });
}
