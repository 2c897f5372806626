// Placeholders in names, as aws-iam-authenticator's server fills them (pkg/server, renderTemplate).
import t from 'tap';
import { checkTemplate, renderTemplate } from '../../../../src/config/aws/template.ts';

const VALUES = {
  AccountID: '111122223333',
  SessionName: 'jo-example.com',
  SessionNameRaw: 'jo@example.com',
  AccessKeyID: 'ASIAEXAMPLE',
};

for (const [template, name] of [
  ['jo', 'jo'],
  ['{{AccountID}}:{{SessionName}}', '111122223333:jo-example.com'],
  ['{{SessionNameRaw}}', 'jo@example.com'],
  ['key:{{AccessKeyID}}{{AccessKeyID}}', 'key:ASIAEXAMPLEASIAEXAMPLE'],
  ['{AccountID} {{', '{AccountID} {{'],
] as const) {
  t.test(`${template} becomes ${name}`, async (t) => {
    t.equal(checkTemplate(template), '');
    t.equal(renderTemplate(template, VALUES), name);
  });
}

t.test('what a value holds is not filled once more', async (t) => {
  const values = { ...VALUES, SessionNameRaw: '{{AccountID}}' };
  t.equal(renderTemplate('{{SessionNameRaw}}', values), '{{AccountID}}');
});

for (const template of ['{{accountid}}', '{{ AccountID }}', '{{}}', '{{constructor}}', '{{toString}}'])
  t.test(`${template} is no placeholder`, async (t) => {
    t.match(checkTemplate(template), /^has the unknown placeholder/);
  });
