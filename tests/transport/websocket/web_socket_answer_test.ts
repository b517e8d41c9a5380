import { assertEquals } from "@std/assert";
import { parseHead } from "../../../lib/transport/websocket/http_head.ts";
import { readText } from "../../../lib/transport/websocket/web_socket_answer.ts";

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Reads a text that comes in parts, and the first of them with the head. */
function textOf(fields: string, parts: (string | Error)[], most = 64): Promise<string> {
  const head = parseHead(bytesOf(`HTTP/1.1 401 No\r\n${fields}\r\n`))!;
  const bytes = new Uint8Array(most);
  const { written } = new TextEncoder().encodeInto(String(parts.shift() ?? ""), bytes);
  return readText(head, bytes, written, (into) => {
    const part = parts.shift();
    if (part instanceof Error) return Promise.reject(part);
    return Promise.resolve(
      part === undefined ? null : new TextEncoder().encodeInto(part, into).written,
    );
  });
}

Deno.test("a text is read as far as it goes, is allowed and can be read", async () => {
  const failing = new Error("lost");
  assertEquals(await textOf("content-length: 5\r\n", ["hel", "lo and more", failing]), "hello");
  assertEquals(await textOf("content-length: 0\r\n", ["", failing]), "");
  assertEquals(await textOf("", ["to ", "the end"]), "to the end");
  assertEquals(await textOf("content-length: 50\r\n", ["cut ", "off", failing]), "cut off");
  assertEquals(await textOf("content-length: 50\r\n", ["12345678"], 5), "12345");
  assertEquals(await textOf("", ["a\u0007\u001b[31m b\r\nc\u202e"]), "a [31m b c");
  const chunked = "transfer-encoding: chunked\r\n";
  assertEquals(
    await textOf(chunked, ["5\r\nhello\r\n", "6;x=y\r\n world\r\n", "0\r\n\r\n", failing]),
    "hello world",
  );
});
