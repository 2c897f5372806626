// Gives oidc-provider our pages instead of its own. Its ready-made forms are not used, for they have neither labels nor our style: only the
// secret in them, which guards them against cross-site requests.

import type { Client, ErrorOut, KoaContextWithOIDC } from 'oidc-provider';
import {
  deviceDonePage,
  errorPage,
  type GuardedForm,
  signedOutPage,
  signOutPage,
  userCodeConfirmPage,
  userCodePage,
} from './pages.ts';

type Ctx = KoaContextWithOIDC;

/** Asks for the code of a device. */
export function renderUserCode(ctx: Ctx, _form: string, out?: ErrorOut, error?: Error): void {
  // A link with the code in it (RFC 8628 §3.3.1) came this way: see keepUserCode in routes.ts.
  const { userCode = ctx.state['userCode'] } = (error ?? {}) as { userCode?: unknown };
  const typed = typeof userCode === 'string' ? userCode : undefined;
  show(ctx, userCodePage(formOf(ctx, 'code_verification'), typed, out && userCodeError(error, out)));
}

function userCodeError(error: Error | undefined, out: ErrorOut): string {
  switch (error?.name) {
    case 'NoCodeError':
      return 'Type a code.';
    case 'NotFoundError':
      return 'There is no such code. Compare it with your terminal.';
    case 'ExpiredError':
      return 'This code has expired. Start again in your terminal.';
    case 'AlreadyUsedError':
      return 'This code was used already. Start again in your terminal.';
    case 'AbortedError':
      return 'Refused. The terminal that asked gets nothing.';
    default:
      return out.error_description ?? out.error;
  }
}

/** Asks whether the code is one's own device's. */
export function renderConfirm(
  ...[ctx, , client, device, code]: [Ctx, string, Client, Readonly<Record<string, unknown>>, string]
): void {
  const from = typeof device['agent'] === 'string' ? device['agent'] : '';
  show(
    ctx,
    userCodeConfirmPage(formOf(ctx, 'code_verification'), code, { client: clientName(client), from }),
  );
}

/** The device has what it wanted. */
export function renderDone(ctx: Ctx): void {
  show(ctx, deviceDonePage(clientName(ctx.oidc.client)));
}

/** Asks whether to sign out. */
export function renderSignOut(ctx: Ctx): void {
  show(ctx, signOutPage(formOf(ctx, 'end_session_confirm')));
}

/** After that; a client in the address means that the person stayed. */
export function renderSignedOut(ctx: Ctx): void {
  show(ctx, signedOutPage(ctx.oidc.client !== undefined));
}

/** Tells what can't go on. */
export function renderError(ctx: Ctx, { error, error_description: text }: ErrorOut): void {
  show(ctx, errorPage('This does not work', text === undefined ? error : `${text} (${error})`));
}

function formOf(ctx: Ctx, route: string): GuardedForm {
  const xsrf = ctx.oidc.session?.state?.['secret'];
  // oidc-provider makes it before it asks for any of these pages.
  if (typeof xsrf !== 'string') throw new TypeError('a form without a secret');
  return { action: ctx.oidc.urlFor(route), xsrf };
}

function clientName(client: Client | undefined): string {
  return client?.clientName ?? client?.clientId ?? 'The program';
}

function show(ctx: Ctx, page: string): void {
  ctx.type = 'html';
  ctx.body = page;
}
