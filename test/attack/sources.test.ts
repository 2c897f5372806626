// S27: from whom an assertion counts. An assertion header from an address that is nobody's proxy is not there, whatever the caller says about their address.

import type { Test } from 'tap';
import { recordFacts } from '../reliability/facts.ts';
import { bearer, CF, IAP, OWN_PROXY, PROXY, STRANGER, startSources } from './sourceground.ts';
import { ALICE, identityIn, requestWith } from './ways.ts';

const facts = recordFacts('attack-sources');
const { ground, idp, cf, iap, ownToken, sends, refuses } = await startSources();

await refuses(facts, 'S27', [
  ['an assertion from nobody’s proxy', [`${CF}: ${cf}`], STRANGER],
  ['… who says to be one', [`${CF}: ${cf}`, 'X-Forwarded-For: 127.0.0.2'], STRANGER],
  [
    '… in every way',
    [
      `${CF}: ${cf}`,
      'X-Forwarded-For: 127.0.0.2',
      'X-Real-IP: 127.0.0.2',
      'Forwarded: for=127.0.0.2',
      'True-Client-IP: 127.0.0.2',
      'CF-Connecting-IP: 127.0.0.2',
    ],
    STRANGER,
  ],
  ['an assertion from the proxy of another entry', [`${CF}: ${cf}`], OWN_PROXY],
  [
    'an assertion for an entry with its own proxy, from the listener’s',
    [`X-Own-Assertion: ${ownToken}`],
    PROXY,
  ],
  ['… from nobody’s', [`X-Own-Assertion: ${ownToken}`], STRANGER],
  ['two assertions of the right proxy', [`${CF}: ${cf}`, `${IAP}: ${iap}`], PROXY],
  [
    'an assertion with a bearer of somebody else',
    [`${CF}: ${cf}`, bearer(await idp.sign({ email: 'bob@example.com' }))],
    PROXY,
  ],
]);

/** What is right is let in, so that the refusals above are about what they say. */
for (const [index, [what, lines, from]] of (
  [
    ['a Cloudflare token from the proxy', [`${CF}: ${cf}`], PROXY],
    ['an IAP token from the proxy', [`${IAP}: ${iap}`], PROXY],
    ["an entry's own proxy", [`X-Own-Assertion: ${ownToken}`], OWN_PROXY],
    ['a bearer beside an assertion that is not there', [bearer(ground.token), `${CF}: ${cf}`], STRANGER],
    ['a bearer from the proxy', [bearer(ground.token)], PROXY],
  ] as const
).entries())
  await facts.attack('S27', `${what} is let in, and the assertion ends here`, async (t: Test) => {
    for (const [name, send] of sends) {
      const marker = `source-${index}-${name.replaceAll(/\W/g, '')}.`;
      t.equal((await send([...lines, `X-M: ${marker}`], from)).status, name === 'HTTP/1.1' ? 200 : 101);
      const request = requestWith(ground, marker);
      t.same(identityIn(request), ALICE);
      t.notOk(request.rawLines.some((line) => [cf, iap, ownToken].some((token) => line.includes(token))));
    }
  });
