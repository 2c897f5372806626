// Otto's phone: the second factor of the demo, a time-based one-time password (RFC 6238, six digits, 30 s). A code may be used again while it
// lasts, against §5.2: who plays with the demo signs in more often than twice a minute.

import type { TOTP } from 'otpauth';

const PERIOD_S = 30;
/** Steps before and after the present one whose codes are taken too: a clock is seldom exact, a person seldom fast. */
const WINDOW = 1;
/** RFC 4226 §4 R6 recommends 160 bits. */
const SECRET_BYTES = 20;

/** Shows codes and checks them. */
export interface Phone {
  /** The code that its screen shows now. */
  readonly code: () => string;
  /** Seconds until the next code: 1 to 30. */
  readonly secondsLeft: () => number;
  /** Whether `code` is right; spaces in it do not count. */
  readonly check: (code: string) => boolean;
}

export interface PhoneDeps {
  /** ms since the epoch. */
  readonly now: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** Makes a phone with a secret of its own. */
export async function createPhone({ now, randomBytes }: PhoneDeps): Promise<Phone> {
  const otpauth = await import('otpauth');
  const secret = new otpauth.Secret({ buffer: Uint8Array.from(randomBytes(SECRET_BYTES)).buffer });
  const totp: TOTP = new otpauth.TOTP({ secret, period: PERIOD_S, digits: 6 });
  return {
    code: () => totp.generate({ timestamp: now() }),
    secondsLeft: () => PERIOD_S - (Math.floor(now() / 1000) % PERIOD_S),
    check: (code) => {
      const digits = code.replaceAll(/\s/g, '');
      return (
        /^\d{6}$/.test(digits) && totp.validate({ token: digits, timestamp: now(), window: WINDOW }) !== null
      );
    },
  };
}
