// The dashboards and the rules inside the chart: helm reads no file outside of it, so what deploy/grafana and deploy/prometheus hold is copied
// there, byte for byte, and held fresh like every generated file.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const COPIES = 'deploy/helm/postern/files';

/** Folders that are copied, and what of them. Tests of rules stay outside. */
const SOURCES = [
  { folder: 'grafana', wanted: /\.json$/ },
  { folder: 'prometheus', wanted: /^(?!.*\btests?\b).*\.ya?ml$/ },
] as const;

/** One generator for each file. */
export function chartCopies(): readonly { readonly file: string; render(): string }[] {
  return SOURCES.flatMap(({ folder, wanted }) =>
    list(join(ROOT, 'deploy', folder))
      .filter((name) => wanted.test(name))
      .map((name) => ({
        file: `${COPIES}/${folder}/${name}`,
        render: () => readFileSync(join(ROOT, 'deploy', folder, name), 'utf8'),
      })),
  );
}

/** Copies whose source is gone; relative to the checkout. */
export function strayCopies(): readonly string[] {
  const wanted = new Set(chartCopies().map(({ file }) => file));
  return SOURCES.flatMap(({ folder }) =>
    list(join(ROOT, COPIES, folder)).map((name) => `${COPIES}/${folder}/${name}`),
  ).filter((file) => !wanted.has(file));
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
