import { VirtualClock } from "@internode/grid/testing";
import type { HandlerContext } from "@internode/grid";
import { assert, assertEquals } from "@std/assert";
import { AdminService } from "../../lib/admin/admin_service.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { LogLevelControl } from "../../lib/admin/log_level_control.ts";
import type { LogLevel } from "../../lib/foreign/log_event.ts";
import type { Inspection } from "../../lib/rpc/inspection/inspection.ts";

function controlled(): {
  clock: VirtualClock;
  face: { logLevel: LogLevel };
  control: LogLevelControl;
} {
  const clock = new VirtualClock(), face = { clock, logLevel: "warn" as LogLevel };
  return { clock, face, control: new LogLevelControl(face as unknown as Inspection) };
}

Deno.test("a level that is set for a while goes back by itself", async () => {
  const { clock, face, control } = controlled();
  control.set("debug", 60_000);
  assertEquals(control.now, { level: "debug", usual: "warn", untilMs: clock.wallNow() + 60_000 });
  await clock.advance(59_999);
  assertEquals(face.logLevel, "debug");
  await clock.advance(1);
  assertEquals([face.logLevel, control.now.untilMs], ["warn", null]);
});

Deno.test("setting it again forgets the time before, and reset ends it", async () => {
  const { clock, face, control } = controlled();
  control.set("debug", 60_000);
  control.set("info", Infinity);
  await clock.advance(100_000);
  assertEquals(face.logLevel, "info");
  control.set("debug", 60_000);
  control.reset();
  assertEquals([face.logLevel, control.now.untilMs], ["warn", null]);
  control.set("error", Infinity);
  await clock.advance(100_000);
  assertEquals(face.logLevel, "error");
});

Deno.test("it is set back when the admin service closes, which tells who has set it", () => {
  const { face } = controlled(), logger = new QuietLogger();
  const service = new AdminService(Object.assign(face, { logger, name: "a node" }) as never, null);
  const context = { caller: "ops", identity: undefined } as HandlerContext;
  assertEquals(service.logLevel({ level: "debug" }, context).level, "debug");
  service.close();
  assertEquals(face.logLevel, "warn");
  assert(logger.has('"ops" at  sets the log level to debug until it is reset'), logger.lines[0]);
});
