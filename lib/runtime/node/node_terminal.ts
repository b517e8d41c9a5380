/**
 * The process's terminal by `node:process`, which Deno, Node and Bun have alike.
 *
 * @module
 */

import { nodeProcess } from "./node_modules.ts";
import type { EndSignal, Terminal, TextOutput } from "../platform/terminal.ts";

const SIGNALS: readonly EndSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The terminal that the process runs in. */
export function nodeTerminal(): Terminal {
  const process = nodeProcess();
  return {
    args: process.argv.slice(2),
    output: outputOf(process.stdout),
    errors: outputOf(process.stderr),
    onSignal,
    input: () => process.stdin as AsyncIterable<Uint8Array>,
    readKeys,
    exit: (status) => process.exit(status),
  };
}

function outputOf(stream: NodeJS.WriteStream): TextOutput {
  // Whoever writes learns it, too; without a listener the process would end.
  stream.on("error", () => {});
  return {
    get isTerminal() {
      return stream.isTTY === true;
    },
    size() {
      const { columns, rows } = stream;
      return stream.isTTY === true && columns > 0 && rows > 0 ? { columns, rows } : null;
    },
    write(text) {
      if (stream.destroyed || stream.writableEnded) return Promise.resolve(false);
      return new Promise((resolve) =>
        stream.write(text, (error?: Error | null) => resolve(!error))
      );
    },
  };
}

function onSignal(listener: (signal: EndSignal) => void): () => void {
  const process = nodeProcess();
  const listeners = SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
  for (const [signal, onOne] of listeners) process.on(signal, onOne);
  return () => {
    for (const [signal, onOne] of listeners) process.off(signal, onOne);
  };
}

function readKeys(onKey: (key: string) => void): (() => void) | null {
  const { stdin } = nodeProcess();
  if (stdin.isTTY !== true) return null;
  const decoder = new TextDecoder();
  const onData = (bytes: Uint8Array): void => onKey(decoder.decode(bytes, { stream: true }));
  stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.resume();
  return () => {
    stdin.off("data", onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
