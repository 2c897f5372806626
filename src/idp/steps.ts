// The steps of a sign-in in the browser: who and password, then the code for whoever has a second factor. oidc-provider calls it an
// interaction; its cookie, bound to the very path of the interaction, says whose it is.

import { LRUCache } from 'lru-cache';
import type { Interaction, InteractionResults } from 'oidc-provider';
import { readForm } from './form.ts';
import type { Context, Provider } from './library.ts';
import {
  classOf,
  findPerson,
  hasSecondFactor,
  type Methods,
  PASSWORD_METHODS,
  type Person,
  SECOND_FACTOR_METHODS,
} from './people.ts';
import type { Phone } from './phone.ts';
import { codePage, continuePage, signInPage } from './signin.ts';

/** Wrong passwords and codes before the program that asked is told that it is over. */
const MAX_TRIES = 3;
const MAX_STEPS = 1000;

/** What is remembered of an interaction between its pages. */
interface Progress {
  readonly tries: number;
  /** Whose password was right. */
  readonly person?: Person;
  /** Somebody else than the session's person wants to sign in. */
  readonly another?: boolean;
}

/** What the steps need, and whom they tell. */
export interface StepsDeps {
  readonly provider: Provider;
  readonly phone: Phone;
  readonly onSignIn: (person: Person, methods: Methods) => void;
  readonly onRefusal: (reason: string) => void;
}

interface Visit {
  readonly ctx: Context;
  readonly interaction: Interaction;
  readonly progress: Progress;
  readonly client: string;
}

/** Answers GET and POST of an interaction's page. */
export type Steps = (ctx: Context, uid: string) => Promise<void>;

/** Makes the steps. */
export function createSteps(deps: StepsDeps): Steps {
  const progresses = new LRUCache<string, Progress>({ max: MAX_STEPS });
  return async (ctx, uid) => {
    const interaction = await deps.provider.interactionDetails(ctx.req, ctx.res);
    // The cookie counts; a page of another interaction would say one thing and do another.
    if (interaction.uid !== uid) return ctx.throw(400, 'this page belongs to another sign-in');
    const visit: Visit = {
      ctx,
      interaction,
      progress: progresses.get(uid) ?? { tries: 0 },
      client: await nameClient(deps.provider, interaction),
    };
    if (ctx.method !== 'POST') return show(visit);
    const next = await take(deps, visit, await readForm(ctx));
    if (next === undefined) progresses.delete(uid);
    else progresses.set(uid, next);
  };
}

async function nameClient(provider: Provider, { params }: Interaction): Promise<string> {
  const id = String(params['client_id']);
  return (await provider.Client.find(id))?.clientName ?? id;
}

function show({ ctx, interaction, progress, client }: Visit, error?: string): void {
  const known = interaction.prompt.name === 'consent' && !progress.another && sessionPerson(interaction);
  ctx.type = 'html';
  // A form that is shown again says that something was wrong with it.
  ctx.status = error === undefined ? 200 : 400;
  if (progress.person !== undefined) ctx.body = codePage(progress.person, error);
  else if (known) ctx.body = continuePage(known, client);
  else ctx.body = signInPage({ client, chosen: chosenPerson(interaction, ctx), error });
}

function sessionPerson({ session }: Interaction): Person | undefined {
  return session && findPerson(session.accountId);
}

/** Who is chosen when the page comes: who was tried, or whom the client hinted at. */
function chosenPerson({ params }: Interaction, ctx: Context): string | undefined {
  const hint = ctx.state['person'] ?? params['login_hint'];
  return typeof hint === 'string' ? hint.replace(/@example\.com$/, '') : undefined;
}

/** Takes a form. @returns how far the sign-in is now; undefined when it is over. */
async function take(deps: StepsDeps, visit: Visit, form: URLSearchParams): Promise<Progress | undefined> {
  const { interaction, progress } = visit;
  switch (form.get('step')) {
    case 'password':
      return takePassword(deps, visit, form);
    case 'code':
      return takeCode(deps, visit, form.get('code') ?? '');
    case 'skip':
      if (progress.person !== undefined) return finish(deps, visit, progress.person, PASSWORD_METHODS);
      break;
    case 'continue': {
      const person = sessionPerson(interaction);
      if (person !== undefined && interaction.prompt.name === 'consent') return consent(deps, visit, person);
      break;
    }
    case 'another':
      return turn(visit, { tries: progress.tries, another: true });
    case 'cancel':
      return refuse(deps, visit, 'the person cancelled the sign-in');
  }
  return turn(visit, progress, 'This page was out of date. Go on from here.');
}

async function takePassword(
  deps: StepsDeps,
  visit: Visit,
  form: URLSearchParams,
): Promise<Progress | undefined> {
  const person = findPerson(form.get('person') ?? '');
  visit.ctx.state['person'] = person?.id;
  // Passwords that stand on the page need no comparison in constant time.
  if (person === undefined || form.get('password') !== person.password)
    return miss(deps, visit, person === undefined ? 'Choose who you are.' : 'The password is wrong.');
  if (!hasSecondFactor(person)) return finish(deps, visit, person, PASSWORD_METHODS);
  return turn(visit, { ...visit.progress, person });
}

function takeCode(deps: StepsDeps, visit: Visit, code: string): Promise<Progress | undefined> {
  const { person } = visit.progress;
  if (person === undefined) return Promise.resolve(turn(visit, visit.progress, 'First your password.'));
  if (!deps.phone.check(code)) return miss(deps, visit, 'The code is wrong, or no longer good.');
  return finish(deps, visit, person, SECOND_FACTOR_METHODS);
}

async function miss(deps: StepsDeps, visit: Visit, error: string): Promise<Progress | undefined> {
  const tries = visit.progress.tries + 1;
  if (tries >= MAX_TRIES) return refuse(deps, visit, `${MAX_TRIES} wrong attempts: start again`);
  return turn(visit, { ...visit.progress, tries }, error);
}

/** Shows the next page. */
function turn(visit: Visit, progress: Progress, error?: string): Progress {
  show({ ...visit, progress }, error);
  return progress;
}

async function finish(deps: StepsDeps, visit: Visit, person: Person, methods: Methods): Promise<undefined> {
  await leaveOther(deps.provider, visit.interaction, person);
  deps.onSignIn(person, methods);
  const login = { accountId: person.id, amr: [...methods], acr: classOf(methods), remember: false };
  return conclude(deps, visit, { login, consent: await grantAll(deps.provider, visit.interaction, person) });
}

async function consent(deps: StepsDeps, visit: Visit, person: Person): Promise<undefined> {
  return conclude(deps, visit, { consent: await grantAll(deps.provider, visit.interaction, person) });
}

async function refuse(deps: StepsDeps, visit: Visit, reason: string): Promise<undefined> {
  deps.onRefusal(reason);
  return conclude(deps, visit, { error: 'access_denied', error_description: reason });
}

/** The one client that people have is this project's own: it gets what it asks for. */
async function grantAll(
  provider: Provider,
  { params }: Interaction,
  { id }: Person,
): Promise<{ grantId: string }> {
  const grant = new provider.Grant({ accountId: id, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope'] ?? ''));
  return { grantId: await grant.save() };
}

/** Ends the session of somebody else; oidc-provider would do it by way of a page that submits itself by script. */
async function leaveOther(provider: Provider, interaction: Interaction, person: Person): Promise<void> {
  const { session } = interaction;
  if (session === undefined || session.accountId === person.id) return;
  await (await provider.Session.findByUid(session.uid))?.destroy();
  interaction.session = undefined;
  await interaction.persist();
}

async function conclude(
  { provider }: StepsDeps,
  { ctx }: Visit,
  result: InteractionResults,
): Promise<undefined> {
  ctx.redirect(
    await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: false }),
  );
  ctx.status = 303;
}
