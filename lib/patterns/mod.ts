/**
 * Patterns of clusters: streams that go on after a loss.
 *
 * @module
 */

export type { Attempt, AttemptOptions, Loss } from "./resume/attempt_options.ts";
export { GapError } from "./resume/gap_error.ts";
export { type LoggedOutput, loggedOutput } from "./resume/logged_output.ts";
export {
  type LogReadOptions,
  OutputLog,
  outputLog,
  type OutputLogOptions,
} from "./resume/output_log.ts";
export { resume, type ResumeOptions } from "./resume/resume.ts";
export { resumeUpload, type UploadOptions } from "./resume/resume_upload.ts";
export type { OpenUpload, ResumedUpload, UploadStream } from "./resume/resumed_upload.ts";
export type { OpenStream, ResumedStream } from "./resume/resumed_stream.ts";
