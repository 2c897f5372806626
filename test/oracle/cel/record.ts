// Asks the API server's own evaluator what each expression of test/unit/cel/facts comes to, and writes the answers there: once per version of
// Kubernetes. main.go is the evaluator; it is built with the modules of test/cluster/kube, whose go.mod and go.sum go beside it:
//
//   cp ../../cluster/kube/go.{mod,sum} . && go build -mod=mod -o /tmp/oracle . && node record.ts /tmp/oracle

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const FACTS = new URL('../../unit/cel/facts/', import.meta.url);
const [oracle] = process.argv.slice(2);
if (oracle === undefined) throw new TypeError('usage: node record.ts ORACLE');

const variables: unknown = JSON.parse(readFileSync(new URL('variables.json', FACTS), 'utf8'));
const { claims, user } = variables as { claims: unknown; user: unknown };
for (const file of readdirSync(FACTS)) {
  if (file === 'variables.json') continue;
  const known = JSON.parse(readFileSync(new URL(file, FACTS), 'utf8')) as readonly { expression: string }[];
  const subject = file === 'user.json' ? { user } : { claims };
  const input = known.map(({ expression }) => JSON.stringify({ expression, ...subject })).join('\n');
  const output = execFileSync(oracle, { input: `${input}\n`, encoding: 'utf8' });
  const answers = output
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { claims: _claims, user: _user, ...answer } = JSON.parse(line) as Record<string, unknown>;
      return JSON.stringify(answer);
    });
  writeFileSync(new URL(file, FACTS), `[\n${answers.join(',\n')}\n]\n`);
}
