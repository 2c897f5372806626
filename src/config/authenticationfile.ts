// Reads authentication.configFile: the file of kube-apiserver's --authentication-config, as it is. It is a document of its own, so that what
// is wrong with it is told by its own name and lines, with the paths that kube-apiserver prints.

import { dirname, isAbsolute, join } from 'node:path';
import type { AuthenticationDocument } from './authenticationrules.ts';
import {
  AUTHENTICATION_VERSIONS,
  type AuthenticationFile,
  authenticationNode,
} from './authenticationschema.ts';
import { applyDocument, readText } from './document.ts';
import { createFindings, type Findings } from './findings.ts';
import type { Partially } from './rules.ts';
import { type Places, readSource } from './source.ts';

/** A document, and where everything in it is. */
export type PlacedDocument = AuthenticationDocument & { readonly places: Places };

/**
 * Reads and checks the document that the configuration `file` names `named`, relative to it; undefined when there is none. That it can't be
 * read goes to the configuration's `findings`. Rules across entries are not its affair.
 */
export function readAuthenticationFile(
  named: string,
  file: string,
  findings: Findings,
): PlacedDocument | undefined {
  if (named === '') return undefined;
  const shown = isAbsolute(named) ? named : join(dirname(file), named);
  const text = readText(shown, (problem) =>
    findings.error('authentication.configFile', `${shown} ${problem}`),
  );
  if (text === undefined) return undefined;
  const found = createFindings();
  const { tree, places } = readSource(shown, text, found, AUTHENTICATION_VERSIONS[0]);
  const content = tree === undefined ? undefined : applyDocument(authenticationNode, tree, found);
  return {
    file: shown,
    places,
    findings: found,
    // The schema is what makes it so.
    content: content as Partially<AuthenticationFile> | undefined,
  };
}
