import { assert, assertEquals, assertMatch } from "@std/assert";
import { InternodeError } from "../../../../lib/errors.ts";
import { parseHostAddress } from "../../../../lib/runtime/host_address.ts";
import { requestUpgrade } from "../../../../lib/transport/websocket/web_socket_dialler.ts";
import { acceptOf } from "../../../../lib/transport/websocket/web_socket_key.ts";
import { type AnswerCase, answerCases } from "./answer_cases.ts";
import { WireEnd } from "./wire_end.ts";

const CHOPS: readonly number[] = [1, 2, 5, Infinity];
const ADDRESS = parseHostAddress("ws://node-1.example:9000");
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** A host that answers once it has been asked. */
class AnsweringEnd extends WireEnd {
  readonly #answer: AnswerCase["answer"];
  #hasAnswered = false;

  constructor(answer: AnswerCase["answer"], chopBytes: number) {
    super(new Uint8Array(0), chopBytes);
    this.#answer = answer;
  }

  override async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      const request = new TextDecoder().decode(this.written);
      const [, key] = /\r\nSec-WebSocket-Key: (\S+)\r\n/.exec(request)!;
      this.say(latin1(this.#answer(await acceptOf(key!))));
      this.leave();
    }
    return await super.read(into);
  }
}

async function ask({ name, answer, says }: AnswerCase, chopBytes: number): Promise<void> {
  const where = `${name}, ${chopBytes} bytes at a time`;
  const wire = new AnsweringEnd(answer, chopBytes);
  let failure: string | null = null;
  try {
    await requestUpgrade(wire, ADDRESS, { host: ADDRESS, path: "/internode", token: undefined });
  } catch (error) {
    assert(error instanceof InternodeError, `${where}: ${error}`);
    failure = error.message;
  }
  if (says === null) assertEquals(failure, null, where);
  else assertMatch(failure ?? "it was agreed", says, where);
}

Deno.test(`RFC 6455 as client: answers, ${answerCases.length} cases`, async () => {
  for (const one of answerCases) {
    for (const chopBytes of CHOPS) await ask(one, chopBytes);
  }
});

Deno.test("RFC 6455 as client: the answers are many, and each stands once", () => {
  const names = answerCases.map(({ name }) => name);
  assert(names.length >= 90, `${names.length} cases`);
  assertEquals(new Set(names).size, names.length);
});
