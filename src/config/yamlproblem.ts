// What is wrong with a text that is not YAML, in words that repeat nothing of it: what stands at a wrong place may be a part of a password. The
// parser's own words are kept where they are constant; test/unit/config/yamlproblem.test.ts looks for any that are not.

/** Problems whose words quote the text, by the parser's code, and what is said instead. */
const WORDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'the file must be one YAML document; a second begins here',
  TAG_RESOLVE_FAILED: 'a tag that is not known; a value that begins with ! has to be in quotes',
  BAD_COLLECTION_TYPE: 'a tag that does not fit what follows it',
  BAD_DIRECTIVE: 'a directive that is not known; a value that begins with % has to be in quotes',
  BAD_DQ_ESCAPE:
    'an escape sequence that double quotes do not have; write \\\\ for a backslash, or use single quotes',
  BAD_SCALAR_START: 'a value that begins with such a character has to be in quotes',
  RESOURCE_EXHAUSTION: 'nested too deeply',
};

/** Where the parser's own words end and the text begins, as in `Not a YAML token: …`; not in `Unexpected : in …`. */
const QUOTED = /(?<=[A-Za-z]): /;

/** The sentence for a problem that the parser found; `code` and `message` are its own. */
export function yamlProblem(code: string, message: string): string {
  return WORDS[code] ?? message.split(QUOTED, 1)[0] ?? '';
}
