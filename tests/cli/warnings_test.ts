/** What `internode health` warns of, and what is none of its business. @module */

import { single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { describe } from "@internode/grid/reflection";
import { assertEquals } from "@std/assert";
import type { AdminCall } from "../../lib/admin/calls_contract.ts";
import type { AdminHandler } from "../../lib/admin/describe_contract.ts";
import type { AdminFigures, FiguresResponse } from "../../lib/admin/figures_contract.ts";
import type {
  AdminCertificate,
  AdminRemote,
  AdminStatus,
} from "../../lib/admin/status_contract.ts";
import type { Answer } from "../../lib/cli/asking/ask_all.ts";
import type { HostLook } from "../../lib/cli/warnings/host_look.ts";
import { warningsOf } from "../../lib/cli/warnings/warnings_of.ts";

const A = "tcp://a:1", B = "tcp://b:1", C = "tcp://c:1", FAR = "tcp://far:1";
const NOW_MS = Date.UTC(2026, 0, 1), DAY_MS = 86_400_000;

interface Said {
  readonly kind?: string;
  readonly remotes?: readonly (readonly [host: string, state: string, failure?: string])[];
  readonly certificates?: readonly Partial<AdminCertificate>[];
  readonly calls?: readonly Partial<AdminCall>[];
  readonly handlers?: readonly AdminHandler[];
  readonly figures?: HostLook["figures"];
}

function look(host: string, said: Said = {}): Answer<HostLook> {
  const { kind = "grid", remotes = [], certificates = [], calls = [], handlers = [] } = said;
  const status = {
    kind,
    name: host,
    remotes: remotes.map(([other, state, lastFailure = ""]) =>
      ({ host: other, state, lastFailure, identity: null }) as unknown as AdminRemote
    ),
    guests: [],
    certificates: certificates.map((one) => ({ whose: "own", host: "", subject: "", ...one })),
  } as unknown as AdminStatus;
  const well = { ok: true, problems: [] };
  const value: HostLook = {
    health: { ready: well, alive: well },
    status,
    calls: calls.map((one) => ({
      direction: "incoming",
      kind: "single",
      handler: "read",
      host: B,
      state: "running",
      ageMs: 6_000,
      ...one,
    } as AdminCall)),
    handlers,
    figures: said.figures ?? null,
  };
  return { host, value };
}

function silent(host: string, code = "Unreachable"): Answer<HostLook> {
  return { host, problem: { code, message: "It is gone." } };
}

function told(...answers: readonly Answer<HostLook>[]): readonly string[] {
  return warningsOf(answers, { olderMs: 5_000, withinMs: 14 * DAY_MS }, NOW_MS)
    .map(({ host, handler, text }) => `${host} ${handler ?? "-"} ${text}`);
}

function handlerOf(contract: Parameters<typeof describe>[0]): AdminHandler {
  return {
    name: contract.name,
    kind: "single",
    subroutes: [""],
    wireName: contract.name,
    concurrency: Infinity,
    running: 0,
    waiting: 0,
    isGuarded: false,
    description: JSON.stringify(describe(contract)),
  };
}

/** Figures of two moments, two seconds apart. */
function figures(
  before: readonly Partial<AdminFigures>[],
  after: readonly Partial<AdminFigures>[],
  instance = "x",
): HostLook["figures"] {
  const at = (atMs: number, of: string, rows: readonly Partial<AdminFigures>[]): FiguresResponse =>
    ({
      atMs,
      instance: of,
      rows: rows.map((row) => ({
        side: "server",
        kind: "single",
        handler: "read",
        host: B,
        ended: 0,
        failed: new Map(),
        ...row,
      })),
    }) as unknown as FiguresResponse;
  return [at(1_000, "x", before), at(3_000, instance, after)];
}

Deno.test("of hosts that are well there is no warning", () => {
  const remotes = [[A, "connected"], [B, "connected"], [C, "idle"]] as const;
  assertEquals(told(look(A, { remotes }), look(B, { remotes })), []);
});

Deno.test("a host that does not answer has a warning, with what the others say of it", () => {
  const gone = [C, "disconnected", "it said nothing"] as const;
  assertEquals(told(silent(C)), [
    `${C} - It does not answer (Unreachable). No other host was asked.`,
  ]);
  assertEquals(told(silent(B, "PermissionDenied"), silent(C)), [
    `${B} - It cannot be asked (PermissionDenied). No other host answers, either.`,
    `${C} - It does not answer (Unreachable). No other host answers, either.`,
  ]);
  assertEquals(told(look(A), silent(C)), [
    `${C} - It does not answer (Unreachable). No other host that answers knows it by this name.`,
  ]);
  assertEquals(told(look(A, { remotes: [[C, "connected"]] }), silent(C)), [
    `${C} - It does not answer (Unreachable). The other host is still connected with it.`,
  ]);
  assertEquals(told(look(A, { remotes: [gone] }), look(B, { remotes: [gone] }), silent(C)), [
    `${C} - It does not answer (Unreachable). 2 of 2 other hosts are not connected with it: it said nothing.`,
  ]);
});

Deno.test("a host that refuses this tool has not fallen silent", () => {
  assertEquals(told(look(A, { remotes: [[C, "connected"]] }), silent(C, "PermissionDenied")), [
    `${C} - It cannot be asked (PermissionDenied). The other host is still connected with it.`,
  ]);
});

Deno.test("a host that some are not connected with has a warning, whether it was asked or not", () => {
  const remotes = [[FAR, "connecting"], [C, "connected"]] as const;
  assertEquals(
    told(
      look(A, { remotes: [[A, "disconnected"], [C, "connected"], [FAR, "connected"]] }),
      look(B, { remotes }),
      look(C),
    ),
    [`${FAR} - 1 of 2 other hosts are not connected with it (${B}).`],
  );
});

Deno.test("clients of a server come and go", () => {
  assertEquals(told(look(A, { kind: "server", remotes: [["client", "disconnected"]] })), []);
});

Deno.test("calls that take long are told of where they are served", () => {
  const calls = [{ ageMs: 6_000 }, { ageMs: 9_000, host: C }, { handler: "write" }];
  assertEquals(told(look(A, { calls }), look(B, { calls: [{ direction: "outgoing", host: A }] })), [
    `${A} read 2 calls have run for more than 5.0s, the oldest for 9.0s (from ${C}).`,
    `${A} write 1 call has run for more than 5.0s, the oldest for 6.0s (from ${B}).`,
  ]);
});

Deno.test("calls that wait for a place, and those whose callers have left, are told apart", () => {
  const calls = [{ state: "queued" }, { state: "queued" }, { state: "abandoned" }];
  assertEquals(told(look(A, { calls })), [
    `${A} read 3 calls have run for more than 5.0s, the oldest for 6.0s (from ${B}), ` +
    "2 of them in the queue of the handler, 1 of them abandoned by their callers.",
  ]);
});

Deno.test("a stream may be open for as long as it likes, but not wait for its handler", () => {
  const kind = "stream";
  assertEquals(told(look(A, { calls: [{ kind }, { kind, state: "credit" }] })), []);
  assertEquals(told(look(A, { calls: [{ kind, state: "queued" }] })).length, 1);
});

Deno.test("calls to a host that says nothing are told of by those who have made them", () => {
  const call = { direction: "outgoing", host: C } as const;
  const calls = [call, { ...call, handler: "write", state: "connecting", ageMs: 7_000 }];
  assertEquals(told(look(A, { calls }), look(B, { calls: [call] }), silent(C)).slice(1), [
    `${C} - 3 calls wait for it for more than 5.0s: read (2), write (1); ` +
    `the oldest for 7.0s (write from ${A}, for a connection).`,
  ]);
  // One that has not left its caller is not known to the host that it is for.
  assertEquals(told(look(A, { calls }), look(C)), [
    `${C} - 1 call waits for it for more than 5.0s: write (1); ` +
    `the oldest for 7.0s (write from ${A}, for a connection).`,
  ]);
});

Deno.test("failures of a tenth of the calls are a warning, and any for a limit", () => {
  const failed = (code: string, count: number) => new Map([[code, count]]);
  const many = figures([{ ended: 10, failed: failed("HandlerFailed", 4) }], [
    { ended: 30, failed: failed("HandlerFailed", 6) },
    { host: C, ended: 0 },
  ]);
  assertEquals(told(look(A, { figures: many })), [
    `${A} read 1 of 10 calls a second fail, all from ${B}: HandlerFailed (1).`,
  ]);
  const few = figures([], [{ ended: 21, failed: failed("HandlerFailed", 2) }]);
  assertEquals(told(look(A, { figures: few })), []);
  const limit = figures([], [
    { ended: 1_000, failed: failed("Overloaded", 2) },
    { host: C, ended: 1_000, failed: failed("Overloaded", 4) },
  ]);
  assertEquals(told(look(A, { figures: limit })), [
    `${A} read 3 of 1,000 calls a second fail, from 2 hosts: Overloaded (3).`,
  ]);
  const left = figures([], [{ ended: 4, failed: failed("Cancelled", 4) }]);
  assertEquals(told(look(A, { figures: left })), []);
});

Deno.test("failures of a host whose figures were given up meanwhile count from 0", () => {
  const begun = figures([{ ended: 900, failed: new Map([["Overloaded", 8]]) }], [
    { ended: 10, failed: new Map([["Overloaded", 4]]) },
  ]);
  assertEquals(told(look(A, { figures: begun })), [
    `${A} read 2 of 5 calls a second fail, all from ${B}: Overloaded (2).`,
  ]);
});

Deno.test("a process that has begun anew has no failures that can be counted", () => {
  const anew = figures([], [{ ended: 2, failed: new Map([["Overloaded", 2]]) }], "y");
  assertEquals(told(look(A, { figures: anew })), []);
});

Deno.test("failures at a host that was not asked are told of by its callers", () => {
  const failed = new Map([["Unreachable", 4]]);
  const made = (host: string) => figures([], [{ side: "client", host, ended: 4, failed }]);
  assertEquals(told(look(A, { figures: made(FAR) })), [
    `${FAR} read 2 of 2 calls a second fail, all from ${A}: Unreachable (2).`,
  ]);
  // Of others it is known better, or known that they are gone.
  assertEquals(told(look(A, { figures: made(B) }), look(B)), []);
  assertEquals(told(look(A, { figures: made(C) }), silent(C)).length, 1);
  assertEquals(told(look(A, { figures: made("") })), []);
});

Deno.test("certificates that end soon, or have ended", () => {
  const certificates = [
    { subject: "CN=a", expiresMs: NOW_MS + DAY_MS },
    { whose: "authorities", expiresMs: NOW_MS - DAY_MS },
    { expiresMs: NOW_MS + 15 * DAY_MS },
    { whose: "remote", host: FAR, subject: "CN=far", expiresMs: NOW_MS + 2 * DAY_MS },
  ];
  assertEquals(told(look(A, { certificates })), [
    `${A} - Its certificate "CN=a" ends in 1d: 2026-01-02 00:00:00Z.`,
    `${A} - The certificate of an authority that it trusts has ended: 2025-12-31 00:00:00Z.`,
    `${FAR} - Its certificate "CN=far" ends in 2d: 2026-01-03 00:00:00Z.`,
  ]);
});

Deno.test("contracts that are not understood; those that are, are no warning", () => {
  const contractOf = (fields: Parameters<typeof t.record>[0]) =>
    handlerOf(single("read", { request: t.record(fields), response: t.nothing() }));
  const usual = [contractOf({ block: t.uint() })];
  const more = [contractOf({ block: t.uint(), tag: t.optional(t.string()) })];
  const other = [contractOf({ block: t.uint(), tag: t.string() })];
  const handlers = (...each: (readonly AdminHandler[])[]) =>
    told(...each.map((one, at) => look([A, B, C][at]!, { handlers: one })));
  assertEquals(handlers(usual, more), []);
  assertEquals(handlers(usual, other, usual), [
    `${B} read Its contract differs from that of 2 other hosts at request.tag, and calls fail; ` +
    `see "internode breaking ${B} ${A}".`,
  ]);
  assertEquals(handlers(usual, []), []);
});
