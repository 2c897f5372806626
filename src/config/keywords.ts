// The vocabulary of the configuration's schema: JSON Schema plus four keywords of our own, which begin with `x-` and which other tools
// ignore. validate.ts applies it, scripts/docs/config.ts prints it.

import { type TSchemaOptions, type TUnsafe, Type } from 'typebox';
import type { FormatName } from './formats.ts';

/** One node of the schema, as far as it is used here. */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'integer';
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** Those with a default may still be absent. */
  readonly required?: readonly string[];
  /** For editors and the reference page; which of several errors is told is the affair of jwtrules.ts. */
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  /** The check that a string must pass: formats.ts. */
  readonly 'x-format'?: FormatName;
  /** What to write where the key is missing. */
  readonly 'x-missing'?: string;
  /** A key that only a later version supports, and what to write instead; `enum` lists the empty forms that are fine. */
  readonly 'x-later'?: string;
  /** Values that only a later version supports, and what to write instead. */
  readonly 'x-laterValues'?: Readonly<Record<string, string>>;
}

type Text = TSchemaOptions & Pick<SchemaNode, 'x-missing'>;

/** A string that passes the named check. */
export function textOf(format: FormatName, options: Text) {
  return Type.String({ 'x-format': format, ...options });
}

/** A string out of a list. */
export function oneOf<const T extends string>(
  values: readonly T[],
  options: Text & Pick<SchemaNode, 'x-laterValues'>,
): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values, ...options });
}

/** A closed object: unknown keys are errors. */
export function record<T extends Parameters<typeof Type.Object>[0]>(properties: T, options: TSchemaOptions) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/**
 * A key of the file format that this version refuses, but for the empty forms. `instead` completes "not supported by this version yet; …".
 */
export function later(description: string, instead: string, emptyForms: readonly unknown[] = []) {
  const accepts = emptyForms.length > 0 ? { enum: emptyForms } : { not: {} };
  return Type.Optional(Type.Unsafe<undefined>({ ...accepts, description, 'x-later': instead }));
}
