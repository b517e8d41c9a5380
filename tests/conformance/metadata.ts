/**
 * Metadata of answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { all, type Case, failure, numbered } from "./case.ts";
import { collect, count, echo, fail } from "./contracts.ts";

/** As much as fits. */
const LONG: Record<string, string> = { long: "x".repeat(4_096 - 8) };

export const METADATA: readonly Case[] = [
  {
    name: "metadata of answers arrives with responses of all sizes, in any number at a time",
    setup: {
      serve: (second) =>
        second.handle(echo, async (bytes, context) => {
          context.setHeaders({ first: `${bytes[0]}` });
          context.setTrailers(LONG);
          if (bytes.length % 2 === 0) await Promise.resolve();
          return bytes;
        }),
    },
    body: async ({ to }) => {
      const sizes = [1, 100, 8_192, 70_001, 300_000];
      await Promise.all(sizes.flatMap((size) =>
        Array.from({ length: 20 }, async (_, first) => {
          const heard: unknown[] = [], bytes = numbered(size, first);
          const hear = (metadata: Readonly<Record<string, string>>) => heard.push({ ...metadata });
          const answer = await to.request(echo, bytes, { onHeaders: hear, onTrailers: hear });
          assertEquals(answer, bytes);
          assertEquals(heard, [{ first: `${first}` }, LONG]);
        })
      ));
    },
  },
  {
    name: "metadata of answers arrives with failures and streams",
    setup: {
      serve: (second) => {
        second.handle(fail, (name, context) => {
          context.setTrailers({ name });
          throw new Error("as asked");
        });
        second.handle(count, function* (many, _, context) {
          context.setHeaders(LONG);
          for (let value = 0; value < many; value++) yield value;
          context.setTrailers({ many: `${many}` });
        });
        second.handle(collect, async (name, input, context) => {
          const read = await all(input);
          context.setHeaders({ name });
          context.setTrailers({ read: `${read.length}` });
        });
      },
    },
    body: async ({ to }) => {
      let heard = "";
      const onTrailers = ({ name = "" }) => void (heard = name);
      await failure(to.request(fail, "it", { onTrailers }), "HandlerFailed");
      assertEquals(heard, "it");
      const counted = to.stream(count, 50);
      assertEquals({ ...await counted.headers }, LONG);
      assertEquals((await all(counted)).length, 50);
      assertEquals({ ...await counted.trailers }, { many: "50" });
      const collecting = to.stream(collect, "numbers");
      for (let value = 0; value < 10; value++) await collecting.send(value);
      collecting.end();
      assertEquals({ ...await collecting.headers }, { name: "numbers" });
      assertEquals({ ...await collecting.trailers }, { read: "10" });
    },
  },
];
