// What the rows of the chart's matrix are made of.

import type { Rendering } from './render.ts';

/** One row. */
export interface Row extends Rendering {
  readonly for: string;
  /** Parts of objects by KIND/NAME; the objects must be there. */
  readonly shows?: Readonly<Record<string, object>>;
  /** Objects that must not be there: KIND/NAME, or KIND for all of it. */
  readonly lacks?: readonly string[];
}

/** An issuer that is never asked. */
export const issuer = { url: 'https://login.example.com', audiences: ['postern'] };
/** What its claims become. */
export const claims = {
  username: { claim: 'email', prefix: '' },
  groups: { claim: 'groups', prefix: '' },
};
/** One entry of authentication.jwt. */
export const jwt = [{ issuer, claimMappings: claims }];
/** A configuration that lets people in. */
export const people = { authentication: { jwt } };
/** The name that the chart gives its objects. */
export const NAME = 'gate-postern';
/** The gate's rights. */
export const ROLE = `ClusterRole/gate-${NAME}`;

/** A part of the pod's spec. */
export const pod = (spec: object) => ({ [`Deployment/${NAME}`]: { spec: { template: { spec } } } });
/** A part of the gate's container. */
export const container = (part: object) => pod({ containers: [part] });
/** A part of the Service. */
export const service = (part: object) => ({ [`Service/${NAME}`]: part });
