/**
 * What programs on many nodes need again and again, made of calls and streams:
 * asking many hosts, quorums of them, streams that go on after a loss,
 * topics, and leases.
 *
 * ```ts
 * import { gather, majorityOf } from "@internode/grid/patterns";
 *
 * const voters = [{ host: "a" }, { host: "b" }, { host: "c" }];
 * const { values } = await gather(voters, ({ host }) => `yes from ${host}`, {
 *   need: majorityOf(voters.length),
 * });
 * console.log(values);
 * ```
 *
 * @module
 */

export { gather } from "./gather/gather.ts";
export type {
  AskOptions,
  GatherOptions,
  QuorumOptions,
  SharedCallOptions,
} from "./gather/gather_options.ts";
export type { Gathered } from "./gather/gathered.ts";
export { Gathering } from "./gather/gathering.ts";
export type { HostAnswer, HostFailure, HostResult } from "./gather/host_result.ts";
export { majorityOf } from "./gather/majority.ts";
export { QuorumError } from "./gather/quorum_error.ts";
export type { OwnNode, RequestTarget, StreamTarget } from "./gather/targets.ts";
export { replicas, type ReplicaTarget, type ServiceGatherOptions } from "./gather/replicas.ts";
export { etcdLeases, type EtcdLeasesOptions } from "./lease/etcd_leases.ts";
export { gridLeases, type GridLeasesOptions, type LeaseGrid } from "./lease/grid_leases.ts";
export type {
  Leader,
  LeaderOptions,
  Lease,
  LeaseOptions,
  Leases,
  SingletonOptions,
} from "./lease/lease.ts";
export type { GridLeases, UntilVotingOptions } from "./lease/voting_leases.ts";
export type {
  GridMergeOptions,
  MergeOptions,
  OnError,
  OrderKey,
  ServiceMergeOptions,
  SharedStreamOptions,
} from "./merge/merge_options.ts";
export { mergeStreams } from "./merge/merge_streams.ts";
export { type HostOutput, type Merged, MergedStream } from "./merge/merged_stream.ts";
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
export {
  type JoinedTopic,
  type JoinOptions,
  type SubscribeOptions,
  type TopicStats,
} from "./topic/joined_topic.ts";
export type { SubscribedNode } from "./topic/publisher.ts";
export type { MessageQueue, TopicBatch } from "./topic/message_batches.ts";
export type { Subscription, SubscriptionSource } from "./topic/subscription.ts";
export type { TopicMessage } from "./topic/topic_message.ts";
export { Topic, topic } from "./topic/topic.ts";
export type { SlowPolicy, TopicOptions } from "./topic/topic_options.ts";
