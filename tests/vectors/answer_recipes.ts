/** How the frames of the vectors with the metadata of answers come about. */

import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, rawCodec } from "../support/session/calls.ts";
import {
  answerMetadata,
  finish,
  type FrameRecipe,
  ID,
  responder,
  stream,
} from "./recipe_makers.ts";

/** All of them. */
export const ANSWER_RECIPES: readonly FrameRecipe[] = [
  {
    name: "response with metadata",
    description: "headers etag = a1, no trailers, 3 bytes behind them",
    make: responder(
      FrameType.response,
      (kept) => finish(kept, numbered(3), answerMetadata({ etag: "a1" }, {})),
    ),
  },
  {
    name: "headers of a stream",
    description: "output 0 is metadata: headers etag = a1",
    make: responder(FrameType.output, (kept) => {
      const metadata = answerMetadata({ etag: "a1" }, {});
      stream(kept).responder.sendMetadata(stream(kept), metadata, 1000, () => {});
    }),
  },
  {
    name: "trailers of a stream",
    description: "output 1 is metadata: trailers sum = ff",
    make: responder(FrameType.output, (kept) => {
      stream(kept).send!.send(rawCodec, numbered(7));
      const metadata = answerMetadata({}, { sum: "ff" });
      stream(kept).responder.sendMetadata(stream(kept), metadata, 1000, () => {});
    }, 1),
  },
  {
    name: "end of a stream without outputs, with metadata",
    description: "headers etag = a1, trailers sum = ff",
    make: responder(FrameType.outputEnd, (kept, peer) => {
      peer.send(peer.open(ID | 2, 0, 1));
      const last = kept.streams[1]!, metadata = answerMetadata({ etag: "a1" }, { sum: "ff" });
      last.responder.finishStream(last, 1000, undefined, metadata);
    }),
  },
];
