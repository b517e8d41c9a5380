/**
 * Completion for zsh.
 *
 * @module
 */

import type { Command, Operand } from "./command.ts";
import type { Option } from "./option.ts";

/**
 * The script that makes zsh complete a program.
 *
 * @param program What it is called.
 * @param commands Its commands.
 */
export function zshCompletion(program: string, commands: readonly Command[]): string {
  const listed = [
    ...commands.map(({ name, about }) => `${name}:${escaped(about)}`),
    "help:Tells more of a command.",
    "version:Prints the version.",
  ].map((each) => `    '${each}'`);
  const names = commands.map(({ name }) => name).join(" ");
  const cases = commands.map(({ name, options, operands }) => {
    const specs = [
      ...Object.entries(options).map(optionSpec),
      "'--help[print this text]'",
      ...operands.map(operandSpec),
    ];
    return `    ${name})\n      _arguments \\\n        ${specs.join(" \\\n        ")}\n      ;;`;
  });
  return `#compdef ${program}
# Completion of ${program} for zsh. Made by "${program} completion zsh".
_${program}_contexts() {
  local -a contexts
  contexts=(\${XDG_CONFIG_HOME:-$HOME/.config}/internode/*.json(N:t:r))
  compadd -a contexts
}
_${program}() {
  local -a commands
  commands=(
${listed.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    help)
      compadd ${names}
      ;;
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_${program}" ]; then _${program} "$@"; else compdef _${program} ${program}; fi
`;
}

function optionSpec([name, { about, placeholder, choices }]: [string, Option<unknown>]): string {
  const action = choices !== undefined
    ? `(${choices.join(" ")})`
    : placeholder === "FILE"
    ? "_files"
    : placeholder === "CONTEXT"
    ? "_internode_contexts"
    : "";
  const value = placeholder === null ? "" : `:${placeholder}:${action}`;
  return `'*--${name}[${escaped(about)}]${value}'`;
}

function operandSpec({ name, about, choices, isOptional, isRepeated }: Operand): string {
  const files = name.includes("FILE") || about.includes("FILE");
  const action = choices !== undefined ? `(${choices.join(" ")})` : files ? "_files" : "";
  const place = isRepeated === true ? "*:" : isOptional === true ? "::" : ":";
  return `'${place}${escaped(name)}:${action}'`;
}

/** Within single quotes, and where colons and brackets have a meaning. */
function escaped(text: string): string {
  return text.replaceAll("'", "").replace(/[\[\]:\\]/g, "\\$&");
}
