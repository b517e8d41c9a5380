/**
 * Stands in for a node: prints what it was told, and counts. Run by
 * node_process_test.ts.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";

const lines = Deno.stdin.readable
  .pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
console.error("this is no report");
console.log('{"report":"listening"}');
for await (const line of lines) {
  if (line === "finish") break;
  console.log(line === "rest" ? '{"report":"resting"}' : `told ${JSON.parse(line).node}`);
}
