/**
 * Tells a name that means a global from one that is a key, a label or declared nearby.
 *
 * @module
 */

/** As much of a syntax node as is looked at here. */
interface LooseNode {
  readonly type: string;
  readonly parent: LooseNode | null | undefined;
  readonly [key: string]: unknown;
}

/**
 * Whether an identifier stands for the global of its name.
 *
 * @param identifier The node, with its chain of parents.
 */
export function isGlobalReference(identifier: Deno.lint.Identifier): boolean {
  const node = identifier as unknown as LooseNode;
  if (isKeyOrLabel(node, node.parent)) return false;
  for (let scope = node.parent; scope; scope = scope.parent) {
    if (declares(scope, identifier.name)) return false;
  }
  return true;
}

function isKeyOrLabel(node: LooseNode, parent: LooseNode | null | undefined): boolean {
  switch (parent?.type) {
    case "MemberExpression":
      return sameNode(parent["property"], node) && parent["computed"] !== true;
    case "TSQualifiedName":
      return sameNode(parent["right"], node);
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
    case "AccessorProperty":
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSAbstractPropertyDefinition":
    case "TSAbstractMethodDefinition":
      return sameNode(parent["key"], node) && parent["computed"] !== true &&
        parent["shorthand"] !== true;
    case "TSEnumMember":
      return sameNode(parent["id"], node);
    case "ImportSpecifier":
    case "ExportSpecifier":
    case "ExportAllDeclaration":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "TSNamedTupleMember":
    case "ImportAttribute":
    case "MetaProperty":
      return true;
    default:
      return false;
  }
}

/** Nodes can be made anew at each look, so their place in the text is what counts. */
function sameNode(a: unknown, b: LooseNode): boolean {
  if (!isNode(a)) return false;
  const [left, right] = [a["range"] as number[], b["range"] as number[]];
  return a.type === b.type && left[0] === right[0] && left[1] === right[1];
}

function isNode(value: unknown): value is LooseNode {
  return typeof value === "object" && value !== null && "type" in value;
}

function nodes(value: unknown): LooseNode[] {
  return Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [];
}

/** Whether a node opens a scope in which it declares the name. */
function declares(scope: LooseNode, name: string): boolean {
  if (nodes(scope["params"]).some((pattern) => binds(pattern, name))) return true;
  switch (scope.type) {
    case "Program":
    case "BlockStatement":
    case "StaticBlock":
    case "TSModuleBlock":
      return nodes(scope["body"]).some((statement) => declaredBy(statement, name));
    case "SwitchStatement":
      return nodes(scope["cases"]).flatMap((one) => nodes(one["consequent"]))
        .some((statement) => declaredBy(statement, name));
    case "ForStatement":
      return nodes(scope["init"]).some((statement) => declaredBy(statement, name));
    case "ForInStatement":
    case "ForOfStatement":
      return nodes(scope["left"]).some((statement) => declaredBy(statement, name));
    case "CatchClause":
      return nodes(scope["param"]).some((pattern) => binds(pattern, name));
    case "FunctionExpression":
    case "ClassExpression":
      return nodes(scope["id"]).some((id) => binds(id, name));
    default:
      return false;
  }
}

function declaredBy(statement: LooseNode, name: string): boolean {
  switch (statement.type) {
    case "ImportDeclaration":
      return nodes(statement["specifiers"])
        .some((specifier) => nodes(specifier["local"]).some((id) => binds(id, name)));
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      return nodes(statement["declaration"]).some((inner) => declaredBy(inner, name));
    case "VariableDeclaration":
      return nodes(statement["declarations"])
        .some((declarator) => nodes(declarator["id"]).some((id) => binds(id, name)));
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSDeclareFunction":
    case "TSEnumDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSModuleDeclaration":
      return nodes(statement["id"]).some((id) => binds(id, name));
    default:
      return false;
  }
}

function binds(pattern: LooseNode, name: string): boolean {
  switch (pattern.type) {
    case "Identifier":
      return pattern["name"] === name;
    case "ObjectPattern":
      return nodes(pattern["properties"]).some((property) => binds(property, name));
    case "Property":
      return nodes(pattern["value"]).some((value) => binds(value, name));
    case "ArrayPattern":
      return nodes(pattern["elements"]).some((element) => binds(element, name));
    case "AssignmentPattern":
      return nodes(pattern["left"]).some((left) => binds(left, name));
    case "RestElement":
      return nodes(pattern["argument"]).some((argument) => binds(argument, name));
    case "TSParameterProperty":
      return nodes(pattern["parameter"]).some((parameter) => binds(parameter, name));
    default:
      return false;
  }
}
