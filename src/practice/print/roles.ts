// The rows of RBAC: roles and clusterroles have the two columns of what has no printer in kube-apiserver (rest.NewDefaultTableConvertor),
// the bindings say what they bind to whom (printRoleBinding of pkg/printers/internalversion/printers.go).

import { type Fields, fieldsOf, itemsOf, textOf } from './fields.ts';
import { AGE, column, NAME, nameOf, objectAge, type Printer, wide } from './printer.ts';

const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Roles and ClusterRoles: NAME and CREATED AT. */
export const ROLES: Printer = {
  columns: [NAME, column('Created At', 'When the object was created.', { type: 'date' })],
  cells: (object) => [nameOf(object), object.metadata.creationTimestamp ?? ZERO_TIME],
};

/** RoleBindings and ClusterRoleBindings: NAME ROLE AGE, and who is bound. */
export const BINDINGS: Printer = {
  columns: [
    NAME,
    column('Role', 'The role that is given.'),
    AGE,
    wide('Users', 'The users that have the role.'),
    wide('Groups', 'The groups whose members have the role.'),
    wide('ServiceAccounts', 'The service accounts that have the role.'),
  ],
  cells: (object, nowMs) => {
    const role = fieldsOf(object['roleRef']);
    const subjects = itemsOf(object['subjects']);
    return [
      nameOf(object),
      `${textOf(role['kind'])}/${textOf(role['name'])}`,
      objectAge(object, nowMs),
      ofKind(subjects, 'User').map(subjectName).join(', '),
      ofKind(subjects, 'Group').map(subjectName).join(', '),
      ofKind(subjects, 'ServiceAccount')
        .map((subject) => `${textOf(subject['namespace'])}/${subjectName(subject)}`)
        .join(', '),
    ];
  },
};

function ofKind(subjects: readonly Fields[], kind: string): readonly Fields[] {
  return subjects.filter((subject) => subject['kind'] === kind);
}

function subjectName(subject: Fields): string {
  return textOf(subject['name']);
}
