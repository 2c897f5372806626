// A container's environment as the kubelet makes it: the services of the namespace, then envFrom, then env, with $(NAME) filled in from
// what came before. What is missing is said, never guessed.

import type { Store, StoreKey } from '../objects/store.ts';
import { fieldValue, resourceValue } from './downward.ts';
import {
  CONFIGMAPS,
  type Container,
  type DataObject,
  type EnvVar,
  type KeyRef,
  type Pod,
  SECRETS,
  SERVICES,
  type Service,
  type WholeRef,
} from './kinds.ts';

/** Why a container cannot be made; its message is what the kubelet puts into CreateContainerConfigError. */
export class ConfigProblem extends Error {}

/** Whose environment it is. */
export interface EnvironmentOf {
  readonly store: Store;
  readonly pod: Pod;
  readonly container: Container;
  readonly podIp: string;
}

/** Where the API server is when there is no service that says so. */
const API_SERVICE_IP = '10.96.0.1';
const API_SERVICE_PORT = 443;

/** The variables, in order. @throws ConfigProblem when something is referenced that is not there. */
export function makeEnvironment(of: EnvironmentOf): ReadonlyMap<string, string> {
  const variables = new Map<string, string>(serviceVariables(of));
  for (const { prefix = '', configMapRef, secretRef } of of.container.envFrom ?? []) {
    const data =
      configMapRef !== undefined
        ? wholeData(of, CONFIGMAPS, configMapRef)
        : wholeData(of, SECRETS, secretRef);
    for (const [key, value] of data) variables.set(prefix + key, value.toString('utf8'));
  }
  for (const variable of of.container.env ?? []) {
    const value = variableValue(of, variable, variables);
    if (value !== undefined) variables.set(variable.name, value);
  }
  return variables;
}

/** Fills `$(NAME)` in; `$$` is a dollar, and what is unknown stays as it is written. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole: string, name?: string) => {
    if (name === undefined) return '$';
    return variables.get(name) ?? whole;
  });
}

/**
 * The data of a config map or secret, decoded, in the order of its keys; undefined when there is no such object.
 */
export function readData(
  store: Store,
  key: StoreKey,
  namespace: string,
  name: string,
): ReadonlyMap<string, Buffer> | undefined {
  const object: DataObject | undefined = store.get(key, namespace, name);
  if (object === undefined) return undefined;
  const plain = key.resource === SECRETS.resource ? 'base64' : 'utf8';
  return new Map(
    [
      ...Object.entries(object.data ?? {}).map(([name, text]) => [name, Buffer.from(text, plain)] as const),
      ...Object.entries(object.binaryData ?? {}).map(
        ([name, text]) => [name, Buffer.from(text, 'base64')] as const,
      ),
    ].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** `configmap "x" not found`, as the API server says it to the kubelet. */
export function missingText(key: StoreKey, name: string): string {
  return `${key.resource.slice(0, -1)} "${name}" not found`;
}

function wholeData(
  { store, pod }: EnvironmentOf,
  key: StoreKey,
  reference: WholeRef = {},
): ReadonlyMap<string, Buffer> {
  const { name = '', optional = false } = reference;
  const data = readData(store, key, pod.metadata.namespace ?? '', name);
  if (data === undefined && !optional) throw new ConfigProblem(missingText(key, name));
  return data ?? new Map();
}

function variableValue(
  of: EnvironmentOf,
  { value, valueFrom }: EnvVar,
  variables: ReadonlyMap<string, string>,
): string | undefined {
  if (valueFrom === undefined) return expand(value ?? '', variables);
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  if (configMapKeyRef !== undefined) return keyValue(of, CONFIGMAPS, configMapKeyRef);
  if (secretKeyRef !== undefined) return keyValue(of, SECRETS, secretKeyRef);
  if (fieldRef !== undefined) {
    const found = fieldValue(of.pod, fieldRef.fieldPath, of.podIp);
    if (found === undefined) throw new ConfigProblem(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return found;
  }
  if (resourceFieldRef === undefined) return '';
  const found = resourceValue(of.pod, of.container, resourceFieldRef);
  if (found === undefined)
    throw new ConfigProblem(`unsupported container resource : ${resourceFieldRef.resource}`);
  return found;
}

/** Undefined when it is optional and not there: the variable is left out. */
function keyValue({ store, pod }: EnvironmentOf, key: StoreKey, reference: KeyRef): string | undefined {
  const { name = '', optional = false } = reference;
  const namespace = pod.metadata.namespace ?? '';
  const data = readData(store, key, namespace, name);
  const value = data?.get(reference.key)?.toString('utf8');
  if (value !== undefined || optional) return value;
  if (data === undefined) throw new ConfigProblem(missingText(key, name));
  const kind = key.resource === SECRETS.resource ? 'Secret' : 'ConfigMap';
  throw new ConfigProblem(`couldn't find key ${reference.key} in ${kind} ${namespace}/${name}`);
}

/** kubelet's envvars.FromServices; the API's own service is told of in every namespace. */
function serviceVariables({ store, pod }: EnvironmentOf): [string, string][] {
  const api: Service | undefined = store.get(SERVICES, 'default', 'kubernetes');
  const namespace = pod.metadata.namespace ?? '';
  const others =
    pod.spec?.enableServiceLinks === false ? [] : (store.list(SERVICES, namespace) as readonly Service[]);
  const services = others.filter(
    (service) => !(namespace === 'default' && service.metadata.name === 'kubernetes'),
  );
  return [
    ...services.flatMap(({ metadata, spec }) => {
      const ip = spec?.clusterIP;
      const ports = spec?.ports ?? [];
      return ip === undefined || ip === '' || ip === 'None' ? [] : variablesOf(metadata.name, ip, ports);
    }),
    ...variablesOf(
      'kubernetes',
      api?.spec?.clusterIP ?? API_SERVICE_IP,
      api?.spec?.ports ?? [{ name: 'https', port: API_SERVICE_PORT }],
    ),
  ];
}

function variablesOf(
  service: string,
  ip: string,
  ports: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[],
): [string, string][] {
  const [first] = ports;
  if (first === undefined) return [];
  const prefix = variableName(service);
  const named = ports.filter(({ name }) => name !== undefined && name !== '');
  const url = ({ port, protocol = 'TCP' }: typeof first) => `${protocol.toLowerCase()}://${ip}:${port}`;
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named.map(({ name = '', port }): [string, string] => [
      `${prefix}_SERVICE_PORT_${variableName(name)}`,
      String(port),
    ]),
    [`${prefix}_PORT`, url(first)],
    ...ports.flatMap((one): [string, string][] => {
      const { port, protocol = 'TCP' } = one;
      const start = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      return [
        [start, url(one)],
        [`${start}_PROTO`, protocol.toLowerCase()],
        [`${start}_PORT`, String(port)],
        [`${start}_ADDR`, ip],
      ];
    }),
  ];
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
