/**
 * Objects whose keys come from the peer.
 *
 * @module
 */

import { arrayIndex } from "./key_spread.ts";

/** The last key that V8 takes for an array index. */
const LAST_INDEX = "4294967294";
/** Below it an array index takes little room in any case. */
const SMALL_INDEX = 4;
/** From here on V8 chooses a table by itself, if it is the first array index of its object. */
const FAR_INDEX = 1_024;

/** What array indices an object has among its keys: none, small ones, or any, in a table. */
export type IndexKeys = "none" | "small" | "tabled";

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
 * @param has What array indices it has; at first `none`.
 * @returns What it has now.
 */
export function setProperty<T>(
  object: Record<string, T>,
  key: string,
  value: T,
  has: IndexKeys,
): IndexKeys {
  const index = has === "tabled" ? -1 : arrayIndex(key);
  if (index >= 0) {
    if (index < SMALL_INDEX) has = "small";
    else {
      if (has === "small" || index < FAR_INDEX) {
        object[LAST_INDEX] = value;
        delete object[LAST_INDEX];
      }
      has = "tabled";
    }
  }
  object[key] = value;
  return has;
}
