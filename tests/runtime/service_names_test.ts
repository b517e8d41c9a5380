import { assertEquals } from "@std/assert";
import { servicePort } from "../../lib/runtime/service_names.ts";

Deno.test("well-known services have their ports, however they are written", () => {
  assertEquals(servicePort("https"), 443);
  assertEquals(servicePort("HTTP"), 80);
  assertEquals(servicePort("xmpp-server"), 5269);
});

Deno.test("other names have none, those of an object's own things included", () => {
  for (const name of ["", "htpps", "toString", "constructor", "__proto__", "443"]) {
    assertEquals(servicePort(name), undefined, name);
  }
});
