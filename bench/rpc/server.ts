/**
 * The process of a bench that answers: one node with plain handlers, a service,
 * and a raw echo for the floor.
 *
 * @module
 */

import process from "node:process";
import { Manager } from "@internode/grid";
import { implement, listen, serve } from "@internode/grid/call";
import { type Inspectable, inspectionOf } from "../../lib/rpc/inspection/inspectable.ts";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { serveOneWay } from "../bytes/one_way.ts";
import { acquire, bulk, Echo, echo, lentEcho, streams } from "./contracts.ts";
import { measurePauses } from "../support/pauses.ts";
import { ownCpu, ownCpuUs } from "../support/process_cpu.ts";
import { serveFloor } from "./floor.ts";
import { reachedBy, type RpcPlan } from "./plan.ts";

/** What answers. */
export interface ServedBench extends AsyncDisposable {
  /** Begins or ends counting calls. */
  count(isCounted: boolean): void;
}

/** Counts calls from now on, as `prometheus()` does it, or not any more, which users cannot ask for. */
export function countCalls(isCounted: boolean, ...faces: readonly Inspectable[]): void {
  for (const face of faces) inspectionOf(face).figures.active = isCounted;
}

/** Serves all that is called, until disposed of. */
export async function serveBench(plan: RpcPlan): Promise<ServedBench> {
  const { transport, hosts, spinUs } = plan;
  const identity = plan.identities?.[1] ?? null;
  const reached = reachedBy(transport, identity);
  const own = identity === null ? reached : { tls: identity };
  const manager = new Manager({ local: hosts[1], hosts, spinUs, ...own });
  handleAll(manager, plan.inflight);
  await manager.listen();
  const floor = await serveFloor({ href: plan.floor, identity });
  const oneWay = await serveOneWay({ href: plan.oneWay, identity });
  const echoes = implement(Echo, { echo: (bytes) => bytes });
  const service = serve(await listen(plan.service, echoes, reached), { graceMs: 0, spinUs });
  return {
    count: (isCounted) => countCalls(isCounted, manager, service),
    async [Symbol.asyncDispose](): Promise<void> {
      await service[Symbol.asyncDispose]();
      await oneWay[Symbol.asyncDispose]();
      await floor[Symbol.asyncDispose]();
      await manager.close({ graceMs: 0 });
    },
  };
}

function handleAll(manager: Manager, inflight: number): void {
  const contracts = streams(inflight);
  manager.handle(echo, (bytes) => bytes);
  manager.handle(lentEcho, (bytes) => bytes, { lendRequest: true });
  let token = 0;
  manager.handle(acquire, ({ resources }) => ({ granted: resources.length > 0, token: ++token }));
  manager.handle(bulk, (bytes) => bytes, { lendRequest: true });
  manager.handle(contracts.out, function* (message) {
    for (;;) yield message;
  });
  manager.handle(contracts.in, async (_initial, input) => {
    for await (const _message of input);
  });
  manager.handle(contracts.bytes, async (_initial, input) => {
    for await (const _message of input);
  }, { lendInputs: true });
  manager.handle(contracts.both, (_initial, input) => input);
}

if (import.meta.main) {
  const serving = await serveBench(JSON.parse(process.argv[2]!) as RpcPlan);
  await answerCommands({
    start: () => {},
    cpu: ownCpu,
    cpuUs: ownCpuUs,
    count: serving.count,
    pauses: measurePauses,
  });
  await serving[Symbol.asyncDispose]();
}
