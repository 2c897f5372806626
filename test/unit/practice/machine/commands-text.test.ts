import t from 'tap';
import { rig, sh, table } from './rig.ts';

// What the commands that work on text do and say.
// Where a row has no words of busybox or of our own, it was compared with the coreutils, grep and sed of the machine that this was written on.
// [text, stdout, stderr, code]

table('echo, printf, seq, yes', [
  ["echo -e 'a\\tb'; echo -n x; echo; echo -- x; echo -x", 'a\tb\nx\n-- x\n-x\n'],
  ["echo -e 'a\\0101\\x42\\cZ'; echo", 'aAB\n'],
  ["printf '%s-%d-%x-%o-%c\\n' abc 42 255 8 xyz", 'abc-42-ff-10-x\n'],
  ["printf '%5s|%-5s|%05d|%.2f|%+d\\n' a b 7 3.14159 5", '    a|b    |00007|3.14|+5\n'],
  ["printf '%s\\n' a b c; printf 'x\\n' ignored", 'a\nb\nc\nx\n'],
  ["printf 'a\\tb\\\\n\\101\\n'; printf '%b\\n' 'x\\ty'; printf '%%\\n'", 'a\tb\\nA\nx\ty\n%\n'],
  ["printf '%d\\n' abc", '0\n', 'printf: abc: expected numeric value\n', 1],
  ['seq 3 1; seq 3 -1 1; seq 0.5 0.5 2; seq -s, 3', '3\n2\n1\n0.5\n1.0\n1.5\n2.0\n1,2,3\n'],
  ['basename /a/b.c .c; dirname /a/b /a a', 'b\n/a\n/\n.\n'],
]);

table('head, tail, cat, wc, tee', [
  ['seq 5 | head -n 2; seq 5 | tail -n 2; seq 5 | head -c 3; seq 5 | tail -c 4', '1\n2\n4\n5\n1\n24\n5\n'],
  ['seq 5 | tail -n +4; seq 3 | tail -c+3; seq 10 | head -1; seq 10 | tail -1', '4\n5\n2\n3\n1\n10\n'],
  [
    "printf 'a\\nb' | tail -n 1; printf '\\n\\nx\\n' | tail -n 2; printf '\\nabc\\n' | tail -n 5",
    'b\nx\n\nabc\n',
  ],
  [
    "printf 'one two\\nthree\\n' | wc -l; printf 'one two\\nthree\\n' | wc -w; printf 'é\\n' | wc -c; printf 'é\\n' | wc -m",
    '2\n3\n3\n2\n',
  ],
  [
    'cat /nonexistent; echo $?; cat /tmp',
    '1\n',
    'cat: /nonexistent: No such file or directory\ncat: /tmp: Is a directory\n',
    1,
  ],
  [
    'echo a | tee /tmp/t | cat; echo b | tee -a /tmp/t >/dev/null; cat /tmp/t; echo x | cat -n',
    'a\na\nb\n     1\tx\n',
  ],
]);

table('sort, uniq, cut, tr', [
  [
    "printf '10\\n9\\n1\\n' | sort; printf '10\\n9\\n1\\n' | sort -n; printf 'b 2\\na 3\\nc 1\\n' | sort -k2 -n",
    '1\n10\n9\n1\n9\n10\nc 1\nb 2\na 3\n',
  ],
  [
    "printf 'a\\na\\nb\\n' | sort -ur; printf 'a\\na\\nb\\n' | uniq -c; printf 'a\\na\\nb\\n' | uniq -d",
    'b\na\n      2 a\n      1 b\na\n',
  ],
  [
    "echo 'hello world' | cut -d' ' -f2; echo abcdef | cut -c2-4,6-; echo a:b:c | cut -d: -f1,3; echo no | cut -d: -f2; echo no | cut -s -d: -f2",
    'world\nbcdf\na:c\nno\n',
  ],
  [
    "echo hello | tr a-y b-z; echo hello | tr -d l; echo aabbcc | tr -s a-c; echo Hi | tr '[:upper:]' '[:lower:]'; echo abc1 | tr -cd '0-9\\n'",
    'ifmmp\nheo\nabc\nhi\n1\n',
  ],
]);

table('grep', [
  [
    "printf 'apple\\nbanana\\n' | grep an; printf 'a\\nb\\n' | grep -v a; printf 'A\\n' | grep -i a; printf 'x\\ny\\n' | grep -n y",
    'banana\nb\nA\n2:y\n',
  ],
  [
    'echo abc | grep -q b; echo $?; echo abc | grep -q z; echo $?; printf "a\\nb\\na\\n" | grep -c a',
    '0\n1\n2\n',
  ],
  [
    "echo 'foo123bar' | grep -o '[0-9]*'; echo test | grep -E '^(te|x)st$'; echo aab | grep -E 'a{2}b'; echo aab | grep 'a\\{2\\}b'",
    '123\ntest\naab\naab\n',
  ],
  [
    "echo 'a+b' | grep 'a+b'; echo aab | grep 'a\\+b'; echo a.b | grep -F a.b; echo axb | grep -F a.b; echo $?",
    'a+b\naab\na.b\n1\n',
  ],
  [
    "echo 'word words' | grep -w word; echo words | grep -w word; echo $?; echo abc | grep -x ab; echo $?",
    'word words\n1\n1\n',
  ],
  ["echo abc | grep -E 'a(b|c'", '', 'grep: Unmatched ( or \\(\n', 2],
  ['grep x /nonexistent', '', 'grep: /nonexistent: No such file or directory\n', 2],
  [
    'mkdir /tmp/g; echo hit >/tmp/g/a; echo miss >/tmp/g/b; cd /tmp; grep -r hit g; grep -l i g/a g/b',
    'g/a:hit\ng/a\ng/b\n',
  ],
  ['echo aXbXc | grep -oE "[a-c]"', 'a\nb\nc\n'],
  // Exponential for a matcher that goes back; ours takes one pass.
  ["printf 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | grep -E '^(a+)+$'; echo $?", '1\n'],
]);

// Compared with GNU's, which also names the character in its complaints.
table('sed', [
  ["printf 'a b\\nc d\\n' | sed 's/\\(.\\) \\(.\\)/\\2-\\1[&]/'", 'b-a[a b]\nd-c[c d]\n'],
  [
    "seq 5 | sed -n '2,4p'; seq 3 | sed '$d'; seq 5 | sed '/2/,/4/d'; seq 3 | sed '2!d'",
    '2\n3\n4\n1\n2\n1\n5\n2\n',
  ],
  [
    "seq 4 | sed '3,1d'; seq 3 | sed '/2/,$d'; seq 9 | sed -n '/[37]/,p' 2>/dev/null; echo $?",
    '1\n2\n4\n1\n1\n',
  ],
  ["seq 3 | sed -e 's/1/x/;s/2/y/p' -e '3!d'; seq 3 | sed 2q; seq 3 | sed -n '$='", 'y\n3\n1\n2\n3\n'],
  ["echo aaa | sed 's/a/b/2'; echo aaa | sed 's/a/b/g'; echo aaaa | sed 's/a/b/2g'", 'aba\nbbb\nabbb\n'],
  [
    "echo abc | sed 's/x*/-/g'; echo baaac | sed 's/a*/x/g'; echo aBc | sed 's/b/x/I'",
    '-a-b-c-\nxbxcx\naxc\n',
  ],
  ["echo hello | sed -E 's/(l+)(o)?/<\\1\\2>/'; echo xyx | sed -E 's/(x|y)*/[\\1]/'", 'he<llo>\n[x]\n'],
  ["echo abcd | sed -E 's/(a|ab)(c|bcd)/<\\1,\\2>/'; echo a/b | sed 's|/|:|'", '<a,bcd>\na:b\n'],
  [
    "printf abc | sed s/a/b/; echo; echo abc | sed y/abc/xyz/; echo 'a.b' | sed 's/\\./\\&/'",
    'bbc\nxyz\na&b\n',
  ],
  ["echo ab | sed 's/a/&\\n/'; echo é | sed 's/é/e/'; echo x | sed '# none\ns/x/y/'", 'a\nb\ne\ny\n'],
  [
    "seq 2 | sed '1a\\\nafter'; seq 2 | sed '2i before'; seq 3 | sed '1,2c\\\nboth'",
    '1\nafter\n2\n1\nbefore\n2\nboth\n3\n',
  ],
  [
    'seq 3 >/tmp/f; seq 2 >/tmp/g; sed -i "1d" /tmp/f /tmp/g; cat /tmp/f /tmp/g; sed -n "$ p" /tmp/f /tmp/g',
    '2\n3\n2\n2\n',
  ],
  ['seq 3 >/tmp/f; sed -i 2q /tmp/f; wc -l </tmp/f', '2\n'],
  [
    "echo a/b | sed 's/[/]/x/'; echo 'a]b' | sed -n '/[]/]/p'; echo 'a[b' | sed 's/\\[/(/'",
    'axb\na]b\na(b\n',
  ],
  ['sed p /nope; echo $?', '2\n', "sed: can't read /nope: No such file or directory\n"],
  ["echo a | sed 's/a'", '', "sed: -e expression #1: unterminated `s' command\n", 1],
  ['echo a | sed k', '', "sed: -e expression #1: unknown command: `k'\n", 1],
  ["echo a | sed 's/a/\\1/'", '', "sed: -e expression #1: invalid reference \\1 on `s' command's RHS\n", 1],
  ["echo a | sed 's/\\(a/b/'", '', 'sed: -e expression #1: Unmatched ( or \\(\n', 1],
]);

t.test('patterns cannot hold anything up: time grows with the text', async (t) => {
  const { machine } = rig();
  const started = performance.now();
  const long = 'a'.repeat(50_000);
  t.equal((await sh(machine, "grep -o 'a*b'; echo $?", long)).stdout, '1\n');
  t.equal((await sh(machine, "sed -E 's/(a*)*b/x/' | wc -c", `${long}\n`)).stdout, '50001\n');
  t.ok(performance.now() - started < 5000);
});
