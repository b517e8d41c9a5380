/**
 * Completion for bash.
 *
 * @module
 */

import type { Command } from "./command.ts";
import type { Option } from "./option.ts";

/**
 * The script that makes bash complete a program.
 *
 * @param program What it is called.
 * @param commands Its commands.
 */
export function bashCompletion(program: string, commands: readonly Command[]): string {
  const name = `_${program}`;
  const names = [...commands.map((each) => each.name), "help", "version"];
  const cases = commands.map(({ name: command, options, operands }) => {
    const words = [...Object.keys(options), "help"].map((each) => `--${each}`);
    const [first] = operands, choices = first?.choices;
    const files = operands.some((each) =>
      each.name.includes("FILE") || each.about.includes("FILE")
    );
    return [
      `    ${command})`,
      `      words="${words.join(" ")}"`,
      ...(choices === undefined ? [] : [`      choices="${choices.join(" ")}"`]),
      ...(files ? ["      files=1"] : []),
      "      ;;",
    ].join("\n");
  });
  const values = valuesOf(commands).map(([options, action]) =>
    `    ${options.join("|")}) ${action} ;;`
  );
  return `# Completion of ${program} for bash. Made by "${program} completion bash".
${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="\${COMP_WORDS[1]}" words="" choices="" files=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names.join(" ")}" -- "$current"))
    return
  fi
  case "$before" in
${values.join("\n")}
  esac
  case "$command" in
    help) choices="${names.join(" ")}" ;;
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *)
      if [ -n "$choices" ]; then COMPREPLY=($(compgen -W "$choices" -- "$current"))
      elif [ -n "$files" ]; then COMPREPLY=($(compgen -f -- "$current"))
      else COMPREPLY=($(compgen -W "$words" -- "$current"))
      fi
      ;;
  esac
}
complete -o filenames -F ${name} ${program}
`;
}

/** The options that take values, by what completes these. */
function valuesOf(commands: readonly Command[]): readonly (readonly [string[], string])[] {
  const byAction = new Map<string, Set<string>>();
  for (const { options } of commands) {
    for (const [name, option] of Object.entries(options)) {
      const action = actionOf(option);
      if (action === null) continue;
      const names = byAction.get(action) ?? new Set();
      byAction.set(action, names.add(`--${name}`));
    }
  }
  return [...byAction].map(([action, names]) => [[...names], action]);
}

function actionOf({ placeholder, choices }: Option<unknown>): string | null {
  if (placeholder === null) return null;
  if (choices !== undefined) {
    return `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current")); return`;
  }
  if (placeholder === "FILE") return `COMPREPLY=($(compgen -f -- "$current")); return`;
  if (placeholder !== "CONTEXT") return "return";
  const folder = "${XDG_CONFIG_HOME:-$HOME/.config}/internode";
  return `COMPREPLY=($(compgen -W "$(cd "${folder}" 2>/dev/null && ls *.json 2>/dev/null | sed 's/\\.json$//')" -- "$current")); return`;
}
