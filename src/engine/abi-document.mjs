/**
 * Writes build/abi.md: the ABI for whoever drives engine.wasm from another language.
 *
 * Everything in it comes from the sources, so that none of it can be out of date: the rules from the header comments of
 * assembly/index.ts and abi.ts, each export from its docstring, each number from abi.ts, the texts of the codes from
 * src/codes.ts. A test holds the file against the exports of the module and against the sources.
 *
 * Comments become Markdown as they are, but for drawings: a paragraph that is indented is a block of its own.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = new URL("../../", import.meta.url);

/** What the messages of codes mean by braces and brackets: errorFromRecord of src/error.ts. */
const STATUS_NOTE = `\`{actual}\` and \`{limit}\` are the two numbers of the error record; a part in square brackets is left out when both are 0.`;

function parse(path) {
  const text = readFileSync(new URL(path, ROOT), "utf8");
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** The text of a block comment without its frame. */
function unframed(comment) {
  return comment
    .replace(/^\/\*\*+\s?|\s*\*\/$/g, "")
    .replace(/^ *\* ?/gm, "")
    .trim();
}

function commentsBefore(source, statement) {
  const ranges = ts.getLeadingCommentRanges(source.text, statement.pos) ?? [];
  return ranges.map(({ pos, end }) => source.text.slice(pos, end));
}

/** The module header. */
function headerOf(source) {
  return unframed(commentsBefore(source, source.statements[0]).find((comment) => comment.startsWith("/**")));
}

/** Title of the section that begins with a statement: `// ---- title ----`. */
function titleBefore(source, statement) {
  return commentsBefore(source, statement)
    .map((comment) => /^\/\/ -+ (.*?) -+$/.exec(comment)?.[1])
    .find((title) => title !== undefined);
}

/** The docstring of a statement: the comment next to it, unless that is the header of the file. */
function docOf(source, statement) {
  const comment = commentsBefore(source, statement).at(-1);
  return comment?.startsWith("/**") ? unframed(comment) : "";
}

/** Markdown of a comment: an indented paragraph that is no list is a drawing. */
function markdown(comment) {
  return comment
    .split(/\n\n+/)
    .map((part) => (/^ {2}(?!- )/.test(part) || /\n {2}\+-/.test(part) ? `\`\`\`text\n${part}\n\`\`\`` : part))
    .join("\n\n");
}

/** A docstring in one line for a cell of a table. */
function cell(text) {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|");
}

/** An exported function: its signature, what it does, parameters, result. */
function functionPart(source, node) {
  const parameters = node.parameters.map((parameter) => parameter.getText(source)).join(", ");
  const [purpose, ...tags] = docOf(source, node).split(/^@/m);
  const lines = tags.map((tag) => {
    const text = cell(tag.trim());
    const [, name, meaning] = /^param (\w+) (.*)$/.exec(text) ?? [];
    return name === undefined ? `- gives ${text.replace(/^returns /, "")}` : `- \`${name}\`: ${meaning}`;
  });
  const signature = `### \`${node.name.text}(${parameters}): ${node.type.getText(source)}\``;
  return [signature, purpose.trim(), ...(lines.length > 0 ? [lines.join("\n")] : [])].join("\n\n");
}

/** The functions that `export { … } from "./file"` names, after the header of that file. */
function forwardedParts(statement) {
  const path = `assembly/${statement.moduleSpecifier.text.slice(2)}.ts`;
  const source = parse(path);
  const names = new Set(statement.exportClause.elements.map(({ name }) => name.text));
  const functions = source.statements.filter((node) => ts.isFunctionDeclaration(node) && names.has(node.name.text));
  if (functions.length !== names.size) throw new Error(`${path}: not all of ${[...names]} are functions`);
  return [markdown(headerOf(source)), ...functions.map((node) => functionPart(source, node))];
}

function exportParts() {
  const source = parse("assembly/index.ts");
  const parts = [];
  for (const statement of source.statements) {
    const title = titleBefore(source, statement);
    if (title !== undefined) parts.push(`## ${title[0].toUpperCase()}${title.slice(1)}`);
    if (ts.isExportDeclaration(statement)) parts.push(...forwardedParts(statement));
    else if (ts.isFunctionDeclaration(statement)) parts.push(functionPart(source, statement));
  }
  return { header: markdown(headerOf(source)), parts };
}

/** The shared numbers by section, each `{ name, value, doc }`. */
function constantSections(source, abi) {
  const sections = [{ title: "version", rows: [] }];
  for (const statement of source.statements) {
    const title = titleBefore(source, statement);
    if (title !== undefined) sections.push({ title, rows: [] });
    const name = statement.declarationList.declarations[0].name.text;
    // Of the first constant the comment next to it is its own; the header comes before.
    sections.at(-1).rows.push({ name, value: abi[name], doc: docOf(source, statement) });
  }
  return sections;
}

function constantTable({ title, rows }, texts) {
  const lines = rows.map(
    ({ name, value, doc }) => `| ${value} | \`${name}\` | ${cell(doc || texts.get(value) || "")} |`,
  );
  const note = rows.some(({ name }) => name.startsWith("STATUS_")) ? [STATUS_NOTE] : [];
  return [
    `### ${title[0].toUpperCase()}${title.slice(1)}`,
    ...note,
    `| value | name | meaning |\n| --: | --- | --- |\n${lines.join("\n")}`,
  ];
}

/**
 * The document.
 *
 * @param {Record<string, number>} abi the constants of assembly/abi.ts
 * @param {Record<string, readonly [number, string]>} statusRows STATUS_ROWS of src/codes.ts
 */
export function abiDocument(abi, statusRows) {
  const numbers = parse("assembly/abi.ts");
  const calls = exportParts();
  const texts = new Map(Object.values(statusRows));
  return `${[
    `# ABI of engine.wasm, version ${abi.ABI_VERSION}`,
    "Made by the build from the sources of the engine; the drivers in `test/hosts` (Go, Python, Rust, JavaScript) follow it.",
    "## Calls",
    calls.header,
    "## Memory and versions",
    markdown(headerOf(numbers)),
    ...calls.parts,
    "## Numbers",
    ...constantSections(numbers, abi).flatMap((section) =>
      constantTable(section, section.rows[0].name.startsWith("STATUS_") ? texts : new Map()),
    ),
  ].join("\n\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [abi, { STATUS_ROWS }] = await Promise.all([
    import(new URL("build/assembly/abi.js", ROOT).href),
    import(new URL("build/src/codes.js", ROOT).href),
  ]);
  writeFileSync(new URL("build/abi.md", ROOT), abiDocument({ ...abi }, STATUS_ROWS));
}
