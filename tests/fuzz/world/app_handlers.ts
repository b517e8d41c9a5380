/**
 * Handlers of a side that is fuzzed: they answer now, later, never, or wrongly.
 *
 * @module
 */

import { InternodeError } from "../../../lib/errors.ts";
import type { HandlerTarget } from "../../../lib/session/calls/handler_target.ts";
import type { Responder } from "../../../lib/session/calls/responder.ts";
import { answerBlocks } from "../../../lib/session/frames/answer_metadata.ts";
import { encodeMetadata } from "../../../lib/session/frames/metadata.ts";
import { rawCodec, takePayload } from "../../support/session/calls.ts";
import type { App } from "./app.ts";
import { ServedCall, ServedStream } from "./app_calls.ts";
import { ABSENT_LENGTH, NULL_LENGTH, payloadOf } from "../pattern.ts";

/** Their names; a name's place is what steps mean it by. `nobody` has no handler. */
export const HANDLER_NAMES = ["echo", "keep", "flow", "fail", "burst", "nest", "nobody"] as const;

/** Metadata of answers: headers, trailers and both. */
export const TOLD: readonly Uint8Array<ArrayBuffer>[] = [
  answerBlocks(encodeMetadata({ version: "7" }), null),
  answerBlocks(null, encodeMetadata({ sum: "ff", long: "x".repeat(1_500) })),
  answerBlocks(encodeMetadata({ "": "" }), encodeMetadata({ sum: "ff" })),
];

const DETAIL = new Uint8Array([0x93, 1, 2, 3]);

/** What a handler throws. */
export const FAILED: InternodeError = new InternodeError("HandlerFailed", "by chance", {
  outcome: "executed",
  remoteName: "TypeError",
});

/** The handlers by name. */
export function handlers(app: App): Map<string, HandlerTarget> {
  return new Map<string, HandlerTarget>([
    ["echo", {
      onRequest(responder, id, kind, reader) {
        answer(
          app,
          responder,
          id,
          () => responder.respond(id, rawCodec, takePayload(kind, reader)),
        );
      },
      onOpen(responder, id) {
        responder.respondError(id, NO_STREAM, null);
      },
    }],
    ["keep", {
      onRequest(responder, id, _kind, _reader, deadlineMs) {
        const call = new ServedCall(app, id, deadlineMs);
        responder.acceptCall(call);
        app.requests.push(call);
      },
      onOpen(responder, id, _kind, _reader, deadlineMs, _metadata, output, input) {
        accept(app, responder, id, deadlineMs, output, input);
      },
    }],
    ["flow", {
      onRequest(responder, id, _kind, reader) {
        const length = Math.min(3 * reader.remaining, app.maxSendBytes);
        const payload = payloadOf(id, length), told = TOLD[length % 4] ?? null;
        answer(app, responder, id, () => responder.respond(id, rawCodec, payload, null, told));
      },
      onOpen(responder, id, _kind, _reader, deadlineMs, _metadata, output, input) {
        const stream = accept(app, responder, id, deadlineMs, output, input);
        stream.autoRead = stream.echoes = true;
        stream.onInput = (length) => app.send(stream, Math.min(length, app.maxSendBytes), false);
        stream.onInputEnd = () => responder.finishStream(stream, app.nowMs);
      },
    }],
    ["fail", {
      onRequest(responder, id, kind) {
        responder.respondError(id, FAILED, kind === 0 ? DETAIL : null, TOLD[kind]);
      },
      onOpen(responder, id, _kind, _reader, deadlineMs, _metadata, output, input) {
        const stream = accept(app, responder, id, deadlineMs, output, input);
        app.send(stream, 20, false);
        responder.failCall(stream, FAILED, DETAIL, app.nowMs, output > 0 ? TOLD[1] : TOLD[2]);
      },
    }],
    ["burst", {
      onRequest(responder, id) {
        answer(app, responder, id, () => responder.respond(id, rawCodec, null));
      },
      onOpen(responder, id, _kind, _reader, deadlineMs, _metadata, output, input) {
        const stream = accept(app, responder, id, deadlineMs, output, input);
        stream.autoRead = true;
        app.tell(stream, TOLD[0]!);
        for (const length of [0, 5, NULL_LENGTH, 3_000, ABSENT_LENGTH]) {
          app.send(stream, length, true);
        }
        app.tell(stream, TOLD[1]!);
        responder.finishStream(stream, app.nowMs, undefined, TOLD[2]);
      },
    }],
    ["nest", {
      // Calls and cancels while it is called: nothing may be half done meanwhile.
      onRequest(responder, id) {
        app.request(0, 9, 0);
        app.cancel(0);
        answer(app, responder, id, () => responder.respond(id, rawCodec, undefined));
        app.answer(0, 4);
      },
      onOpen(responder, id, _kind, _reader, deadlineMs, _metadata, output, input) {
        app.open(2, 30, 0, 0x11);
        const stream = accept(app, responder, id, deadlineMs, output, input);
        app.finish(0);
        app.cancel(1);
        stream.echoes = true;
        stream.onInput = () => app.cancel(0);
      },
    }],
  ]);
}

const NO_STREAM = new InternodeError("InvalidArgument", "no stream here", {
  origin: "caller",
  outcome: "notExecuted",
});

function accept(
  app: App,
  responder: Responder,
  id: number,
  deadlineMs: number,
  output: number,
  input: number,
): ServedStream {
  const stream = new ServedStream(app, id, deadlineMs);
  responder.acceptStream(stream, output, input);
  app.served.push(stream);
  return stream;
}

/** What cannot be sent is answered with the reason. */
function answer(app: App, responder: Responder, id: number, respond: () => void): void {
  const error = app.attempt(respond);
  if (error !== null) responder.respondError(id, error, null);
}
