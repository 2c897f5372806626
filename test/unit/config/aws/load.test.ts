// authentication.awsIAM in a configuration: what becomes of it, and where mistakes are said to be, in it and in the map that it names.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { formatError, loadConfig } from '../../../../src/config/load.ts';
import { BASE } from '../base.ts';

const MAP =
  'mapRoles:\n- {rolearn: "arn:aws:iam::111122223333:role/Dev", username: dev, groups: [system:masters]}\n';

function load(t: Test, awsIAM: string, map = MAP, more = '') {
  const text = BASE.replace('authentication:\n', `authentication:\n  awsIAM: ${awsIAM}\n${more}`);
  const directory = t.testdir({ 'aws-auth.yaml': map, 'gate.yaml': text });
  const result = loadConfig({ file: join(directory, 'gate.yaml'), files: false, env: {} });
  const plain = (line: string) => line.replaceAll(`${directory}/`, '');
  return {
    directory,
    config: result.ok ? result.config.authentication.awsIAM : undefined,
    lines: (result.ok ? result.warnings : result.errors.map(formatError)).map(plain),
  };
}

const GOOD = '{clusterID: prod, mapFile: aws-auth.yaml, stsRegions: [eu-west-1, aws-global]}';

t.test('what the program is given', async (t) => {
  const { config, directory, lines } = load(t, GOOD, MAP, '  systemIdentities: Allow\n');
  t.same(lines, []);
  t.same(config, {
    clusterID: 'prod',
    mapFile: join(directory, 'aws-auth.yaml'),
    map: {
      mappings: [{ arn: 'arn:aws:iam::111122223333:role/dev', username: 'dev', groups: ['system:masters'] }],
      accounts: [],
    },
    stsHosts: [
      { host: 'sts.eu-west-1.amazonaws.com', partition: 'aws' },
      { host: 'sts.amazonaws.com', partition: 'aws' },
    ],
    systemIdentities: 'Allow',
  });
  t.ok(Object.isFrozen(config?.map.mappings[0]?.groups));
});

t.test('its own systemIdentities comes before the one of authentication', async (t) => {
  const own = (value: string) => GOOD.replace('}', `, systemIdentities: ${value}}`);
  t.equal(load(t, own('Allow')).config?.systemIdentities, 'Allow');
  t.equal(load(t, own('Refuse'), MAP, '  systemIdentities: Allow\n').config?.systemIdentities, 'Refuse');
  t.equal(load(t, GOOD).config?.systemIdentities, 'Refuse');
});

t.test('system: in the map is a warning at its line, while it is refused', async (t) => {
  t.match(load(t, GOOD).lines, [
    /^aws-auth\.yaml:2:13 mapRoles\[0\]\.rolearn: gives "system:masters", and systemIdentities is Refuse/,
  ]);
});

t.test('a configuration with AWS alone is one with an issuer', async (t) => {
  const text = BASE.replace(/authentication:\n[\s\S]*?(?=sessions:)/, `authentication: {awsIAM: ${GOOD}}\n`);
  const directory = t.testdir({ 'aws-auth.yaml': MAP.replace('system:masters', 'dev'), 'gate.yaml': text });
  const result = loadConfig({ file: join(directory, 'gate.yaml'), files: false, env: {} });
  t.match(result, { ok: true, warnings: [] });
});

for (const [awsIAM, map, expected] of [
  [
    '{clusterID: prod, stsRegions: [eu-west-1]}',
    MAP,
    /^gate\.yaml:15:3 authentication\.awsIAM\.mapFile: missing/,
  ],
  [
    '{clusterID: prod, mapFile: none.yaml, stsRegions: [eu-west-1]}',
    MAP,
    /^gate\.yaml:15:38 authentication\.awsIAM\.mapFile: none\.yaml cannot be read: ENOENT/,
  ],
  [
    '{clusterID: "a b", mapFile: aws-auth.yaml, stsRegions: [eu-west-1]}',
    MAP.replace('system:', ''),
    /^gate\.yaml:15:23 authentication\.awsIAM\.clusterID: expected a name without spaces/,
  ],
  [
    '{clusterID: prod, mapFile: aws-auth.yaml, stsRegions: [eu-west]}',
    MAP.replace('system:', ''),
    /^gate\.yaml:15:66 authentication\.awsIAM\.stsRegions\[0\]: expected a region of AWS such as "eu-west-1", or "aws-global"; found "eu-west"/,
  ],
  [
    '{clusterID: prod, mapFile: aws-auth.yaml, stsRegions: []}',
    MAP.replace('system:', ''),
    /^gate\.yaml:15:\d+ authentication\.awsIAM\.stsRegions: /,
  ],
  [
    GOOD,
    'mapRoles:\n- {rolearn: x, username: dev}\n',
    /^aws-auth\.yaml:2:13 mapRoles\[0\]\.rolearn: "x" is not of the form/,
  ],
  [GOOD, 'mapRoles: [\n', /^aws-auth\.yaml:\d+:\d+ /],
] as const) {
  t.test(`refused: ${awsIAM} ${map === MAP ? '' : map}`, async (t) => {
    const { lines, config } = load(t, awsIAM, map);
    t.equal(config, undefined);
    t.match(
      lines.filter((line) => !line.includes('systemIdentities is Refuse')),
      [expected],
    );
  });
}
