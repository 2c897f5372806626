// The part of the Reflect metadata API that tsyringe asks for, so that @peculiar/x509 loads without a further package. tsyringe keeps its
// constructor injections in it; @peculiar/x509 registers plain factories only, so a map per target is all there is to it. Import it first.

const metadata = new WeakMap<object, Map<unknown, unknown>>();

function getOwnMetadata(key: unknown, target: object): unknown {
  return metadata.get(target)?.get(key);
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const known = metadata.get(target) ?? new Map<unknown, unknown>();
  metadata.set(target, known.set(key, value));
}

if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, { getMetadata: getOwnMetadata, getOwnMetadata, defineMetadata });
}
