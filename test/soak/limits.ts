// What a gate under a soak admits: everything.

/**
 * For `limits` of its configuration. One person holds thousands here and is refused a lot, all from one address; and the census that counts the
 * gate's objects stops it for a while, which is not to be taken for overload.
 */
export const NO_LIMITS = {
  ...{ sessionsPerUser: 0, watchesPerUser: 0, requestsInFlightPerUser: 0 },
  ...{ unauthenticatedPerAddress: 0, eventLoopDelay: '0s' },
} as const;
