import t from 'tap';
import { type Steps, talk } from './talk.ts';

// What a terminal shows at a prompt, byte for byte: the keys of readline and busybox.

const ROWS: readonly (readonly [name: string, steps: Steps, screen: string, code?: number])[] = [
  [
    'a command is echoed and answered, exit ends',
    [
      ['$ ', 'echo hi\r'],
      ['$ ', 'exit 3\r'],
    ],
    '/ $ echo hi\r\nhi\r\n/ $ exit 3\r\n',
    3,
  ],
  [
    'Ctrl-D at the prompt ends with the last code',
    [
      ['$ ', 'false\r'],
      ['$ ', '\x04'],
    ],
    '/ $ false\r\n/ $ \r\n',
    1,
  ],
  [
    'backspace, and DEL',
    [
      ['$ ', 'ehcx\b\x7f\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ ehcx\b \b\b \b\r\nsh: eh: not found\r\n/ $ exit\r\n',
    127,
  ],
  [
    'Ctrl-U erases the line, Ctrl-W a word',
    [
      ['$ ', 'no\x15echo a bc\x17z\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ no\b \b\b \becho a bc\b \b\b \bz\r\na z\r\n/ $ exit\r\n',
  ],
  ['backspace at the start does nothing', [['$ ', '\x7f\x15\x17exit\r']], '/ $ exit\r\n'],
  ['Ctrl-L clears and shows the line again', [['$ ', 'exit\x0c\r']], '/ $ exit\x1b[H\x1b[J/ $ exit\r\n'],
  [
    'Ctrl-C gives the line up',
    [
      ['$ ', 'rubbish\x03'],
      ['$ ', 'echo $?\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ rubbish^C\r\n/ $ echo $?\r\n130\r\n/ $ exit\r\n',
  ],
  [
    'an open quote asks for more, Ctrl-C gives all of it up',
    [
      ['$ ', 'echo "a\r'],
      ['> ', 'b"\r'],
      ['$ ', 'if true\r'],
      ['> ', '\x03'],
      ['$ ', 'exit\r'],
    ],
    '/ $ echo "a\r\n> b"\r\na\r\nb\r\n/ $ if true\r\n> ^C\r\n/ $ exit\r\n',
    130,
  ],
  [
    'a syntax error ends the line only',
    [
      ['$ ', 'fi\r'],
      ['$ ', 'echo $?\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ fi\r\nsh: 1: Syntax error: "fi" unexpected\r\n/ $ echo $?\r\n2\r\n/ $ exit\r\n',
  ],
  [
    'an expansion error too',
    [
      ['$ ', 'echo $((1/0))\r'],
      ['$ ', 'exit 0\r'],
    ],
    '/ $ echo $((1/0))\r\nsh: arithmetic expression: division by zero: "1/0"\r\n/ $ exit 0\r\n',
  ],
  [
    'left and insert',
    [
      ['$ ', 'echo ac\x1b[Db\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ echo ac\bbc\bc\r\nabc\r\n/ $ exit\r\n',
  ],
  [
    'history: up, up, down',
    [
      ['$ ', 'echo 1\r'],
      ['$ ', 'echo 2\r'],
      ['$ ', '\x1b[A\x1b[A\x1b[B\r'],
      ['$ ', 'exit\r'],
    ],
    `/ $ echo 1\r\n1\r\n/ $ echo 2\r\n2\r\n/ $ echo 2${'\b \b'.repeat(6)}echo 1${'\b \b'.repeat(6)}echo 2\r\n2\r\n/ $ exit\r\n`,
  ],
  [
    'home, delete, end',
    [
      ['$ ', 'xecho a\x01\x1b[3~\x05b\r'],
      ['$ ', 'exit\r'],
    ],
    `/ $ xecho a${'\b'.repeat(7)}x\becho a ${'\b'.repeat(7)}echo ab\r\nab\r\n/ $ exit\r\n`,
  ],
  [
    'CR LF of pasted text is one line end; its second line is typed ahead',
    [['$ ', 'echo a\r\nexit\r\n']],
    '/ $ echo a\r\nexit\r\na\r\n/ $ exit\r\n',
  ],
  ['typed ahead: shown again behind its prompt', [['$ ', 'sleep 1\recho b\rexit\r']], ''],
  [
    'UTF-8 is a character, not bytes',
    [
      ['$ ', 'echo aé\x7fü\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ echo aé\b \bü\r\naü\r\n/ $ exit\r\n',
  ],
  [
    'the size is known',
    [
      ['$ ', 'stty size; echo $COLUMNS $LINES; tty\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ stty size; echo $COLUMNS $LINES; tty\r\n24 80\r\n80 24\r\n/dev/pts/0\r\n/ $ exit\r\n',
  ],
  [
    'ls makes columns',
    [
      ['$ ', 'ls -d /tmp /etc\r'],
      ['$ ', 'exit\r'],
    ],
    '/ $ ls -d /tmp /etc\r\n/tmp  /etc\r\n/ $ exit\r\n',
  ],
  [
    'job numbers are told',
    [
      ['$ ', 'sleep 1 &\r'],
      ['$ ', 'wait; exit\r'],
    ],
    '/ $ sleep 1 &\r\n[1] 3\r\n/ $ wait; exit\r\n',
  ],
];

t.test('at a prompt', async (t) => {
  for (const [name, steps, screen, code = 0] of ROWS) {
    const result = await talk(['sh'], steps);
    if (screen !== '') t.equal(result.screen, screen, name);
    else t.match(result.screen, /\/ \$ echo b\r\nb\r\n\/ \$ exit\r\n$/, name);
    t.same(result.outcome, { exitCode: code }, name);
  }
});
