#!/usr/bin/env node
// The program's door. Plain JavaScript that every Node since 12 parses, so that an old runtime gets one clear line
// instead of a syntax error. Runs the built program where there is one (the package), else the sources (a checkout).
import { existsSync } from 'node:fs';

const MINIMUM_MAJOR = 24;
const major = Number(process.versions.node.split('.')[0]);
if (major < MINIMUM_MAJOR) {
  process.stderr.write(
    `postern needs Node.js ${MINIMUM_MAJOR} or newer, this is ${process.versions.node}. ` +
      'In a checkout run it as "npx postern …" after "npm ci", which brings a fitting one.\n',
  );
  process.exit(1);
}
const built = new URL('../dist/main.js', import.meta.url);
const source = new URL('../src/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : built.href);
