// What Debian knows of the files that the image takes from its build image: the packages, so that a scanner sees which glibc is inside (it reads
// /var/lib/dpkg/status.d, as in distroless images), and their copyright files, which have to go with them. Empty where there is no dpkg.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

const DPKG = '/var/lib/dpkg';

/** A Debian package: `stanza` is what dpkg's status says of it, `copyrightFile` may not be there (Debian policy 12.5). */
export interface DebianPackage {
  readonly name: string;
  readonly listFile: string;
  readonly stanza: string;
  readonly copyrightFile: string;
}

/** The packages that the files belong to, by name; files of none are left out. */
export function findPackages(files: readonly string[]): readonly DebianPackage[] {
  const wanted = new Set(files.map(withoutUsr));
  const stanzas = readStanzas();
  return globSync(`${DPKG}/info/*.list`)
    .sort()
    .filter((listFile) =>
      readFileSync(listFile, 'utf8')
        .split('\n')
        .some((path) => wanted.has(withoutUsr(path))),
    )
    .flatMap((listFile) => {
      const [name = ''] = basename(listFile, '.list').split(':');
      const stanza = stanzas.get(name);
      const copyrightFile = `/usr/share/doc/${name}/copyright`;
      return stanza === undefined ? [] : [{ name, listFile, stanza, copyrightFile }];
    });
}

/** Since /lib is a link to /usr/lib, the loader and dpkg may each name either. */
function withoutUsr(path: string): string {
  return path.replace(/^\/usr\/lib/, '/lib');
}

function readStanzas(): ReadonlyMap<string, string> {
  const status = existsSync(`${DPKG}/status`) ? readFileSync(`${DPKG}/status`, 'utf8') : '';
  return new Map(
    status.split('\n\n').map((stanza) => [/^Package: (.+)$/m.exec(stanza)?.[1] ?? '', `${stanza.trim()}\n`]),
  );
}
