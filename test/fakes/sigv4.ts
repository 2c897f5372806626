// AWS Signature Version 4 for presigned requests to STS, and the tokens that are made of them, as `aws eks get-token` makes them. Written
// from the specification ("Create a signed AWS API request"), so that it is a second opinion on what Go's SDK signs.

import { createHash, createHmac } from 'node:crypto';

/** Credentials of AWS. */
export interface AwsCredentials {
  readonly accessKeyID: string;
  readonly secretKey: string;
  /** '' for those that don't end. */
  readonly sessionToken: string;
}

/** What is signed: a GET of `host`, whose query is already encoded. */
export interface SignedRequest {
  readonly host: string;
  /** Without X-Amz-Signature. */
  readonly query: readonly (readonly [name: string, encoded: string])[];
  /** Of the signed headers, by name. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PresignOptions {
  readonly credentials: AwsCredentials;
  readonly clusterID: string;
  readonly region: string;
  /** ms since the epoch. */
  readonly now: number;
  /** Default is the STS of the region. */
  readonly host?: string;
}

/** As SigV4 has it: RFC 3986, with upper-case hexadecimal digits. */
export function encodeValue(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The signature of a request with the secret of the one who signs, in hexadecimal. */
export function signatureOf({ host, query, headers }: SignedRequest, secretKey: string): string {
  const of = (name: string): string => decodeURIComponent(query.find(([known]) => known === name)?.[1] ?? '');
  const [, day = '', region = '', service = ''] = of('X-Amz-Credential').split('/');
  const signed = of('X-Amz-SignedHeaders').split(';');
  const all: Readonly<Record<string, string>> = { ...headers, host };
  const canonical = [
    'GET',
    '/',
    query
      .map(([name, value]) => `${encodeValue(name)}=${value}`)
      .sort()
      .join('&'),
    ...signed.map((name) => `${name}:${(all[name] ?? '').trim()}`),
    '',
    signed.join(';'),
    createHash('sha256').digest('hex'),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', of('X-Amz-Date'), scope, digest].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (parent, part) => createHmac('sha256', parent).update(part).digest(),
    `AWS4${secretKey}`,
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

/** A presigned GetCallerIdentity URL. */
export function presign(options: PresignOptions): string {
  const { credentials, clusterID, region, now, host = `sts.${region}.amazonaws.com` } = options;
  const date = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/${region}/sts/aws4_request`;
  const parameters: [string, string][] = [
    ['Action', 'GetCallerIdentity'],
    ['Version', '2011-06-15'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${credentials.accessKeyID}/${scope}`],
    ['X-Amz-Date', date],
    ['X-Amz-Expires', '60'],
    ['X-Amz-SignedHeaders', 'host;x-k8s-aws-id'],
  ];
  if (credentials.sessionToken !== '') parameters.push(['X-Amz-Security-Token', credentials.sessionToken]);
  const query = parameters.map(([name, value]) => [name, encodeValue(value)] as const);
  const signature = signatureOf(
    { host, query, headers: { 'x-k8s-aws-id': clusterID } },
    credentials.secretKey,
  );
  const text = query.map(([name, value]) => `${name}=${value}`).join('&');
  return `https://${host}/?${text}&X-Amz-Signature=${signature}`;
}

/** The token that holds a URL. */
export function tokenOf(url: string): string {
  return `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`;
}
