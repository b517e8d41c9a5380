/**
 * The inner end of a process that is told what to do: the same on Deno, Node and Bun.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";

/** What a process can do, by what it is told. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>;

/**
 * Does what it is told, a line of JSON at a time, and answers each with
 * another, until the standard input closes.
 *
 * @param commands What it can do.
 */
export async function answerCommands(commands: Commands): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, argument] = JSON.parse(line) as [string, never];
    console.log(JSON.stringify(await outcome(commands[name], name, argument)));
  }
}

async function outcome(
  command: Commands[string] | undefined,
  name: string,
  argument: never,
): Promise<object> {
  if (command === undefined) return { error: `there is no command "${name}"` };
  try {
    return { value: await command(argument) ?? null };
  } catch (error) {
    return { error: String(error) };
  }
}
