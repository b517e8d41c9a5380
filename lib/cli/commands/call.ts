/**
 * Calls a handler.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import { gridMethod } from "../../call/service/grid_method.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { sentence } from "../../foreign/text_of.ts";
import type {
  SingleDescription,
  StreamDescription,
} from "../../reflection/contract_description.ts";
import { toJson } from "../../reflection/json_value.ts";
import type { SingleContract, StreamContract } from "../../rpc/contract/contract.ts";
import { type Command, command } from "../arguments/command.ts";
import { flag, text, texts } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import type { Printer } from "../output/printer.ts";
import { NO, OK } from "../world/exit_status.ts";
import type { World } from "../world/world.ts";
import { type CalledHandler, metadataOf, prepareCall, valueOf } from "./called_handler.ts";
import { HOST_OPTIONS, withTools } from "./host_command.ts";
import { jsonLines } from "./json_lines.ts";

/** At least so long what comes before the call may take, in milliseconds. */
const PREPARING_MS = 5_000;

/** What a call takes. */
interface CallGiven {
  readonly subroute: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
  /** Whether the values that a stream sends are read from the standard input. */
  readonly readsInput: boolean;
  readonly isJson: boolean;
  /** Whether headers and trailers are shown. */
  readonly showsHeaders: boolean;
}

/** `internode call`. */
export const callCommand: Command = command({
  name: "call",
  about: "Calls a handler with a request in JSON, and prints the response.",
  details:
    "The shapes come from the host: it must describe its contract. A node serves such calls with option calls of admin. Of a stream each output is a line, until it ends or Ctrl-C.",
  operands: [
    { name: "HOST", about: "whom to call, by URL" },
    { name: "HANDLER", about: "the handler's name, as describe lists it" },
    { name: "JSON", about: "the request; - reads it from standard input", isOptional: true },
  ],
  options: {
    subroute: text("which of the handler's names is called", "NAME", ""),
    meta: texts("metadata of the call; may be given again", "KEY=VALUE"),
    headers: flag("shows the headers and trailers of the response, on standard error"),
    stream: flag("sends a stream the values of standard input, one line of JSON each"),
    ...HOST_OPTIONS,
  },
  examples: [
    {
      line: `call tcp://10.0.0.1:9000 disk.free '{"disk": "sda"}'`,
      about: "A single request",
    },
    {
      line: `call tcp://10.0.0.1:9000 sums '{"start": 1}' --stream --meta tenant=blue < numbers`,
      about: "A stream with inputs and metadata",
    },
  ],
  async run({ operands: [host, name, json], options }, world) {
    const given: CallGiven = {
      subroute: options.subroute,
      metadata: metadataOf(options.meta),
      timeoutMs: options.timeout,
      readsInput: options.stream,
      isJson: options.json,
      showsHeaders: options.headers,
    };
    // To connect and to ask for the contract takes its own time, however short the call's is.
    const timeout = options.timeout === undefined
      ? undefined
      : Math.max(options.timeout, PREPARING_MS);
    return await withTools([host!], { ...options, timeout }, world, async ({ tools }) => {
      const client = await tools.connect(host!);
      const end = (): void => void client.close();
      world.signal.addEventListener("abort", end, { once: true });
      try {
        const called = await prepareCall(client, name!, json, world);
        return await callIt(client, called, given, world);
      } finally {
        world.signal.removeEventListener("abort", end);
        await client.close();
      }
    });
  },
});

async function callIt(
  client: AdminClient,
  { contract, method, request }: CalledHandler,
  given: CallGiven,
  world: World,
): Promise<number> {
  try {
    if (contract.kind === "single") {
      await callSingle(client, contract, method, request, given, world);
    } else await callStream(client, contract, method, request, given, world);
    return OK;
  } catch (error) {
    if (world.signal.aborted || !isOwnError(error) || error.code === "InvalidArgument") throw error;
    const { code, message, detail, outcome } = error;
    if (given.isJson) {
      await world.printer.json({ error: { code, message, outcome, detail } });
    } else {
      await world.printer.note(`${code}: ${sentence(message)}`);
      if (detail !== undefined) await world.printer.note(`detail: ${JSON.stringify(detail)}`);
    }
    return NO;
  }
}

async function callSingle(
  { connection }: AdminClient,
  contract: SingleDescription,
  method: object,
  request: unknown,
  { subroute, metadata, timeoutMs, showsHeaders }: CallGiven,
  { printer, signal }: World,
): Promise<void> {
  const listen = (what: string) => (values: Readonly<Record<string, string>>): void => {
    void noteMetadata(printer, what, values);
  };
  const called = gridMethod(method as SingleContract<unknown, unknown>, { subroute });
  const response = await connection.request(called, request, {
    metadata,
    timeoutMs,
    signal,
    waitForReady: false,
    ...(showsHeaders ? { onHeaders: listen("header"), onTrailers: listen("trailer") } : {}),
  });
  await printer.json(toJson(contract.response, response) ?? null);
}

async function callStream(
  { connection }: AdminClient,
  contract: StreamDescription,
  method: object,
  request: unknown,
  { subroute, metadata, timeoutMs, readsInput, showsHeaders }: CallGiven,
  { printer, signal, terminal }: World,
): Promise<void> {
  const { input, output } = contract;
  if (readsInput && input === undefined) {
    throw new UsageError(`${contract.name} takes no inputs. Leave --stream out.`);
  }
  const called = gridMethod(method as StreamContract<unknown, unknown, unknown>, { subroute });
  const stream = connection.stream(called, request, {
    metadata,
    timeoutMs,
    signal,
    waitForReady: false,
  });
  if (showsHeaders) {
    for (const what of ["header", "trailer"] as const) {
      stream[`${what}s`].then((values) => noteMetadata(printer, what, values), () => {});
    }
  }
  const sending = (async () => {
    if (readsInput) {
      for await (const value of jsonLines(terminal.input())) {
        await stream.send(valueOf(input!, value, "An input"));
      }
    }
    if (input !== undefined) stream.end();
  })();
  // What the stream itself throws counts first.
  sending.catch((error) => stream.cancel(error));
  for await (const value of stream) {
    if (output !== undefined) await printer.jsonLine(toJson(output, value));
  }
  if (readsInput) await sending;
}

async function noteMetadata(
  printer: Printer,
  what: string,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [key, value] of Object.entries(values)) {
    await printer.note(`${what} ${key}: ${value}`);
  }
}
