/** Interceptors and the metadata of answers, on each face. */

import {
  type ClientInterceptor,
  InternodeError,
  type ServerInterceptor,
  single,
  stream,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { onEach } from "./ground.ts";
import { failureOf } from "../support/outcome.ts";

const echo = single("echo", { request: t.uint(), response: t.uint() });
const flow = stream("flow", {
  initial: t.nothing(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 2,
});
const first: Readonly<Record<string, string>> = { first: "yes" };

/** Sets headers before the handler, and trailers behind it. */
const setting: ServerInterceptor = (next) => async (call) => {
  call.context.setHeaders({ by: "interceptor" });
  const result = await next(call);
  call.context.setTrailers({ late: "yes" });
  return result;
};

onEach("interceptors see headers and trailers, and set them", async (face) => {
  const seen: unknown[] = [];
  const see: ClientInterceptor = (next) => async (call) => {
    const result = await next(call);
    if (result.kind === "single") seen.push({ ...result.headers }, { ...result.trailers });
    else seen.push({ ...await result.headers });
    return result;
  };
  await using ground = await face.start({
    handlers: (to) => {
      to.handle(echo, (value, context) => {
        context.setHeaders(first);
        return value;
      });
      to.handle(flow, async function* (_initial, _input, context) {
        context.setHeaders(first);
        yield 1;
      });
    },
    interceptors: { client: [see], server: [setting] },
  });
  const told: unknown[] = [];
  const options = {
    onHeaders: (headers: object) => void told.push({ ...headers }),
    onTrailers: (trailers: object) => void told.push({ ...trailers }),
  };
  const both = { by: "interceptor", first: "yes" }, late = { late: "yes" };
  assertEquals(await ground.request(echo, 1, options), 1);
  assertEquals([seen, told], [[both, late], [both, late]]);
  assertEquals(await ground.request(echo, 1), 1);
  assertEquals(seen.slice(2), [both, late]);
  const call = ground.stream(flow, undefined);
  assertEquals(await Array.fromAsync(call), [1]);
  assertEquals([{ ...await call.headers }, { ...await call.trailers }], [both, late]);
  assertEquals(seen.slice(4), [both]);
});

onEach(
  "of answers to a request that an interceptor repeats only the one that it returns is told",
  async (face) => {
    let repeat: "first" | "last" | "failed" = "last";
    const twice: ClientInterceptor = (next) => async (call) => {
      const one = await next(call);
      const two = await next(call);
      if (repeat === "failed") await next({ ...call, request: 99 } as typeof call);
      return repeat === "first" ? one : two;
    };
    let calls = 0;
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(echo, (value, context) => {
          context.setHeaders({ call: String(++calls) });
          context.setTrailers({ late: String(calls) });
          if (value === 99) throw new Error("no");
          return value;
        }),
      interceptors: { client: [twice] },
    });
    const told: string[] = [];
    const options = {
      onHeaders: (headers: Readonly<Record<string, string>>) =>
        void told.push(`h${headers["call"]}`),
      onTrailers: (trailers: Readonly<Record<string, string>>) =>
        void told.push(`t${trailers["late"]}`),
    };
    await ground.request(echo, 1, options);
    assertEquals(told.splice(0), ["h2", "t2"]);
    repeat = "first";
    await ground.request(echo, 1, options);
    assertEquals(told.splice(0), ["h3", "t3"]);
    repeat = "failed";
    await failureOf(ground.request(echo, 1, options));
    assertEquals(told, ["h7", "t7"]);
  },
);

onEach("headers of a refusal reach the caller", async (face) => {
  await using ground = await face.start({
    handlers: (to) => to.handle(echo, (value) => value),
    interceptors: {
      server: [() => ({ context }) => {
        context.setTrailers({ retry: "never" });
        throw new InternodeError("PermissionDenied", "no");
      }],
    },
  });
  let told = {};
  const call = ground.request(echo, 1, { onTrailers: (trailers) => told = { ...trailers } });
  assertEquals((await failureOf(call)).code, "PermissionDenied");
  assertEquals(told, { retry: "never" });
});
