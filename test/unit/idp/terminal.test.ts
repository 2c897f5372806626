import t from 'tap';
import { readPersonRequest } from '../../../src/idp/terminal.ts';

/** Parameters, and what they ask for, with a default of 600 s. */
const UNDERSTOOD = [
  [{ person: 'erin' }, 'erin', 600, false],
  [{ person: 'erin', lifetime: '5' }, 'erin', 5, false],
  [{ person: 'erin', lifetime: '3600' }, 'erin', 3600, false],
  [{ person: 'erin', lifetime: '60m' }, 'erin', 3600, false],
  [{ person: 'ada', lifetime: '020s' }, 'ada', 20, false],
  [{ person: 'otto', second_factor: 'true' }, 'otto', 600, true],
  [{ person: 'erin', second_factor: 'false' }, 'erin', 600, false],
] as const;

for (const [parameters, id, lifetimeS, secondFactor] of UNDERSTOOD)
  t.test(`understood: ${JSON.stringify(parameters)}`, async (t) => {
    t.match(readPersonRequest(parameters, 600), { person: { id }, lifetimeS, secondFactor });
  });

/** Parameters that are refused, and what the message names. */
const REFUSED: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
  [{}, /^there is no person '', only erin, otto, ada$/],
  [{ person: 'ERIN' }, /'ERIN'/],
  [{ person: ['erin', 'ada'] }, /'erin,ada'/],
  [{ person: 'x'.repeat(1000) }, /'x{40}\.\.\.'/],
  [{ person: 'é\n"\\' }, /'\?\?\?\?'/],
  [{ person: 'erin', lifetime: '4s' }, /5s to 1h/],
  [{ person: 'erin', lifetime: '3601' }, /5s to 1h/],
  [{ person: 'erin', lifetime: '2h' }, /5s to 1h/],
  [{ person: 'erin', lifetime: '9999999999' }, /5s to 1h/],
  [{ person: 'erin', lifetime: '1d' }, /5s to 1h/],
  [{ person: 'erin', lifetime: 's' }, /5s to 1h/],
  [{ person: 'erin', lifetime: '10.5' }, /5s to 1h/],
  [{ person: 'erin', lifetime: ['10', '20'] }, /5s to 1h/],
  [{ person: 'otto', second_factor: 'TRUE' }, /true or false/],
  [{ person: 'otto', second_factor: '' }, /true or false/],
  [{ person: 'ada', second_factor: 'true' }, /^ada has no second factor, only otto$/],
  [
    { person: 'otto', lifetimes: '20' },
    /^there is no parameter 'lifetimes', only person, lifetime, second_factor$/,
  ],
];

for (const [parameters, message] of REFUSED)
  t.test(`refused: ${JSON.stringify(parameters).slice(0, 80)}`, async (t) => {
    t.throws(() => readPersonRequest(parameters, 600), {
      name: 'PersonRefused',
      code: 'invalid_request',
      message,
    });
  });
