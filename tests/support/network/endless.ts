/**
 * An answer over HTTP that has no end.
 *
 * @module
 */

const encoder = new TextEncoder();

/** A body that begins and has no end; `onEnd` tells when the other side has had enough. */
export function endless(pieces: readonly string[], onEnd: () => void = () => {}): Response {
  let at = 0;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (at === pieces.length) return new Promise<void>(() => {});
        controller.enqueue(encoder.encode(pieces[at++]));
        return Promise.resolve();
      },
      cancel: onEnd,
    }),
  );
}
