import { execFileSync } from 'node:child_process';
import t from 'tap';
import { MEMORY_FLAGS, tuneMemory } from '../../src/memory.ts';

t.test(
  'the flags are those of this Node: V8 prints nothing about them and its list names each',
  async (t) => {
    const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    for (const flag of MEMORY_FLAGS) t.match(known, `  ${flag.split('=')[0]} (`, flag);
    const program = `import { tuneMemory } from ${JSON.stringify(new URL('../../src/memory.ts', import.meta.url).href)}; tuneMemory();`;
    const said = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    t.equal(said, '');
  },
);

t.test('an older Node, which has them not, is left as it comes', async (t) => {
  t.doesNotThrow(() => tuneMemory('24.21.0'));
});
