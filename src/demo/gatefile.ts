// The demo's gate configuration: a file like any other, with comments for whoever opens it. The gate reads it as `postern serve` would.

import { hostPort } from '../hostport.ts';

/** What differs from demo to demo. */
export interface GateFileFacts {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly issuer: string;
  readonly audience: string;
  /** PEM of the authority that signed the issuer's certificate. */
  readonly caPem: string;
  /** Relative to the configuration, or absolute; context '' is the file's current one. */
  readonly kubeconfig: string;
  readonly context: string;
}

/** Writes the configuration as YAML. */
export function renderGateFile(facts: GateFileFacts): string {
  const quoted = (text: string) => JSON.stringify(text);
  const context = facts.context === '' ? '' : `\n    context: ${quoted(facts.context)}`;
  const indented = facts.caPem.trim().replaceAll('\n', '\n          ');
  return `# The configuration of this demo's gate. It is the same format as in production: try a change and save, the gate takes it up at once
# (its terminal says so, or what is wrong). "postern check --config FILE" explains every mistake.
apiVersion: postern.dev/v1
kind: GateConfiguration

listen:
  address: ${quoted(hostPort(facts.host, facts.port))}   # port 0: any that is free
  tls: {certFile: tls.crt, keyFile: tls.key}

ops:
  address: ${quoted(hostPort(facts.host, 0))}   # /livez /readyz /metrics, plain http: never where the public can reach it

clusters:
  - name: demo
    kubeconfig: ${quoted(facts.kubeconfig)}   # the gate's own account: it may impersonate${context}
    impersonation: Refuse   # "kubectl --as" is for nobody here; with Check, the default, the cluster says who may

authentication:
  jwt:
    # Who may sign tokens, and for whom they must be meant.
    - issuer:
        url: ${quoted(facts.issuer)}
        audiences: [${quoted(facts.audience)}]
        certificateAuthority: |
          ${indented}
      # How a token becomes a Kubernetes user: its e-mail is the name, its "groups" claim lists the groups, its subject is the uid.
      claimMappings:
        username: {claim: email, prefix: ""}
        groups: {claim: groups, prefix: ""}
        uid: {claim: sub}

sessions:
  endOnExpiry: true   # an exec, a port-forward or a watch ends with the token that opened it
  drainTimeout: 1s    # at the end of the demo nobody waits for open sessions
`;
}
