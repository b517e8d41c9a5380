/**
 * Completion for shells.
 *
 * @module
 */

import { type Command, command } from "../arguments/command.ts";
import { bashCompletion } from "../arguments/bash_completion.ts";
import { zshCompletion } from "../arguments/zsh_completion.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { OK } from "../world/exit_status.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion } as const;
const NAMES = Object.keys(SHELLS) as readonly (keyof typeof SHELLS)[];

/**
 * `internode completion`.
 *
 * @param commands Gives all commands, this one among them.
 */
export function completionCommand(commands: () => readonly Command[]): Command {
  return command({
    name: "completion",
    about: "Prints what makes a shell complete commands, options and contexts.",
    operands: [{ name: "SHELL", about: NAMES.join(" or "), choices: NAMES }],
    options: {},
    examples: [
      {
        line: "completion bash > ~/.local/share/bash-completion/completions/internode",
        about: "For bash",
      },
      { line: "completion zsh > ~/.zfunc/_internode", about: "For zsh, with ~/.zfunc in fpath" },
    ],
    async run({ operands: [shell] }, { printer }) {
      const name = NAMES.find((each) => each === shell);
      if (name === undefined) throw new UsageError(`SHELL must be ${NAMES.join(" or ")}.`);
      await printer.print(SHELLS[name]("internode", commands()));
      return OK;
    },
  });
}
