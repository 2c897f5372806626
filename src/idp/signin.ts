// The pages of a sign-in: person and password, the code from the phone, going on as the person of an earlier sign-in; and the phone itself.

import { type Html, html } from './html.ts';
import { complaint, page } from './layout.ts';
import { PEOPLE, type Person } from './people.ts';

/** What the sign-in page shows. */
export interface SignInFacts {
  /** The client that asked, as the person knows it. */
  readonly client: string;
  /** Id of the person who is chosen already. */
  readonly chosen?: string | undefined;
  readonly error?: string | undefined;
}

const CANCEL = html`<button name="step" value="cancel" formnovalidate>Cancel</button>`;

/** Person and password. */
export function signInPage({ client, chosen, error }: SignInFacts): string {
  return page(
    'Sign in',
    html`${complaint(error)}<p>for <strong>${client}</strong></p>
<form method="post">
<fieldset>
<legend>Who are you?</legend>
${PEOPLE.map((person) => choice(person, person.id === chosen))}
</fieldset>
<label class="field" for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="off" required>
<p><button class="main" name="step" value="password">Sign in</button> ${CANCEL}</p>
</form>`,
  );
}

function choice(person: Person, chosen: boolean): Html {
  return html`<label class="card"><input type="radio" name="person" value="${person.id}" required${chosen && html` checked`}>
<strong>${person.name}</strong>, ${person.role}<br>
<span class="small">${person.may} Groups: ${groupsText(person)}. Password: <code>${person.password}</code></span></label>
`;
}

/** `engineers; with the second factor also oncall`. */
export function groupsText({ groups, secondFactorGroups }: Person): string {
  const always = groups.join(', ');
  return secondFactorGroups.length === 0
    ? always
    : `${always}; with the second factor also ${secondFactorGroups.join(', ')}`;
}

/** The code, or the way in without it. */
export function codePage(person: Person, error?: string): string {
  return page(
    'Second factor',
    html`${complaint(error)}<p>${person.name}, your password is right. Type the six digits that your phone shows
(<a href="/phone" target="_blank" rel="noopener">look at the phone</a>, in a new tab).</p>
<form method="post">
<label class="field" for="code">Code</label>
<input id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]*" required autofocus>
<p><button class="main" name="step" value="code">Check the code</button>
<button name="step" value="skip" formnovalidate>Go on without it, as ${person.groups.join(', ')} only</button> ${CANCEL}</p>
</form>`,
  );
}

/**
 * Going on as somebody who signed in earlier. The one time that is asked: a native client can't prove who it is, so the person has to see that
 * something wants a token (RFC 8252 §8.6). Right after a sign-in nothing more is asked, for the client is this project's own.
 */
export function continuePage(person: Person, client: string): string {
  return page(
    `Go on as ${person.name}?`,
    html`<p><strong>${client}</strong> asks who you are. In this browser you are signed in as ${person.name}, ${person.role}.</p>
<form method="post">
<p><button class="main" name="step" value="continue">Go on as ${person.name}</button>
<button name="step" value="another">Sign in as somebody else</button> ${CANCEL}</p>
</form>`,
  );
}

/** The phone's screen, which loads itself again with each new code. */
export function phonePage(owner: Person, code: string, secondsLeft: number): string {
  return page(
    `${owner.name}’s phone`,
    html`<p>In real life only ${owner.name} could see this.</p>
<p class="code">${`${code.slice(0, 3)} ${code.slice(3)}`}</p>
<p>A new code in ${secondsLeft} s.</p>`,
    { refreshS: secondsLeft },
  );
}
