// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the shell's own.
import t from 'tap';
import { rig, run, sh, table } from './rig.ts';

// What the shell does: rows were compared with the dash of the machine that this was written on (see the two notes). [text, stdout, stderr, exit code]
// Notes: `not found` is worded without a line number, as busybox words it; echo needs -e for escapes.

table('quotes and words', [
  ['echo a  b', 'a b\n'],
  ['echo "a  b" \'c  d\'', 'a  b c  d\n'],
  ['x=5; echo $x "$x" \'$x\' \\$x', '5 5 $x $x\n'],
  ["echo 'it'\\''s'", "it's\n"],
  ['echo "a\\"b\\$c\\\\d\\e"', 'a"b$c\\d\\e\n'],
  ['echo a\'b\'"c"d', 'abcd\n'],
  ['echo "a\nb"', 'a\nb\n'],
  ['echo a \\\nb', 'a b\n'],
  ['echo one; # comment', 'one\n'],
  ["echo a#b '#c'", 'a#b #c\n'],
  ['echo "$" "a$"', '$ a$\n'],
  ['', ''],
  ['  \n\n # nothing\n', ''],
  ['""', '', 'sh: : not found\n', 127],
]);

table('parameters', [
  ['x="a b c"; for i in $x; do echo "[$i]"; done', '[a]\n[b]\n[c]\n'],
  ['x="a b c"; for i in "$x"; do echo "[$i]"; done', '[a b c]\n'],
  ['set -- a "b c" d; for i in "$@"; do echo "[$i]"; done; echo $# "$*"', '[a]\n[b c]\n[d]\n3 a b c d\n'],
  ['set -- a "b c"; for i in $@; do echo "[$i]"; done', '[a]\n[b]\n[c]\n'],
  ['set --; for i in "$@"; do echo "[$i]"; done; echo none', 'none\n'],
  ['set -- "" x; for i in "$@"; do echo "[$i]"; done', '[]\n[x]\n'],
  ['IFS=:; set -- a:b c; echo "$*"; x=a::b; for i in $x; do echo "[$i]"; done', 'a:b:c\n[a]\n[]\n[b]\n'],
  ['echo ${x:-def} ${x-def} [${x:+alt}]', 'def def []\n'],
  ['x=; echo [${x:-d}] [${x-d}] [${x:+a}] [${x+a}]', '[d] [] [] [a]\n'],
  ['echo ${x:=new}; echo $x', 'new\nnew\n'],
  ['echo "${x:-"q q"}" ${x:-a b}', 'q q a b\n'],
  ['echo "${x:-$(echo sub)}"', 'sub\n'],
  ['${x:?missing}; echo after', '', 'sh: x: missing\n', 2],
  [
    'f=/a/b/c.tar.gz; echo ${f##*/} ${f%/*} ${f#*/} ${f%%.*} ${f%.*} ${#f}',
    'c.tar.gz /a/b a/b/c.tar.gz /a/b/c /a/b/c.tar 13\n',
  ],
  ['a=1 b=$a; echo $a$b', '11\n'],
  ['x=1 sh -c \'echo $x\'; echo "[$x]"', '1\n[]\n'],
  ["export Y=2; sh -c 'echo $Y'; unset Y; sh -c 'echo [$Y]'", '2\n[]\n'],
  ['readonly R=1; R=2; echo after', '', 'sh: R: is read only\n', 2],
  ['set -u; echo ${nope-ok}; echo $nope; echo no', 'ok\n', 'sh: nope: parameter not set\n', 2],
  ['set -- a b c; shift 2; echo $1; shift 5; echo after', 'c\n', "sh: shift: can't shift that many\n", 2],
  ["sh -c 'echo $0 $1 $2 $#' name one two", 'name one two 2\n'],
  ['echo ${1-unset} ${10-ten}', 'unset ten\n'],
  ['echo ~; HOME=/x; echo ~ ~/y "~"', '/root\n/x /x/y ~\n'],
]);

table('arithmetic', [
  ['echo $((1+2*3)) $((7/2)) $((7%3)) $((-7/2)) $((1<<4)) $((0x10)) $((010))', '7 3 1 -3 16 16 8\n'],
  ['echo $((5>3)) $((1?2:3)) $((~0)) $((!3)) $((2 > 1 && 0 || 1))', '1 2 -1 0 1\n'],
  ['i=3; echo $((i+=2)) $i; echo $((i*2)) $(($i*2))', '5 5\n10 10\n'],
  ['x=1; echo $((0 && (x=5))) $x', '0 1\n'],
  ['echo $((9223372036854775807+1))', '-9223372036854775808\n'],
  ['echo $((1/0)); echo after', '', 'sh: arithmetic expression: division by zero: "1/0"\n', 2],
  ['echo $((1+)); echo after', '', 'sh: arithmetic expression: expecting primary: "1+"\n', 2],
  ['x=abc; echo $((x))', '', 'sh: Illegal number: abc\n', 2],
]);

table('substitution', [
  ['echo "$(echo hi; echo there)"', 'hi\nthere\n'],
  ["echo $(printf 'a\\n\\n\\n')x", 'ax\n'],
  ['echo `echo \\`echo nested\\``', 'nested\n'],
  ['echo $(echo $(echo deep))', 'deep\n'],
  ['x=$(exit 4); echo $?; $(exit 3); echo $?', '4\n3\n'],
  ['echo "$(echo "in \\"quotes\\"")"', 'in "quotes"\n'],
  ['x=1; y=$(x=2; echo $x); echo $x$y', '12\n'],
]);

table('lists and pipes', [
  ['true && echo yes || echo no; false && echo yes || echo no', 'yes\nno\n'],
  ['! true; echo $?; ! false; echo $?; ! echo neg | cat; echo $?', '1\n0\nneg\n1\n'],
  ['true | false; echo $?; false | true; echo $?', '1\n0\n'],
  ['echo a | cat | cat | tr a b', 'b\n'],
  ['yes | head -n 2; echo $?', 'y\ny\n0\n'],
  ['while :; do date; done | head -n 1 | wc -l', '1\n'],
  ['{ echo a; echo b; } | cat; (echo c; exit 3); echo $?', 'a\nb\nc\n3\n'],
  ['x=1; (x=2); echo $x; { x=3; }; echo $x; echo | x=4; echo $x', '1\n3\n3\n'],
  ['exit 7', '', '', 7],
  ['exit 256', '', '', 0],
  ['nosuch', '', 'sh: nosuch: not found\n', 127],
  ['/etc/passwd', '', 'sh: /etc/passwd: Permission denied\n', 126],
  ['bash', '', 'sh: bash: not found\n', 127],
]);

table('compound commands', [
  ['if false; then echo a; elif true; then echo b; else echo c; fi', 'b\n'],
  ['if false; then :; fi; echo $?', '0\n'],
  ['i=0; until [ $i -ge 3 ]; do echo $i; i=$((i+1)); done', '0\n1\n2\n'],
  ['for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done', '1\n3\n'],
  ['for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done', '1a\n2a\n'],
  ['for i in 1 2; do for j in a b; do break 2; done; done; echo out', 'out\n'],
  ['case foo in bar) echo 1;; f*) echo 2;; *) echo 3;; esac', '2\n'],
  ['case x in [a-w]) echo n;; [!a-w]) echo y;; esac; case "*" in \\*) echo star;; esac', 'y\nstar\n'],
  ['case q in (a|q) echo alt;; esac; case z in a) ;; esac; echo $?', 'alt\n0\n'],
  ['f() { echo "$1-$#"; return 4; }; f a b; echo $?', 'a-2\n4\n'],
  ['f() { [ $1 -gt 0 ] || return 0; echo $1; f $(($1-1)); }; f 3', '3\n2\n1\n'],
  ['f() { local x=in; echo $x; }; x=out; f; echo $x', 'in\nout\n'],
  ['break; echo ok', 'ok\n'],
  ['if [ a = a ]\nthen\n  echo multi\nfi', 'multi\n'],
]);

table('redirections', [
  ['echo foo >/tmp/a; echo bar >>/tmp/a; cat </tmp/a; wc -l </tmp/a', 'foo\nbar\n2\n'],
  ['{ echo out; echo err >&2; } 2>&1 | sort', 'err\nout\n'],
  ['{ echo out; echo err >&2; } >/dev/null 2>&1; echo done', 'done\n'],
  ['{ echo out; echo err >&2; } &>/tmp/both; cat /tmp/both', 'out\nerr\n'],
  ['echo x > /nonexist/y; echo $?', '2\n', 'sh: cannot create /nonexist/y: Directory nonexistent\n'],
  ['cat < /nonexist; echo $?', '2\n', 'sh: cannot open /nonexist: No such file\n'],
  ['echo x > /tmp; echo $?', '2\n', 'sh: cannot create /tmp: Is a directory\n'],
  ['exec >/tmp/all; echo hidden; exec >&2; cat /tmp/all', '', 'hidden\n'],
  ['cat <<E\nx=$((1+1)) \\$y `echo z`\nE', 'x=2 $y z\n'],
  ["cat <<'E'\nx=$x \\$y\nE", 'x=$x \\$y\n'],
  ['cat <<-E\n\ttabbed\n\tE', 'tabbed\n'],
  ['cat <<A; cat <<B\none\nA\ntwo\nB\necho three', 'one\ntwo\nthree\n'],
  ['while read l; do echo "<$l>"; done <<E\n1\n2\nE', '<1>\n<2>\n'],
]);

table('read', [
  ['printf \'a b c\\nd e f\\n\' | while read x y; do echo "$y|$x"; done', 'b c|a\ne f|d\n'],
  ["printf 'no newline' | { read x; echo $? $x; }", '1 no newline\n'],
  ['printf \'a:b:c\\n\' | { IFS=: read x y; echo "$x $y"; }', 'a b:c\n'],
  ["printf 'a\\\\tb\\n' | { read -r x; printf '%s\\n' \"$x\"; }", 'a\\tb\n'],
]);

table('paths', [
  [
    'mkdir /tmp/g; cd /tmp/g; touch a.c b.c .h; echo *.c; echo *; echo *.z; echo [ab].c; echo "*.c"; echo .*h',
    'a.c b.c\na.c b.c\n*.z\na.c b.c\n*.c\n.h\n',
  ],
  ['cd /; echo /t?p /et[c]; x="*"; echo "$x"', '/tmp /etc\n*\n'],
  [
    'cd /tmp && pwd; cd /nonexistent; echo $?; cd -; pwd',
    '/tmp\n2\n/\n/\n',
    "sh: cd: can't cd to /nonexistent\n",
  ],
]);

table('options and special built-ins', [
  ['set -e; true; false || true; if false; then :; fi; echo go; false; echo no', 'go\n', '', 1],
  ['set -e; f() { false; echo still; }; f || echo caught; echo end', 'still\nend\n'],
  ['set -x; echo hi >/dev/null; x=1', '', '+ echo hi\n+ x=1\n'],
  ["trap 'echo bye' EXIT; echo hi; exit 3", 'hi\nbye\n', '', 3],
  ["eval 'echo a; x=5'; echo $x", 'a\n5\n'],
  ['echo "y=7" >/tmp/s; . /tmp/s; echo $y', '7\n'],
  ['. /nonexistent; echo after', '', 'sh: .: cannot open /nonexistent: No such file\n', 2],
  ['type cd; command -v echo; command -v nosuch; echo $?', 'cd is a shell builtin\necho\n127\n'],
  ["sh -c 'exit 3' & wait $!; echo $?", '3\n'],
  ['sleep 100 & kill $!; wait $!; echo $?', '143\n'],
  ["trap '' TERM; kill $$; echo alive", 'alive\n'],
  ['kill -9 $$; echo no', '', '', 137],
]);

table('syntax errors', [
  ['fi', '', 'sh: 1: Syntax error: "fi" unexpected\n', 2],
  ['if true; then', '', 'sh: 1: Syntax error: end of file unexpected (expecting "fi")\n', 2],
  ['while true; do done', '', 'sh: 1: Syntax error: "done" unexpected\n', 2],
  ['for x in a; echo', '', 'sh: 1: Syntax error: word unexpected (expecting "do")\n', 2],
  ['for 1 in a; do :; done', '', 'sh: 1: Syntax error: Bad for loop variable\n', 2],
  ['echo )', '', 'sh: 1: Syntax error: ")" unexpected\n', 2],
  ['( echo', '', 'sh: 1: Syntax error: end of file unexpected (expecting ")")\n', 2],
  ['echo "unterminated', '', 'sh: 1: Syntax error: Unterminated quoted string\n', 2],
  ['foo | | bar', '', 'sh: 1: Syntax error: "|" unexpected\n', 2],
  ['&& foo', '', 'sh: 1: Syntax error: "&&" unexpected\n', 2],
  ['echo hi;; echo', '', 'sh: 1: Syntax error: ";;" unexpected\n', 2],
  ['{ echo a', '', 'sh: 1: Syntax error: end of file unexpected (expecting "}")\n', 2],
  ['echo ${x', '', "sh: 1: Syntax error: Missing '}'\n", 2],
  ['echo first\necho second; fi\necho third', 'first\n', 'sh: 2: Syntax error: "fi" unexpected\n', 2],
]);

t.test('a script from stdin, without a terminal, shares stdin with its commands', async (t) => {
  const { machine } = rig();
  const result = await run(
    machine,
    ['sh'],
    'read x\nfrom the script\necho "[$x]"\nif true\nthen echo two\nfi\nexit 4\necho no\n',
  );
  t.same([result.stdout, result.stderr, result.outcome], ['[from the script]\ntwo\n', '', { exitCode: 4 }]);
  t.same((await run(machine, ['ash', '-s'], 'echo ash')).stdout, 'ash\n');
  t.same((await run(machine, ['sh'])).outcome, { exitCode: 0 }, 'no stdin: it ends at once');
  const script = await sh(
    machine,
    'printf \'echo "$0 $1"\\n\' >/tmp/x; chmod +x /tmp/x; /tmp/x arg; sh /tmp/x two; sh /nope',
  );
  t.same(
    [script.stdout, script.stderr],
    ['/tmp/x arg\n/tmp/x two\n', 'sh: 0: cannot open /nope: No such file\n'],
  );
});

t.test('nothing that is typed holds the process up, or grows without end', async (t) => {
  const { machine } = rig();
  const gone = new AbortController();
  const streams = {
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
    onSize: () => {},
    gone: gone.signal,
  };
  const loop = machine.exec(['sh', '-c', 'while :; do :; done'], false, streams);
  const zeros = machine.exec(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1M'], false, streams);
  t.same((await sh(machine, 'echo still here')).stdout, 'still here\n', 'others have their turns');
  gone.abort();
  t.same(await loop, { exitCode: 137 });
  t.same(await zeros, { exitCode: 137 });

  t.match((await sh(machine, 'f() { f | cat; }; f')).stderr, /Cannot fork/);
  const bomb = new AbortController();
  const forks = machine.exec(['sh', '-c', 'f() { f | f; }; f'], false, { ...streams, gone: bomb.signal });
  t.match((await sh(machine, 'sleep 1; echo still here')).stdout, 'still here\n');
  bomb.abort();
  t.same(await forks, { exitCode: 137 });
  t.match((await sh(machine, 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done')).stderr, /Out of space/);
  t.match((await sh(machine, 'f() { f; }; f')).stderr, /recursion depth/);
  t.match((await sh(machine, 'x=$(yes); echo no')).stderr, /Out of space/);
  const deep = '$('.repeat(200);
  t.match((await sh(machine, `echo ${deep}`)).stderr, /too deeply nested/);
  t.match((await sh(machine, `${'( '.repeat(500)} echo`)).stderr, /too deeply nested/);
});
