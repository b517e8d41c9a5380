import { assertEquals } from "@std/assert";
import { endOfHead, lists, parseHead, readText } from "../../lib/net/web_socket_answer.ts";

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

Deno.test("a head ends at the first empty line, of either kind", () => {
  assertEquals(endOfHead(bytesOf("HTTP/1.1 101 X\r\nA: b\r\n\r\nrest")), 24);
  assertEquals(endOfHead(bytesOf("HTTP/1.1 101 X\nA: b\n\nrest")), 21);
  const head = "HTTP/1.1 101 X\r\nA: b\r\n\r\n";
  for (let cut = 0; cut < head.length; cut++) {
    assertEquals(endOfHead(bytesOf(head.slice(0, cut))), -1, head.slice(0, cut));
  }
});

Deno.test("a head has a status and fields whose names have no case", () => {
  const head = parseHead(bytesOf("HTTP/1.1 404\r\nOne:two\r\nLIST: a ,B\r\nlist:  c  \r\n\r\n"))!;
  assertEquals(head.status, 404);
  assertEquals([...head.fields], [["one", "two"], ["list", "a ,B, c"]]);
  assertEquals(["a", "b", "c", "d"].map((word) => lists(head, "list", word)), [
    true,
    true,
    true,
    false,
  ]);
  assertEquals(lists(head, "none", "a"), false);
});

Deno.test("what is no head is none", () => {
  for (
    const text of [
      "\r\n\r\n",
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 abc\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    ]
  ) {
    assertEquals(parseHead(bytesOf(text)), undefined, text);
  }
  assertEquals(parseHead(new Uint8Array(100).fill(255)), undefined);
});

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
