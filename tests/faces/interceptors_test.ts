/** Interceptors around single requests, on each face. */

import {
  type CallResult,
  type ClientInterceptor,
  contextKey,
  contextValues,
  HandlerError,
  type InterceptedCall,
  InternodeError,
  type Next,
  type ServerInterceptor,
  single,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { onEach } from "./ground.ts";
import { failureOf } from "../support/outcome.ts";

const add = single("add", {
  request: t.uint(),
  response: t.uint(),
  detail: t.record({ missing: t.uint() }),
});

/** Something that both sides may do, told when it begins and ends. */
function noting(notes: string[], name: string) {
  return <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => async (call) => {
    notes.push(`${name} in`);
    const result = await next(call);
    notes.push(`${name} out`);
    return result;
  };
}

onEach("the first of a list is the outermost, on both sides", async (face) => {
  const notes: string[] = [];
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(add, (count) => {
        notes.push("handler");
        return count + 1;
      }),
    interceptors: {
      client: [noting(notes, "c1"), noting(notes, "c2")],
      server: [noting(notes, "s1"), noting(notes, "s2")],
    },
  });
  assertEquals(await ground.request(add, 1), 2);
  assertEquals(
    notes.join(),
    "c1 in,c2 in,s1 in,s2 in,handler,s2 out,s1 out,c2 out,c1 out",
  );
});

onEach("a call shows what is called, by whom, with what", async (face) => {
  const seen: Record<string, unknown>[] = [];
  const note = <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => (call) => {
    const { side, kind, contract, host, subroute, metadata } = call;
    const request = call.kind === "single" ? call.request : undefined;
    seen.push({ side, kind, name: contract.name, host, subroute, ...metadata, request });
    return next(call);
  };
  let caller = "";
  await using ground = await face.start({
    handlers: (to) => to.handle(add, (count, context) => (caller = context.caller, count)),
    interceptors: { client: [note], server: [note] },
  });
  await ground.request(add, 7, { metadata: { tenant: "blue" }, timeoutMs: 5_000 });
  const same = { kind: "single", name: "add", subroute: "", tenant: "blue", request: 7 };
  assertEquals(seen[1], { ...same, side: "server", host: caller });
  assertEquals({ ...seen[0], host: "" }, { ...same, side: "client", host: "" });
});

onEach(
  "a client's interceptor changes request, metadata, time and signal, and the response",
  async (face) => {
    const change: ClientInterceptor = (next) => async (call) => {
      if (call.kind !== "single") return await next(call);
      const request = (call.request as number) * 2, metadata = { ...call.metadata, more: "yes" };
      const result = await next({ ...call, request, metadata, timeoutMs: 1_000 });
      return result.kind === "single"
        ? { ...result, response: Number(result.response) + 1 }
        : result;
    };
    let leftMs = 0;
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(add, (count, { metadata, deadline }) => {
          leftMs = deadline - Date.now();
          return count + (metadata["more"] === "yes" ? 100 : 0);
        }),
      interceptors: { client: [change] },
    });
    assertEquals(await ground.request(add, 3), 107);
    assertEquals(leftMs > 0 && leftMs < 1_010, true, `${leftMs}`);
  },
);

onEach("a server's interceptor changes request and response", async (face) => {
  const change: ServerInterceptor = (next) => async (call) => {
    if (call.kind !== "single") return await next(call);
    const result = await next({ ...call, request: (call.request as number) * 2 });
    return result.kind === "single"
      ? { ...result, response: 5 + (result.response as number) }
      : result;
  };
  await using ground = await face.start({
    handlers: (to) => to.handle(add, (count) => Promise.resolve(count)),
    interceptors: { server: [change] },
  });
  assertEquals(await ground.request(add, 3), 11);
});

for (const code of ["PermissionDenied", "Unauthenticated", "Overloaded"] as const) {
  onEach(`a server's interceptor refuses with ${code}, and no handler runs`, async (face) => {
    let runs = 0;
    await using ground = await face.start({
      handlers: (to) => to.handle(add, () => ++runs),
      interceptors: {
        server: [() => () => {
          throw new InternodeError(code, "not for you");
        }],
      },
    });
    const error = await failureOf(ground.request(add, 1));
    assertEquals([error.code, error.outcome, error.handler, runs], [code, "notExecuted", "add", 0]);
    assertEquals(error.message.endsWith("not for you"), true, error.message);
  });
}

onEach("what a handler throws passes through as it is, its detail too", async (face) => {
  const notes: unknown[] = [];
  const see: ServerInterceptor = (next) => async (call) => {
    try {
      return await next(call);
    } catch (error) {
      notes.push(error);
      throw error;
    }
  };
  const thrown = new HandlerError("not enough", { missing: 2 });
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(add, () => {
        throw thrown;
      }),
    interceptors: { server: [see, see], client: [noting([], "c")] },
  });
  const error = await failureOf(ground.request(add, 1));
  assertEquals([error.code, error.outcome, error.remoteMessage, error.detail], [
    "HandlerFailed",
    "executed",
    "not enough",
    { missing: 2 },
  ]);
  assertEquals(notes, [thrown, thrown]);
});

onEach("an interceptor that fails after the handler has run says so", async (face) => {
  await using ground = await face.start({
    handlers: (to) => to.handle(add, (count) => count),
    interceptors: {
      server: [(next) => async (call) => {
        await next(call);
        throw new InternodeError("Overloaded", "too late");
      }],
    },
  });
  const error = await failureOf(ground.request(add, 1));
  assertEquals([error.code, error.outcome], ["Overloaded", "executed"]);
});

onEach(
  "the codes of connections are not an interceptor's to send, nor the errors of its own calls",
  async (face) => {
    const errors = [
      new InternodeError("Disconnected", "as if"),
      new InternodeError("ProtocolError", "as if"),
      new InternodeError("PermissionDenied", "elsewhere", { host: "tcp://other:1" }),
    ];
    await using ground = await face.start({
      handlers: (to) => to.handle(add, (count) => count),
      interceptors: {
        server: [() => ({ metadata }) => {
          throw errors[Number(metadata["which"])];
        }],
      },
    });
    for (const which of errors.keys()) {
      const error = await failureOf(ground.request(add, 1, { metadata: { which: `${which}` } }));
      assertEquals([error.code, error.outcome], ["HandlerFailed", "notExecuted"]);
    }
  },
);

onEach("an interceptor may answer itself, on either side", async (face) => {
  let runs = 0;
  const answer = (call: InterceptedCall): CallResult | null =>
    call.kind === "single" && call.metadata["by"] === call.side
      ? { kind: "single", response: 40 }
      : null;
  const own = <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => async (call) =>
    answer(call) ?? await next(call);
  await using ground = await face.start({
    handlers: (to) => to.handle(add, (count) => (runs++, count)),
    interceptors: { client: [own], server: [own] },
  });
  assertEquals(await ground.request(add, 1, { metadata: { by: "client" } }), 40);
  assertEquals(await ground.request(add, 1, { metadata: { by: "server" } }), 40);
  assertEquals([runs, await ground.request(add, 1), runs], [0, 1, 1]);
});

onEach("a client's interceptor may call again, with another token", async (face) => {
  const again: ClientInterceptor = (next) => async (call) => {
    try {
      return await next({ ...call, metadata: { token: "old" } });
    } catch (error) {
      if (!(error instanceof InternodeError && error.code === "Unauthenticated")) throw error;
      return await next({ ...call, metadata: { token: "new" } });
    }
  };
  const check: ServerInterceptor = (next) => (call) => {
    if (call.metadata["token"] === "new") return next(call);
    throw new InternodeError("Unauthenticated", "an old token");
  };
  await using ground = await face.start({
    handlers: (to) => to.handle(add, (count) => count),
    interceptors: { client: [again], server: [check] },
  });
  assertEquals(await ground.request(add, 9), 9);
});

onEach(
  "values go from interceptors to handlers, and from callers to their interceptors",
  async (face) => {
    const user = contextKey<string>("user"), priority = contextKey("priority", 1);
    const seen: unknown[] = [];
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(add, (count, { values }) => {
          seen.push(values.get(user), values.get(priority), values.has(priority));
          return count;
        }),
      interceptors: {
        client: [(next) => (call) => {
          seen.push(call.values.get(priority));
          call.values.set(priority, 100);
          return next(call);
        }],
        server: [(next) => (call) => {
          call.values.set(user, "ada");
          return next(call);
        }],
      },
    });
    const values = contextValues().set(priority, 7);
    await ground.request(add, 1, { values });
    await ground.request(add, 1);
    assertEquals(seen, [7, "ada", 1, false, 1, "ada", 1, false]);
    assertEquals(values.get(priority), 7, "a call has a copy");
  },
);
