// package-lock.json (lockfileVersion 3) as a tree: which packages come with one, found as Node would find them.

export interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly deprecated?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly devDependencies?: Versions;
}

/** Versions by package name. */
export type Versions = Readonly<Record<string, string>>;

/** Entries by their paths in the checkout; '' is the package itself. */
export type Packages = Readonly<Record<string, Locked>>;

/** The package's name at the end of a path. */
export function nameOf(path: string): string {
  const last = 'node_modules/';
  return path.slice(path.lastIndexOf(last) + last.length);
}

/** The paths of all packages that `path` brings; those for one platform only are left out. @throws Error when the lock lacks one */
export function bringsOf(
  packages: Packages,
  path: string,
  found: Set<string> = new Set(),
): ReadonlySet<string> {
  for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
    const place = placeOf(packages, name, path);
    if (found.has(place)) continue;
    found.add(place);
    bringsOf(packages, place, found);
  }
  return found;
}

/** The paths of what an operator gets who installs the package: the gate's and the demo's packages, with all that they bring. */
export function deliveredBy(packages: Packages): ReadonlySet<string> {
  const { dependencies, optionalDependencies } = packages[''] ?? {};
  // By name and not by npm's mark `dev`, which some of them have because tests ask for them as well.
  const asked = Object.keys({ ...dependencies, ...optionalDependencies }).map(
    (name) => `node_modules/${name}`,
  );
  return new Set(asked.flatMap((path) => [path, ...bringsOf(packages, path)]));
}

/** Where Node finds `name` from `path`: in its own node_modules, or in one above. */
function placeOf(packages: Packages, name: string, path: string): string {
  for (let base = path; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    const place = base === '' ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    if (place in packages) return place;
    if (base === '') throw new Error(`${name}, which ${path} needs, is not in the lock`);
  }
}
