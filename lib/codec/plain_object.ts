/**
 * Objects whose keys come from the peer.
 *
 * @module
 */

import { arrayIndex } from "./key_spread.ts";

/** The last key that V8 takes for an array index. */
const LAST_INDEX = "4294967294";

/**
 * Sets a property whose key the peer has chosen. Not for `__proto__`, where the
 * object has a prototype.
 *
 * V8 keeps keys that are array indices in an array, with up to 1,023 holes
 * before each: `{"1023": 1}` takes 12 KiB. It uses a table once there is a key far
 * from all others, and goes on with it after that key is gone.
 *
 * @param object The object; all of its properties were set by this function.
 * @param key The key.
 * @param value The value.
 * @param isTabled Whether an array index was set in this object before.
 * @returns Whether one has been set now.
 */
export function setProperty<T>(
  object: Record<string, T>,
  key: string,
  value: T,
  isTabled: boolean,
): boolean {
  if (!isTabled && arrayIndex(key) >= 0) {
    isTabled = true;
    object[LAST_INDEX] = value;
    delete object[LAST_INDEX];
  }
  object[key] = value;
  return isTabled;
}
