import { adminContracts } from "@internode/grid/admin";
import type { Codec } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { checkSnapshot } from "@internode/grid/reflection";
import { assert, assertEquals } from "@std/assert";
import { FILES } from "../support/permitted.ts";
import { FACES, openWorld, PLACES } from "./admin_world.ts";

const FILE = new URL("./contracts.json", import.meta.url);

Deno.test({
  name: "tools and nodes of different versions understand each other (--update keeps additions)",
  ignore: !FILES,
  async fn() {
    await checkSnapshot(Object.values(adminContracts), {
      read: () => Deno.readTextFile(FILE),
      write: (text) => Deno.writeTextFile(FILE, text),
      update: Deno.args.includes("--update"),
    });
  },
});

/** As a later version would send it: with more fields, everywhere. */
function later(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(later);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, later(field)]);
  return { ...Object.fromEntries(fields), later: { deep: [1, "two", null] }, more: 7 };
}

function reread<T>(codec: Codec<T>, value: T): T {
  const plain = t.fromBytes(t.dynamic(), t.toBytes(codec, value));
  return t.fromBytes(codec, t.toBytes(t.dynamic(), later(plain)));
}

for (const face of FACES) {
  Deno.test(`answers of a later ${face} are read by an older tool`, async () => {
    await using world = await openWorld(face, PLACES[0]!);
    await using tool = await world.client();
    const status = await tool.status();
    const known = reread(adminContracts.status.response, status);
    assertEquals(
      { ...known, options: {}, stats: {}, remotes: [], guests: [] },
      { ...status, options: {}, stats: {}, remotes: [], guests: [] },
    );
    assertEquals(known.stats["more"], 7, "further figures are passed on");
    const described = await tool.describe({
      handler: face === "grid" ? "internode.status" : undefined,
    });
    assert(described.handlers.length === 1);
    assertEquals(reread(adminContracts.describe.response, described), described);
    const health = await tool.health();
    assertEquals(reread(adminContracts.health.response, health), health);
  });
}

Deno.test("a tool may ask for nothing in particular, and for what only later nodes know", () => {
  for (const contract of Object.values(adminContracts)) {
    if (contract === adminContracts.ping) continue;
    const codec = contract.kind === "single" ? contract.request : contract.initial;
    assertEquals(t.fromBytes(codec as Codec<object>, t.toBytes(t.dynamic(), {})), {});
    assertEquals(t.fromBytes(codec as Codec<object>, t.toBytes(t.dynamic(), { later: 1 })), {});
  }
});
