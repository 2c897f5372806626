// The three people of the demo, and what their tokens say about them. Their groups are all that a cluster goes by.

/** Somebody who can sign in. */
export interface Person {
  /** The subject of the tokens. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** What she or he does, in a few words. */
  readonly role: string;
  /** What the demo's cluster lets them do, for the sign-in page. */
  readonly may: string;
  /** Groups of every token. */
  readonly groups: readonly string[];
  /** Groups that a token holds only when its login used the second factor; empty for people who have none. */
  readonly secondFactorGroups: readonly string[];
  /**
   * Fixed, and shown on the sign-in page: it is a demo on loopback, where whoever reaches the page may be anybody of the three. So a
   * tutorial can name it, and a browser that has kept it is right the next time too.
   */
  readonly password: string;
}

/** Authentication methods (RFC 8176) of a login. */
export type Methods = readonly string[];

/** A login by password. */
export const PASSWORD_METHODS: Methods = ['pwd'];
/** A login by password and a code from the phone. */
export const SECOND_FACTOR_METHODS: Methods = ['pwd', 'otp', 'mfa'];
/** Authentication context classes that the tokens name. */
export const PASSWORD_CLASS = 'urn:postern:demo:acr:password';
export const SECOND_FACTOR_CLASS = 'urn:postern:demo:acr:second-factor';

export const PEOPLE: readonly Person[] = [
  {
    id: 'erin',
    name: 'Erin',
    email: 'erin@example.com',
    role: 'engineer',
    may: 'Everything in the namespace default; in production she may only look.',
    groups: ['engineers'],
    secondFactorGroups: [],
    password: 'erin-demo',
  },
  {
    id: 'otto',
    name: 'Otto',
    email: 'otto@example.com',
    role: 'on-call engineer with a second factor',
    may: 'With the code from his phone he may change production too.',
    groups: ['engineers'],
    secondFactorGroups: ['oncall'],
    password: 'otto-demo',
  },
  {
    id: 'ada',
    name: 'Ada',
    email: 'ada@example.com',
    role: 'auditor',
    may: 'Sees everything but secrets, changes nothing, enters no container.',
    groups: ['auditors'],
    secondFactorGroups: [],
    password: 'ada-demo',
  },
];

/** The ids, for messages: `erin, otto, ada`. */
export const PEOPLE_IDS = PEOPLE.map(({ id }) => id).join(', ');

/** Finds a person by id. */
export function findPerson(id: string): Person | undefined {
  return PEOPLE.find((person) => person.id === id);
}

/** Whether a second factor is asked for. */
export function hasSecondFactor(person: Person): boolean {
  return person.secondFactorGroups.length > 0;
}

/** The authentication context class of a login. */
export function classOf(methods: Methods): string {
  return methods.includes('mfa') ? SECOND_FACTOR_CLASS : PASSWORD_CLASS;
}

/** Claims about a person after a login by `methods` (OpenID Connect Core §5.1; groups as Kubernetes' OIDC set-ups name them). */
export function claimsOf(
  person: Person,
  methods: Methods,
): { readonly sub: string } & Record<string, unknown> {
  const { id, name, email, groups, secondFactorGroups } = person;
  return {
    sub: id,
    name,
    preferred_username: id,
    email,
    email_verified: true,
    groups: methods.includes('mfa') ? [...groups, ...secondFactorGroups] : [...groups],
  };
}
