/**
 * A node with a small heap, whose handlers keep what they are given until their
 * calls are cancelled. It says when it is ready, and runs until its input ends.
 *
 * @module
 */

import process from "node:process";
import { Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { SHAPES } from "../support/memory_shapes.ts";
import { QuietLogger } from "../support/log/quiet.ts";

/** How large its heap may become. */
export const HEAP_MIB = 512;

/** Answers at once. */
export const echo = single("echo");
/** The name by which a shape's values are held by handlers. */
export const heldName = (shape: string): string => `hold ${shape}`;
/** The name by which they are left unread. */
export const unreadName = (shape: string): string => `leave ${shape}`;

/** How many messages of a stream may be unread. */
export const CAPACITY = 64;

if (import.meta.main) {
  const hosts: string[] = JSON.parse(process.argv[2]!);
  await using node = new Manager({ local: hosts[0]!, hosts, logger: new QuietLogger() });
  node.handle(echo, (bytes) => bytes.subarray(0, 1));
  for (const { name, codec } of SHAPES) {
    const held = single(heldName(name), { request: codec, response: t.uint() });
    node.handle(held, (value, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve(value === undefined ? 0 : 1));
      }));
    const unread = stream(unreadName(name), {
      input: codec,
      inputCapacity: CAPACITY,
      outputCapacity: 0,
    });
    node.handle(
      unread,
      (_initial, _input, { signal }) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
    );
  }
  await node.listen();
  console.log("ready");
  for await (const _ of process.stdin);
}
