/** Ports that are found free: they differ, and whoever asked can listen at them. @module */

import { assertEquals } from "@std/assert";
import { freePorts } from "../../tools/network/free_ports.ts";
import { NET } from "../support/permitted.ts";

Deno.test({
  name: "free ports differ from each other, and are free as soon as they are told",
  ignore: !NET,
  fn() {
    const ports = freePorts(20);
    assertEquals(new Set(ports).size, 20);
    for (const port of ports) Deno.listen({ hostname: "127.0.0.1", port }).close();
  },
});
