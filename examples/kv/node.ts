/** The process of one node; run/processes.ts says what its argument is. @module */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { Manager } from "@internode/grid";
import { KvStore } from "./store.ts";

const { local, hosts, ring, file } = JSON.parse(process.argv[2]!);
const grid = new Manager({ local, hosts });
const store = new KvStore(grid, ring, {
  load: () => existsSync(file) ? readFileSync(file, "utf8").split("\n").flatMap(parse) : [],
  // A line break comes before each line, so that a line that was cut off spoils no other.
  save: (what) => appendFileSync(file, `\n${JSON.stringify(what)}`),
});
await grid.listen();
console.log(process.pid); // it is ready

await new Promise<void>((stop) => process.once("SIGTERM", stop));
store.settled.close();
await grid.close();

function parse(line: string) {
  try {
    return [JSON.parse(line)];
  } catch {
    return []; // not all of it came to the disk, so nobody was told of it
  }
}
