// The same commit gives the same image: built a second time from nothing, elsewhere, from a checkout with another umask and another time.

import { chmodSync, cpSync, lstatSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readArchive } from './archive.ts';
import { buildOnce, withBuildah } from './build.ts';
import { readContext, TAG } from './context.ts';
import { listInputs, ROOT } from './inputs.ts';

const context = readContext();
const ANOTHER_DAY = new Date('2001-02-03T04:05:06Z');

/** A checkout as one with umask 002 makes it. */
async function copyCheckout(): Promise<string> {
  const folder = mkdtempSync(join(context.dir, 'checkout-'));
  for (const name of await listInputs()) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    chmodSync(path, lstatSync(path).mode | ((lstatSync(path).mode & 0o700) >> 3));
    utimesSync(path, ANOTHER_DAY, ANOTHER_DAY);
  }
  return folder;
}

t.test('a second build has the same digest', async (t) => {
  const checkout = await copyCheckout();
  const outFile = join(context.dir, 'again.tar');
  t.teardown(() => {
    for (const path of [checkout, outFile]) rmSync(path, { recursive: true, force: true });
  });
  const digest = await withBuildah(undefined, (buildah) =>
    buildOnce(buildah, { tag: TAG, outFile, checkout }),
  );
  const [first, second] = await Promise.all([readArchive(context.archive), readArchive(outFile)]);
  t.same(second.config, first.config);
  t.equal(second.digest, digest);
  t.equal(digest, context.digest);
});
