/**
 * What processes of examples report: lines of JSON on their standard output.
 *
 * @module
 */

import { mergeReadableStreams, TextLineStream } from "@std/streams";

/** Reads what a process says. */
export interface ReportListener<Report> {
  /** It has reported something: a line of JSON that begins with `{"report":`. */
  onReport(report: Report): void;
  /** It has printed something else, such as a warning. */
  onText(line: string): void;
}

/** Reports to whoever has started this process. */
export function report<Report extends { readonly report: string }>(what: Report): void {
  console.log(JSON.stringify(what));
}

/** Reads the output of a process until it ends. */
export async function readReports<Report>(
  { stdout, stderr }: Deno.ChildProcess,
  listener: ReportListener<Report>,
): Promise<void> {
  const lines = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of mergeReadableStreams(lines(stdout), lines(stderr))) {
    const report = parseReport<Report>(line);
    if (report !== undefined) listener.onReport(report);
    else if (line !== "") listener.onText(line);
  }
}

/** A report; `undefined` for any other text, such as the half line of a killed process. */
function parseReport<Report>(line: string): Report | undefined {
  if (!line.startsWith('{"report":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
