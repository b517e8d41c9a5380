/**
 * Serves on more than one core: workers are threads of one process, each with a
 * server of its own.
 *
 * @module
 */

export { serveWorker, type ThisWorker, type WorkerService } from "./serve_worker.ts";
export { serveWorkers, type ServeWorkersOptions } from "./serve_workers.ts";
export { type WorkerAddresses, WorkerServer, type WorkerStats } from "./worker_server.ts";
export type { WorkerState } from "./worker_slot.ts";
