/** Whether something is forgotten, as the garbage collector sees it. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Runs the collector, and says whether nobody held that object any more. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  // A weak reference that was just made lasts until the end of the turn.
  // deno-lint-ignore internode/no-sleep -- the turn itself is to end, and nothing tells that it has
  await new Promise<void>((resolve) => setTimeout(resolve));
  collect();
  return ref.deref() === undefined;
}
