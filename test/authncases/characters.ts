// What characters a name may have. The API server takes all; Postern refuses what a header line would lose or be split by.

import { posternRefuses, refused, type Topic, user, username } from './case.ts';

const SOURCE = 'plugin/pkg/authenticator/token/oidc/oidc.go getUsername; encoding/json';
const CONTROL = 'a control character can not be carried in a header line';
const SPACE = 'white space at the ends is lost in transit';
const LESSONS = 'contract/field-lessons.md S9; contract/protocol.md §4.5';

export const characters: Topic = {
  name: 'characters',
  scenarios: [
    {
      about: 'beyond ASCII',
      source: SOURCE,
      entry: { claimMappings: username('name') },
      rows: [
        ...['jürgen', 'Ελένη', '山田太郎', 'a😀b', 'שלום', 'x\u200dy'].map(
          (name) => [`${JSON.stringify(name)} arrives as it is`, { name }, user(name)] as const,
        ),
        ['a line separator arrives as it is', { name: 'x\u2028y' }, user('x\u2028y')],
        ['composed é stays composed', { name: 'ren\u00e9' }, user('ren\u00e9')],
        ['decomposed é stays decomposed', { name: 'rene\u0301' }, user('rene\u0301')],
        [
          'an escape is the character',
          ({ signText, complete }) =>
            signText(JSON.stringify(complete({ name: '@' })).replace('"@"', '"\\u006aane\\u00e9"')),
          user('janeé'),
        ],
        [
          'a surrogate pair in escapes is one character',
          ({ signText, complete }) =>
            signText(JSON.stringify(complete({ name: '@' })).replace('"@"', '"\\ud83d\\ude00"')),
          user('😀'),
        ],
        [
          'half a surrogate pair is the replacement character',
          ({ signText, complete }) =>
            signText(JSON.stringify(complete({ name: '@' })).replace('"@"', '"a\\ud800"')),
          user('a\ufffd'),
          posternRefuses('TOKEN_CLAIMS', 'two names must not become one'),
        ],
      ],
    },
    {
      about: 'control characters',
      source: `${SOURCE}; ${LESSONS}`,
      entry: { claimMappings: username('name') },
      rows: [
        'a\r\nImpersonate-Group: system:masters',
        'a\nb',
        'a\u0000b',
        'a\tb',
        'a\u001b[2J',
        'a\u007fb',
        'a\u0085b',
      ].map((name) => [JSON.stringify(name), { name }, user(name), posternRefuses('TOKEN_CLAIMS', CONTROL)]),
    },
    {
      about: 'white space at the ends',
      source: `${SOURCE}; ${LESSONS}`,
      entry: { claimMappings: username('name') },
      rows: [' jane', 'jane ', ' ', '\u00a0jane', 'jane\u3000'].map((name) => [
        JSON.stringify(name),
        { name },
        user(name),
        posternRefuses('TOKEN_CLAIMS', SPACE),
      ]),
    },
    {
      about: 'the JSON of the payload',
      source: 'github.com/coreos/go-oidc verify.go; encoding/json',
      entry: { claimMappings: username('name') },
      rows: [
        [
          'of a claim that is there twice the last counts',
          ({ signText, complete }) =>
            signText(
              JSON.stringify(complete()).replace('{', '{"name":"first",').replace(/}$/, ',"name":"last"}'),
            ),
          user('last'),
        ],
        [
          'white space between is nothing',
          ({ signText, complete }) => signText(` ${JSON.stringify(complete({ name: 'jane' }), null, 2)}\n`),
          user('jane'),
        ],
        [
          'a number that no double can hold hurts nobody who does not ask for it',
          ({ signText, complete }) =>
            signText(JSON.stringify(complete({ name: 'jane', n: 0 })).replace('"n":0', '"n":1e999')),
          user('jane'),
        ],
        [
          '__proto__ is a claim like any other',
          ({ signText, complete }) =>
            signText(JSON.stringify(complete()).replace('{', '{"__proto__":{"name":"evil"},')),
          refused('TOKEN_CLAIMS', 'parse username claims "name": claim not present'),
        ],
        [
          'a byte order mark is not JSON',
          ({ signText, complete }) => signText(`\ufeff${JSON.stringify(complete({ name: 'jane' }))}`),
          refused('TOKEN_MALFORMED', 'invalid bearer token'),
        ],
        [
          'nor is one in the middle',
          ({ signText, complete }) =>
            signText(JSON.stringify(complete({ name: 'jane' })).replace('{', '{\ufeff')),
          refused('TOKEN_MALFORMED', 'invalid bearer token'),
        ],
        [
          'in a name it is a character',
          { name: '\ufeffjane' },
          user('\ufeffjane'),
          posternRefuses('TOKEN_CLAIMS', SPACE),
        ],
        [
          'nothing may come after it',
          ({ signText, complete }) => signText(`${JSON.stringify(complete({ name: 'jane' }))}{}`),
          refused('TOKEN_MALFORMED', 'invalid bearer token'),
        ],
        [
          'a list is not claims',
          ({ signText }) => signText('[]'),
          refused('TOKEN_MALFORMED', 'invalid bearer token'),
        ],
        [
          'text is not claims',
          ({ signText }) => signText('jane'),
          refused('TOKEN_MALFORMED', 'invalid bearer token'),
        ],
      ],
    },
  ],
};
