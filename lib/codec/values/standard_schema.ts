/**
 * The Standard Schema interface, version 1, as much of it as is used here.
 * The specification: https://standardschema.dev
 *
 * @module
 */

/**
 * What zod, valibot, arktype and others offer under `~standard`.
 *
 * @typeParam Input What the schema takes.
 * @typeParam Output What it makes of it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The interface proper. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/**
 * The properties of a {@linkcode StandardSchema}.
 *
 * @typeParam Input What the schema takes.
 * @typeParam Output What it makes of it.
 */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** The specification's version. */
  readonly version: 1;
  /** Who made the schema, such as `zod`. */
  readonly vendor: string;
  /** Judges a value. */
  readonly validate: (
    value: unknown,
  ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  /** Exists in types alone. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/**
 * A verdict: a value, or issues.
 *
 * @typeParam Output What the schema makes of a value.
 */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] };

/** Something that is wrong with a value. */
export interface StandardSchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where, as keys or objects that hold a key. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
