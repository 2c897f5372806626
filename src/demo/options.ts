// What a person can ask of the demo, already checked.

/** What the person asked for. */
export interface DemoOptions {
  /** A loopback address. */
  readonly host: string;
  /** The gate's; 0 is any that is free. */
  readonly port: number;
  readonly json: boolean;
  readonly dir: string | undefined;
  /** The person's own cluster; undefined: the practice cluster. */
  readonly kubeconfig: string | undefined;
  /** Of that file; '' is its current one. */
  readonly context: string;
}
