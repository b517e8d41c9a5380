/**
 * Does one job, in a process that may do no more than that. Argument: the job
 * as JSON. Prints what came of it, as JSON.
 *
 * @module
 */

import { InternodeError, Manager, sharedSecret } from "@internode/grid";
import { kubernetesResolver } from "@internode/grid/kubernetes";
import { serveWorkers } from "@internode/grid/workers";
import {
  client,
  connect,
  constantResolver,
  directoryResolver,
  dnsResolver,
  fileResolver,
  implement,
  listen,
  MtlsCredentials,
  mtlsTransports,
  parseNetEndpoint,
  type Resolver,
  serve,
} from "@internode/grid/call";
import { greet, Greeter } from "./contracts.ts";
import type { ClientJob, GridJob, Job, Report, ServeJob, WorkersJob } from "./job.ts";

/** How long a client asks its resolver and dials again before it gives up. */
const TIMEOUT_MS = 2_000;

const warnings: string[] = [];
const ignore = (): void => {};
const keep = (message: string): void => void warnings.push(message);
const logger = { debug: ignore, info: ignore, warn: keep, error: keep };

async function beNode({ local, peer, tls, secretIn, spinUs }: GridJob): Promise<string> {
  const auth = secretIn === undefined ? undefined : sharedSecret(Deno.env.get(secretIn)!);
  await using manager = new Manager({ local, hosts: [local, peer], tls, auth, logger, spinUs });
  await manager.listen();
  // Fails with the first attempt to connect, if that does.
  return await manager.connection(peer).request(greet, "node");
}

async function serveAndCall({ address, tls }: ServeJob): Promise<string> {
  await using credentials = tls && new MtlsCredentials(tls, { logger });
  const transports = credentials && mtlsTransports(credentials);
  const stop = new AbortController();
  const handlers = implement(Greeter, { greet: (name) => `Hello, ${name}!` });
  const listener = await listen(address, handlers, { transports, logger });
  const serving = serve(listener, { signal: stop.signal, logger }).finished;
  try {
    return await call(constantResolver(parseNetEndpoint(listener.address, { transports })));
  } finally {
    stop.abort();
    await serving;
  }
}

async function serveWithWorkersAndCall({ addresses }: WorkersJob): Promise<string> {
  const [first] = addresses;
  await using server = await serveWorkers(new URL("./greeter_worker.ts", import.meta.url), {
    workers: 2,
    address: addresses.length === 1 ? first! : (worker) => addresses[worker - 1]!,
    logger,
  });
  return await call(constantResolver(...server.addresses.map((each) => parseNetEndpoint(each))));
}

function findAndCall({ finds, where, ports }: ClientJob): Promise<string> {
  if (finds === "file") return call(fileResolver({ path: where, logger }));
  if (finds === "directory") return call(directoryResolver({ path: where, logger }));
  if (finds === "kubernetes") {
    return call(kubernetesResolver({ service: "cache", serviceAccountFolder: where, logger }));
  }
  const nameServer = { ipAddr: "127.0.0.1", port: ports!.dns };
  return call(dnsResolver(where, { port: ports!.server, nameServer, logger }));
}

async function call(resolver: Resolver): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  await using connection = await connect(resolver, { logger, signal });
  return await client(Greeter, connection).greet("client", { timeoutMs: TIMEOUT_MS });
}

function work(job: Job): Promise<string> {
  switch (job.kind) {
    case "grid":
      return beNode(job);
    case "serve":
      return serveAndCall(job);
    case "workers":
      return serveWithWorkersAndCall(job);
    case "client":
      return findAndCall(job);
  }
}

async function report(): Promise<Report> {
  try {
    return { said: await work(JSON.parse(Deno.args[0]!)) };
  } catch (error) {
    const isOurs = error instanceof InternodeError;
    return {
      isOurs,
      code: isOurs ? error.code : (error as Error).name,
      message: (error as Error).message,
      warnings,
    };
  }
}

console.log(JSON.stringify(await report()));
