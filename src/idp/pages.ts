// The pages around a sign-in: the start page, what goes wrong, leaving, and the pages of a device (RFC 8628).

import { type Html, html } from './html.ts';
import { complaint, page } from './layout.ts';
import { PEOPLE } from './people.ts';
import { groupsText } from './signin.ts';

/** A form of oidc-provider's own: where it goes, and its proof against cross-site requests. */
export interface GuardedForm {
  readonly action: string;
  readonly xsrf: string;
}

/** What the start page tells. */
export interface StartFacts {
  readonly issuer: string;
  readonly clientId: string;
  readonly robotId: string;
  readonly robotSecret: string;
  readonly personGrant: string;
}

/** What this is, who the people are, where the endpoints are. */
export function startPage(facts: StartFacts): string {
  const { issuer, clientId, robotId, robotSecret, personGrant } = facts;
  return page(
    'A practice identity provider',
    html`<p>It speaks OpenID Connect as a company's would, and signs tokens that the demo's gate accepts. Its keys were made when it started and
end with it; nothing is written to disk.</p>
<h2>People</h2>
${PEOPLE.map(
  (
    person,
  ) => html`<div class="card"><strong>${person.name}</strong>, ${person.role}: <code>${person.email}</code><br>
<span class="small">${person.may} Groups: ${groupsText(person)}. Password: <code>${person.password}</code></span></div>
`,
)}<p><a href="/phone">Otto’s phone</a> shows the code of his second factor.</p>
<h2>A token for the terminal</h2>
<pre>TOKEN=$(curl -sS --fail-with-body --cacert ca.crt -X POST '${issuer}/terminal/erin')
TOKEN=$(curl -sS --fail-with-body --cacert ca.crt -X POST '${issuer}/terminal/otto?lifetime=20s&amp;second_factor=true')</pre>
<p>The same at the token endpoint, as JSON:</p>
<pre>curl --cacert ca.crt -d client_id=${clientId} -d grant_type=${personGrant} -d person=erin ${issuer}/token</pre>
<h2>Clients</h2>
<dl>
<dt><code>${clientId}</code></dt>
<dd>Public: authorization code with PKCE to http://127.0.0.1 or http://localhost at any port and path /, /callback or none; device code; refresh
tokens with the scope offline_access.</dd>
<dt><code>${robotId}</code></dt>
<dd>Confidential, secret <code>${robotSecret}</code>: client credentials.</dd>
</dl>
<h2>Endpoints</h2>
<ul>
<li><a href="/.well-known/openid-configuration">Discovery</a></li>
<li><a href="/jwks">Keys</a></li>
<li><a href="/device">Enter the code of a device</a></li>
<li><a href="/session/end">Sign out</a></li>
</ul>`,
  );
}

/** Something can't go on. */
export function errorPage(title: string, text: string): string {
  return page(
    title,
    html`<p class="error" role="alert">${text}</p><p><a href="/">What this place is</a></p>`,
  );
}

/** Where a person types the code that a device shows. */
export function userCodePage(
  form: GuardedForm,
  typed: string | undefined,
  error: string | undefined,
): string {
  return page(
    'Enter the code',
    html`${complaint(error)}<p>Type the code that your terminal shows.</p>
<form method="post" action="${form.action}">
${guard(form)}<label class="field" for="user_code">Code</label>
<input id="user_code" name="user_code" value="${typed ?? ''}" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus>
<p><button class="main">Go on</button></p>
</form>`,
  );
}

/** Is it the code of one's own device? `from` is where the device asked from. */
export function userCodeConfirmPage(
  form: GuardedForm,
  code: string,
  facts: { readonly client: string; readonly from: string },
): string {
  return page(
    'Is this your code?',
    html`<p class="code">${code}</p>
<p><strong>${facts.client}</strong> asked for it${facts.from !== '' && html` (${facts.from})`}. Go on only if you started that yourself and your
terminal shows this very code: whoever did gets a token in your name.</p>
<form method="post" action="${form.action}">
${guard(form)}<input type="hidden" name="user_code" value="${code}">
<input type="hidden" name="confirm" value="yes">
<p><button class="main">Yes, go on</button> <button name="abort" value="yes">No, refuse it</button></p>
</form>`,
  );
}

/** The device has its answer. */
export function deviceDonePage(client: string): string {
  return page(
    'You are signed in',
    html`<p><strong>${client}</strong> goes on by itself. You can close this page.</p>`,
  );
}

/** Really leave? */
export function signOutPage(form: GuardedForm): string {
  return page(
    'Sign out?',
    html`<p>Your session in this browser ends. Tokens that were given out last until they expire.</p>
<form method="post" action="${form.action}">
${guard(form)}<p><button class="main" name="logout" value="yes">Sign out</button> <button>Stay signed in</button></p>
</form>`,
  );
}

/** After signing out, or after staying. */
export function signedOutPage(stayed: boolean): string {
  return stayed
    ? page(
        'You are still signed in',
        html`<p>Nothing has changed, except that the program that asked has to ask you again.</p>`,
      )
    : page('You are signed out', html`<p>You can close this page.</p>`);
}

function guard({ xsrf }: GuardedForm): Html {
  return html`<input type="hidden" name="xsrf" value="${xsrf}">
`;
}
