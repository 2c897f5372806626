// The keys of `sessions`: how long sessions may go on, how a gate leaves, and where all replicas of it tell who is in.

import { Type } from 'typebox';
import { record, textOf } from './keywords.ts';
import { DURATION_PATTERN } from './units.ts';

function duration(defaultValue: string, description: string) {
  return textOf('duration', { default: defaultValue, pattern: DURATION_PATTERN, description });
}

const kubernetes = Type.Optional(
  record(
    {
      namespace: textOf('namespace', {
        default: 'postern',
        description:
          'The namespace whose ConfigMaps hold the list. Take one for this purpose alone: its Roles say who may see and end sessions.',
        examples: ['postern', 'postern-sessions'],
      }),
      cluster: Type.Optional(
        textOf('clusterName', {
          description:
            'Which of `clusters`; its account there keeps the list, so that it needs `identity: Impersonate`. Absent: the only one.',
          examples: ['prod'],
        }),
      ),
    },
    { description: 'The list is kept in ConfigMaps of one of the clusters.' },
  ),
);

const redis = Type.Optional(
  record(
    {
      url: textOf('redisURL', {
        minLength: 1,
        description:
          '`rediss://[USER@]HOST:PORT[/DATABASE]`, which is TLS, verified; `redis://` is without. One server: neither Sentinel nor Cluster.',
        examples: ['rediss://redis.example.com:6379/0'],
        'x-missing': 'write url: rediss://HOST:PORT',
      }),
      passwordFile: textOf('file', {
        default: '',
        description: 'The password, alone in a file; it is read again for each connection. Empty: none.',
        examples: ['/etc/postern/redis-password'],
      }),
      caFile: textOf('file', {
        default: '',
        description: "PEM: the authorities of the server's certificate. Empty: the system's.",
        examples: ['redis-ca.crt'],
      }),
    },
    { description: 'The list is kept in a Redis.' },
  ),
);

/** `sessions`. */
export const sessionsSchema = record(
  {
    idleTimeout: duration(
      '0s',
      'Ends an exec, attach, port-forward or proxy session without traffic for so long. 0s: never.',
    ),
    maxDuration: duration('0s', 'Ends a session after so long, whatever its traffic. 0s: never.'),
    endOnExpiry: Type.Boolean({
      default: true,
      description: "Ends a session when its caller's credential expires.",
    }),
    drainDelay: duration(
      '0s',
      'How long after SIGTERM new connections are still taken, while /readyz says no and callers are asked to connect anew: the time that load balancers need to look away. Behind one with health checks: a little more than interval × failures.',
    ),
    drainTimeout: duration(
      '5m',
      'How long sessions may go on after SIGTERM and `drainDelay`. 0s: not at all.',
    ),
    registry: Type.Optional(
      record(
        { kubernetes, redis },
        {
          description:
            'Where every replica tells who is in, for `postern sessions list` and `end`. Exactly one of the two. Absent: nowhere.',
        },
      ),
    ),
  },
  {
    default: {},
    description: 'Sessions: exec, attach, port-forward, proxy. The longest duration is 596h.',
  },
);
