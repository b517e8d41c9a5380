/**
 * The name of a service's method on the wire.
 *
 * @module
 */

import { hexOf } from "../../foreign/hex.ts";
import { invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { sha256 } from "../../runtime/sha256.ts";
import { shown } from "../../foreign/text_of.ts";

/** How much of the hash identifies a method. */
const KEY_BYTES = 16;
/** The longest name of a component or method, in UTF-8 bytes: its length must fit into one byte. */
const MAX_BYTES = 255;

const encoder = new TextEncoder();

/**
 * Identifies a method of a component: a fingerprint of both names, so that
 * names of any length cost the same. Two keys name the same method if and only
 * if their `hex` is equal. Made by {@linkcode makeMethodKey}, once for each
 * method and not for each call.
 */
export class MethodKey {
  /** The component, such as the service's name. */
  readonly component: string;
  /** The method of the component. */
  readonly method: string;
  /** `component.method`, for people: messages, logs and traces. */
  readonly name: string;
  /** The fingerprint in 32 lower-case hex digits: the handler's name on the wire, but see `gridMethod`. */
  readonly hex: string;
  /** The fingerprint's 16 bytes. Not to be changed. */
  readonly bytes: Uint8Array;
  /** The handler's name on the wire: `hex`, and the contract's name for a handler of a grid's node, see `gridMethod`. */
  readonly wireName: string;
  /** The subroute; empty for all methods of services. */
  readonly subroute: string;

  /**
   * Makes a key; users call {@linkcode makeMethodKey}.
   *
   * @param component The component.
   * @param method Its method.
   * @param bytes The fingerprint.
   * @param isGrid Whether `component` is the name of a grid's handler, and `method` its subroute, perhaps empty. Default: `false`.
   */
  constructor(component: string, method: string, bytes: Uint8Array, isGrid: boolean = false) {
    this.component = component;
    this.method = method;
    this.name = method === "" ? component : `${component}.${method}`;
    this.hex = hexOf(bytes);
    this.bytes = bytes;
    this.wireName = isGrid ? component : this.hex;
    this.subroute = isGrid ? method : "";
  }
}

/**
 * Makes the key of a method: the first 16 bytes of the SHA-256 of one byte
 * with the length of the component's name, the name in UTF-8, one byte with
 * the length of the method's name, the name in UTF-8. So `("a.b", "c")` and
 * `("a", "b.c")` have different keys although both read `a.b.c`.
 *
 * The bytes are meant to be the same in every language and version; the
 * vectors in `tests/vectors/method_keys.json` hold some.
 *
 * @param component The component, such as the service's name: 1 to 255 bytes of UTF-8.
 * @param method Its method: 1 to 255 bytes of UTF-8.
 * @returns The key.
 * @throws {InternodeError} `InvalidArgument` for a name that is empty, too long or not Unicode.
 *
 * @example
 * ```ts
 * import { makeMethodKey } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const get = makeMethodKey("cache", "get");
 * assertEquals(get.name, "cache.get");
 * assertEquals(get.hex, "28c58308b6b52e1b97a32686c1f04597");
 * ```
 */
export function makeMethodKey(component: string, method: string): MethodKey {
  const first = nameBytes("component", component), second = nameBytes("method", method);
  const encoded = new Uint8Array(2 + first.length + second.length);
  encoded[0] = first.length;
  encoded.set(first, 1);
  encoded[1 + first.length] = second.length;
  encoded.set(second, 2 + first.length);
  return new MethodKey(component, method, sha256(encoded).slice(0, KEY_BYTES));
}

/**
 * The key of a handler of a grid's node: no fingerprint of any method is equal.
 *
 * @param name The contract's name: 1 to 255 bytes of UTF-8.
 * @param subroute The subroute: at most 255 bytes of UTF-8.
 */
export function makeHandlerKey(name: string, subroute: string): MethodKey {
  const first = nameBytes("handler", name);
  const second = subroute === "" ? new Uint8Array(0) : nameBytes("subroute", subroute);
  const encoded = new Uint8Array(2 + first.length + second.length);
  // The first byte of a method's is the length of its component, and never 0.
  encoded[1] = first.length;
  encoded.set(first, 2);
  encoded.set(second, 2 + first.length);
  return new MethodKey(name, subroute, sha256(encoded).slice(0, KEY_BYTES), true);
}

function nameBytes(what: string, name: string): Uint8Array {
  // Text that is not well-formed Unicode would be changed by UTF-8, and different names would get one key.
  if (typeof name !== "string") {
    throw invalidArgument(`The name of a ${what} must be a string, not ${shown(name)}.`);
  }
  if (!name.isWellFormed()) {
    throw invalidArgument(
      `The name of a ${what} must be well-formed Unicode; ${show(name)} has half a character.`,
    );
  }
  const bytes = encoder.encode(name);
  if (bytes.length >= 1 && bytes.length <= MAX_BYTES) return bytes;
  throw invalidArgument(
    `The name of a ${what} must have 1 to ${MAX_BYTES} bytes of UTF-8; ${
      show(name)
    } has ${bytes.length}.`,
  );
}

function show(name: string): string {
  return quoted(name, 40);
}
