/** README's table of hosts: how it is written, and how it is compared with another one. */

/** Lines around the table in README. */
export const BEGIN = "<!-- hosts: npm run test:hosts -->";
export const END = "<!-- /hosts -->";

/** @param {{ name: string, version: string, answers: number, identical: boolean, ms: number }[]} results */
export function tableOf(results) {
  const rows = results.map(
    ({ name, version, answers, identical, ms }) =>
      `| ${name} | ${version} | ${answers.toLocaleString("en")} | ${identical ? "identical" : "**different**"} | ${Math.round(ms).toLocaleString("en")} |`,
  );
  return ["| host | version | answers | | ms |", "| --- | --- | ---: | --- | ---: |", ...rows].join("\n");
}

/** What must be the same in two tables: names, numbers of answers, outcome; not versions of browsers, nor times. */
export function claimsOf(table) {
  return table
    .split("\n")
    .slice(2)
    .map((row) => row.split("|").map((cell) => cell.trim()))
    .map(([, name, , answers, outcome]) => `${name}: ${answers} ${outcome}`);
}

/** The table of a README. */
export function tableIn(text) {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README lacks ${BEGIN} … ${END}`);
  return text.slice(begin + BEGIN.length, end).trim();
}
