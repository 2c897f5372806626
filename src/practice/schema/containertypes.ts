// The types of containers: what they run, their environment, probes and security (core/v1 Container).

import {
  bool,
  type Fields,
  int,
  intOrString,
  keyed,
  long,
  many,
  map,
  need,
  one,
  orElse,
  quantity,
  set,
  str,
  strings,
  struct,
} from './builders.ts';
import type { StructType } from './fieldtype.ts';

const OPTIONAL = 'Whether it may be missing.';

const CONTAINER: Fields = {
  args: strings("Arguments of the command; the image's own unless said."),
  command: strings("The program and its first arguments; the image's entry point unless said."),
  env: keyed('core.v1.EnvVar', 'name', 'Environment variables.'),
  envFrom: many('core.v1.EnvFromSource', 'Config maps and secrets whose keys become environment variables.'),
  image: str('The image to run.'),
  imagePullPolicy: str('Always, IfNotPresent or Never; Always for the tag latest, else IfNotPresent.'),
  lifecycle: one('core.v1.Lifecycle', 'What is done after the start and before the end.'),
  livenessProbe: one('core.v1.Probe', 'When this fails, the container is restarted.'),
  name: need(str('Name of the container, unique in the pod.')),
  ports: keyed('core.v1.ContainerPort', 'containerPort protocol', 'Ports that the container listens on.'),
  readinessProbe: one('core.v1.Probe', 'While this fails, services do not send to the pod.'),
  resizePolicy: many(
    'core.v1.ContainerResizePolicy',
    'Whether a change of resources restarts the container.',
  ),
  resources: one('core.v1.ResourceRequirements', 'How much the container needs and may use.'),
  restartPolicy: str('Overrides the restart policy of the pod; Always makes an init container a sidecar.'),
  restartPolicyRules: many(
    'core.v1.ContainerRestartRule',
    'Restarts by exit code; the first that fits counts.',
  ),
  securityContext: one('core.v1.SecurityContext', 'Security settings; they win over those of the pod.'),
  startupProbe: one('core.v1.Probe', 'Until this succeeds, the other probes wait.'),
  stdin: bool('Whether the container has an input that can be attached to.'),
  stdinOnce: bool('Whether the input is closed after the first one that attached leaves.'),
  terminationMessagePath: str('File with the last words of the container; /dev/termination-log unless said.'),
  terminationMessagePolicy: str('File or FallbackToLogsOnError; File unless said.'),
  tty: bool('Whether the container has a terminal; needs stdin.'),
  volumeDevices: keyed('core.v1.VolumeDevice', 'devicePath', 'Block devices of the container.'),
  volumeMounts: keyed('core.v1.VolumeMount', 'mountPath', 'Where volumes of the pod appear.'),
  workingDir: str("Directory that the command starts in; the image's own unless said."),
};

const ENVIRONMENT: readonly StructType[] = [
  struct('core.v1.EnvVar', 'An environment variable.', {
    name: need(str('Its name.')),
    value: str('Its value; $(NAME) is replaced by an earlier variable.'),
    valueFrom: one('core.v1.EnvVarSource', 'Where the value comes from instead.'),
  }),
  struct('core.v1.EnvVarSource', 'Where a value comes from; one of these.', {
    configMapKeyRef: one('core.v1.ConfigMapKeySelector', 'A key of a config map.'),
    fieldRef: one('core.v1.ObjectFieldSelector', 'A field of the pod.'),
    fileKeyRef: one('core.v1.FileKeySelector', 'A key of a file in a volume.'),
    resourceFieldRef: one('core.v1.ResourceFieldSelector', 'A request or limit of a container.'),
    secretKeyRef: one('core.v1.SecretKeySelector', 'A key of a secret.'),
  }),
  struct('core.v1.ConfigMapKeySelector', 'A key of a config map.', {
    key: need(str('The key.')),
    name: str('Name of the config map.'),
    optional: bool(OPTIONAL),
  }),
  struct('core.v1.SecretKeySelector', 'A key of a secret.', {
    key: need(str('The key.')),
    name: str('Name of the secret.'),
    optional: bool(OPTIONAL),
  }),
  struct('core.v1.FileKeySelector', 'A key of a file in a volume.', {
    key: need(str('The key.')),
    optional: bool(OPTIONAL),
    path: need(str('Path of the file inside the volume.')),
    volumeName: need(str('The volume.')),
  }),
  struct('core.v1.ObjectFieldSelector', 'A field of the pod.', {
    apiVersion: str('Version in which the path is written; v1 unless said.'),
    fieldPath: need(str('The path, such as metadata.name.')),
  }),
  struct('core.v1.ResourceFieldSelector', 'A request or limit of a container.', {
    containerName: str('The container; needed in volumes.'),
    divisor: quantity('The unit of the result; 1 unless said.'),
    resource: need(str('Such as limits.memory.')),
  }),
  struct('core.v1.EnvFromSource', 'A config map or secret whose keys become variables.', {
    configMapRef: one('core.v1.ConfigMapEnvSource', 'The config map.'),
    prefix: str('Put before each name.'),
    secretRef: one('core.v1.SecretEnvSource', 'The secret.'),
  }),
  struct('core.v1.ConfigMapEnvSource', 'A config map.', { name: str('Its name.'), optional: bool(OPTIONAL) }),
  struct('core.v1.SecretEnvSource', 'A secret.', { name: str('Its name.'), optional: bool(OPTIONAL) }),
];

const HANDLERS: readonly StructType[] = [
  struct('core.v1.Lifecycle', 'What is done after the start and before the end.', {
    postStart: one('core.v1.LifecycleHandler', 'Done right after the container was made.'),
    preStop: one('core.v1.LifecycleHandler', 'Done before the container is asked to end.'),
    stopSignal: str('The signal that asks the container to end.'),
  }),
  struct('core.v1.LifecycleHandler', 'Something to do; one of these.', {
    exec: one('core.v1.ExecAction', 'Run a command in the container.'),
    httpGet: one('core.v1.HTTPGetAction', 'Send an HTTP request.'),
    sleep: one('core.v1.SleepAction', 'Wait.'),
    tcpSocket: one('core.v1.TCPSocketAction', 'No longer does anything.'),
  }),
  struct(
    'core.v1.Probe',
    'A check that is made again and again; with one of exec, grpc, httpGet, tcpSocket.',
    {
      exec: one('core.v1.ExecAction', 'A command that has to exit with 0.'),
      failureThreshold: int('Failures in a row that count as failed; 3 unless said.'),
      grpc: one('core.v1.GRPCAction', 'A gRPC health check.'),
      httpGet: one('core.v1.HTTPGetAction', 'An HTTP request that has to be answered with 200 to 399.'),
      initialDelaySeconds: int('Seconds after the start before the first check.'),
      periodSeconds: int('Seconds between checks; 10 unless said.'),
      successThreshold: int('Successes in a row that count as well again; 1 unless said.'),
      tcpSocket: one('core.v1.TCPSocketAction', 'A connection that has to open.'),
      terminationGracePeriodSeconds: long('Seconds to end in order after this probe failed.'),
      timeoutSeconds: int('Seconds after which a check failed; 1 unless said.'),
    },
  ),
  struct('core.v1.ExecAction', 'A command, run without a shell.', {
    command: strings('The program and its arguments.'),
  }),
  struct('core.v1.HTTPGetAction', 'An HTTP GET request.', {
    host: str('Host to connect to; the pod unless said.'),
    httpHeaders: many('core.v1.HTTPHeader', 'Headers of the request.'),
    path: str('Path of the request.'),
    port: need(intOrString('Port by number or name.')),
    scheme: str('HTTP or HTTPS; HTTP unless said.'),
  }),
  struct('core.v1.HTTPHeader', 'A header.', {
    name: need(str('Its name.')),
    value: need(str('Its value.')),
  }),
  struct('core.v1.SleepAction', 'A wait.', { seconds: need(long('How many seconds.')) }),
  struct('core.v1.TCPSocketAction', 'A TCP connection.', {
    host: str('Host to connect to; the pod unless said.'),
    port: need(intOrString('Port by number or name.')),
  }),
  struct('core.v1.GRPCAction', 'A gRPC health check.', {
    port: need(int('The port.')),
    service: str('The service that is asked for.'),
  }),
];

const SECURITY: readonly StructType[] = [
  struct('core.v1.SecurityContext', 'Security settings of a container.', {
    allowPrivilegeEscalation: bool('Whether a process may get more rights than its parent.'),
    appArmorProfile: one('core.v1.AppArmorProfile', 'The AppArmor profile.'),
    capabilities: one('core.v1.Capabilities', 'Linux capabilities to add and to drop.'),
    privileged: bool('Whether the container has the rights of root on the node.'),
    procMount: str('Default or Unmasked: how /proc is mounted.'),
    readOnlyRootFilesystem: bool('Whether the file system of the image cannot be written to.'),
    runAsGroup: long('Group id of the process.'),
    runAsNonRoot: bool('Whether the container is refused if it would run as root.'),
    runAsUser: long('User id of the process.'),
    seLinuxOptions: one('core.v1.SELinuxOptions', 'The SELinux label.'),
    seccompProfile: one('core.v1.SeccompProfile', 'The filter of system calls.'),
    windowsOptions: one('core.v1.WindowsSecurityContextOptions', 'Settings for Windows.'),
  }),
  ...['core.v1.AppArmorProfile', 'core.v1.SeccompProfile'].map((name) =>
    struct(name, 'A profile of what processes may do.', {
      localhostProfile: str('A profile on the node, for Localhost.'),
      type: need(str('RuntimeDefault, Unconfined or Localhost.')),
    }),
  ),
  struct('core.v1.Capabilities', 'Linux capabilities.', {
    add: strings('Given beside the usual ones.'),
    drop: strings('Taken away.'),
  }),
  struct('core.v1.SELinuxOptions', 'An SELinux label.', {
    level: str('Its level.'),
    role: str('Its role.'),
    type: str('Its type.'),
    user: str('Its user.'),
  }),
  struct('core.v1.WindowsSecurityContextOptions', 'Security settings for Windows.', {
    gmsaCredentialSpec: str('A group managed service account, written out.'),
    gmsaCredentialSpecName: str('A group managed service account by name.'),
    hostProcess: bool('Whether the container runs as a process of the node.'),
    runAsUserName: str('User of the process.'),
  }),
];

/** Container and what it holds. */
export const CONTAINER_TYPES: readonly StructType[] = [
  struct('core.v1.Container', 'A container of a pod.', CONTAINER),
  struct('core.v1.EphemeralContainer', 'A container that is put into a running pod for debugging.', {
    ...CONTAINER,
    targetContainerName: str('The container whose processes it sees.'),
  }),
  struct('core.v1.ContainerPort', 'A port that a container listens on.', {
    containerPort: need(int('The port, 1 to 65535.')),
    hostIP: str("The node's address for hostPort."),
    hostPort: int('A port of the node that leads here.'),
    name: str('Name by which services can say the port.'),
    protocol: orElse(str('TCP, UDP or SCTP; TCP unless said.'), 'TCP'),
  }),
  struct('core.v1.ContainerResizePolicy', 'What a change of one resource does.', {
    resourceName: need(str('cpu or memory.')),
    restartPolicy: need(str('NotRequired or RestartContainer.')),
  }),
  struct('core.v1.ContainerRestartRule', 'When a container is restarted.', {
    action: need(str('Restart or RestartAllContainers.')),
    exitCodes: one('core.v1.ContainerRestartRuleOnExitCodes', 'The exit codes that it is about.'),
  }),
  struct('core.v1.ContainerRestartRuleOnExitCodes', 'Exit codes.', {
    operator: need(str('In or NotIn.')),
    values: set('integer', 'The codes.'),
  }),
  struct('core.v1.ResourceRequirements', 'How much is needed and may be used.', {
    claims: keyed('core.v1.ResourceClaim', 'name', 'Devices, by claims of the pod.'),
    limits: map('quantity', 'The most that may be used.'),
    requests: map('quantity', 'The least that is set aside; the limits unless said.'),
  }),
  struct('core.v1.ResourceClaim', 'A claim of the pod that a container uses.', {
    name: need(str('Name of the claim in the pod.')),
    request: str('Only this request of the claim.'),
  }),
  struct('core.v1.VolumeDevice', 'A block device.', {
    devicePath: need(str('Where it appears in the container.')),
    name: need(str('The volume.')),
  }),
  struct('core.v1.VolumeMount', 'Where a volume appears.', {
    mountPath: need(str('Path in the container.')),
    mountPropagation: str('None, HostToContainer or Bidirectional: how later mounts show.'),
    name: need(str('The volume.')),
    readOnly: bool('Whether it cannot be written to.'),
    recursiveReadOnly: str('Disabled, IfPossible or Enabled: read-only for mounts below too.'),
    subPath: str('Only this path of the volume.'),
    subPathExpr: str('The same with variables, such as $(POD_NAME).'),
  }),
  ...ENVIRONMENT,
  ...HANDLERS,
  ...SECURITY,
];
