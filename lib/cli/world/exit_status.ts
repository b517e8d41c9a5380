/**
 * What a command's exit status says.
 *
 * @module
 */

/** All is well. */
export const OK = 0;
/** The answer is no: a node is not well, a call has failed, a change breaks, a certificate ends soon. */
export const NO = 1;
/** The command line or the context file makes no sense. */
export const USAGE = 2;
/** Some host did not answer. */
export const UNREACHABLE = 3;
/** The program itself is at fault. */
export const FAULT = 70;

/** What each says, for the help. */
export const STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ["0", "all is well"],
  [
    "1",
    "the answer is no: not healthy, a failed call, a breaking change, a certificate that ends soon",
  ],
  ["2", "the command line or the context file makes no sense"],
  ["3", "some host did not answer, or refuses this tool; what the others said is printed"],
  ["70", "a fault of this program"],
  ["130", "ended by Ctrl-C (143: by SIGTERM, 129: by SIGHUP)"],
];
