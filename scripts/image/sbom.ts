// The list of the packages in the image (CycloneDX 1.5), made from npm's list of all that the lock names: less what is not installed, and less
// what differs from build to build (npm names the folder it ran in, the hour, and a random serial number). npm's own --omit is not used: with
// npm 11 it leaves out packages that both we and an omitted package depend on, jose among them.

import { createHash } from 'node:crypto';

/** npm marks so what tests ask for as well as the package itself. */
const DEVELOPMENT = 'cdx:npm:package:development';

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  properties?: readonly { readonly name: string }[];
}

interface Bom {
  serialNumber: string;
  readonly metadata: { timestamp: string; readonly component: { readonly 'bom-ref': string } };
  components: readonly Component[];
  dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** What the list is to be of: `installed` has each package as NAME@VERSION, `time` is in seconds since 1970. */
export interface BomFacts {
  readonly name: string;
  readonly installed: ReadonlySet<string>;
  readonly time: number;
}

/** What `npm sbom` printed, settled; its serial number follows from its content (a UUID of version 8, RFC 9562). */
export function settleBom(printed: string, { name, installed, time }: BomFacts): string {
  const bom = JSON.parse(printed) as Bom;
  bom.metadata.timestamp = new Date(time * 1000).toISOString();
  Object.assign(bom.metadata.component, { name, type: 'application' });
  bom.components = bom.components.filter((component) =>
    installed.has(`${component.name}@${component.version}`),
  );
  for (const component of bom.components)
    component.properties = (component.properties ?? []).filter(({ name }) => name !== DEVELOPMENT);
  const refs = new Set([bom.metadata.component['bom-ref'], ...bom.components.map((each) => each['bom-ref'])]);
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }));
  bom.serialNumber = '';
  const hex = createHash('sha256').update(JSON.stringify(bom)).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  bom.serialNumber = `urn:uuid:${parts.join('-')}-${hex.slice(20, 32)}`;
  return `${JSON.stringify(bom, null, 2)}\n`;
}
