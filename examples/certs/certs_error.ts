/**
 * Why certificates could not be made.
 *
 * @module
 */

/** Certificates could not be made; the message says why, and what to do. */
export class CertsError extends Error {
  override name = "CertsError";
}
