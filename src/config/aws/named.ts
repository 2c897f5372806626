// The map that authentication.awsIAM names, found and read.

import { dirname, isAbsolute, join } from 'node:path';
import { readText } from '../document.ts';
import type { Findings } from '../findings.ts';
import type { Partially } from '../rules.ts';
import type { FileConfig } from '../schema.ts';
import { type MapFile, readMapFile } from './mapfile.ts';

/** Reads the map, relative to the configuration `file`; that it can't be read goes to the configuration's `findings`. */
export function readAwsMap(
  authentication: Partially<FileConfig['authentication']> | undefined,
  file: string,
  findings: Findings,
): MapFile | undefined {
  const { mapFile = '', systemIdentities } = authentication?.awsIAM ?? {};
  if (mapFile === '') return undefined;
  const shown = isAbsolute(mapFile) ? mapFile : join(dirname(file), mapFile);
  const text = readText(shown, (problem) =>
    findings.error('authentication.awsIAM.mapFile', `${shown} ${problem}`),
  );
  if (text === undefined) return undefined;
  return readMapFile({ file: shown, text }, systemIdentities ?? authentication?.systemIdentities ?? 'Refuse');
}
