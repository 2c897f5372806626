// Which images the practice node "has": every one that is named properly, but for those with which learners can see a pull fail.

/** What a node does with an image name. */
export type ImageFinding =
  | { readonly found: true }
  | { readonly found: false; readonly reason: 'InvalidImageName' | 'ErrImagePull'; readonly message: string };

// The grammar of github.com/distribution/reference: [host[:port]/]path[:tag][@digest], the path in lower case.
const PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const HOST = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?|\\[[a-fA-F0-9:]+\\](?::[0-9]+)?)/';
const IMAGE = new RegExp(
  `^(?:${HOST})?${PART}(?:/${PART})*(?::\\w[\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);
const MISSING_HOST = 'missing.example.com/';
const MISSING_TAG = /:missing(?:@|$)/;

/** Looks an image up by its name. */
export function findImage(image: string): ImageFinding {
  if (!IMAGE.test(image)) {
    const why = /^[^:@]*[A-Z]/.test(image)
      ? 'invalid reference format: repository name must be lowercase'
      : 'invalid reference format';
    const message = `Failed to apply default image tag ${JSON.stringify(image)}: couldn't parse image name ${JSON.stringify(image)}: ${why}`;
    return { found: false, reason: 'InvalidImageName', message };
  }
  if (!image.startsWith(MISSING_HOST) && !MISSING_TAG.test(image)) return { found: true };
  const message = `failed to resolve reference ${JSON.stringify(image)}: ${image}: not found (practice has every image but those of missing.example.com and those tagged missing)`;
  return { found: false, reason: 'ErrImagePull', message };
}
