/**
 * What a server wants before it answers: the header WWW-Authenticate, RFC 9110, 11.6.1.
 *
 * A server may send several challenges, each in a header of its own or all in one, which `fetch` joins with commas anyway.
 */

/** One challenge. Names are in lower case, as they do not depend on it. */
export interface Challenge {
  /** `bearer`, `basic`, … */
  scheme: string;
  /** realm, service, scope, error. Of two of a name the first counts. */
  parameters: ReadonlyMap<string, string>;
}

/** token of RFC 9110, 5.6.2. */
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const SPACES = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;
/** token68: what some schemes have in the place of parameters; up to a comma or the end. */
const TOKEN68 = /[0-9A-Za-z\-._~+/]+=*[ \t]*(?=,|$)/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/sy;

/**
 * Reads the challenges of a header. Never fails: what cannot be read ends the list.
 *
 * @param header its value; callers limit its length, time is linear in it
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(header);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  /** Takes `name =` of a parameter, which a scheme does not have behind it. */
  const takeName = (): string | null => {
    const start = position;
    const name = take(TOKEN)?.[0];
    take(SPACES);
    if (name !== undefined && header[position] === "=") {
      position++;
      take(SPACES);
      return name.toLowerCase();
    }
    position = start;
    return null;
  };
  for (take(SEPARATORS); position < header.length; take(SEPARATORS)) {
    const scheme = take(TOKEN)?.[0].toLowerCase();
    if (scheme === undefined) break;
    const parameters = new Map<string, string>();
    challenges.push({ scheme, parameters });
    take(SPACES);
    if (take(TOKEN68) !== null) continue;
    for (take(SEPARATORS); ; take(SEPARATORS)) {
      const name = takeName();
      if (name === null) break;
      const quoted = take(QUOTED)?.[1];
      const value = quoted === undefined ? take(TOKEN)?.[0] : quoted.replace(/\\(.)/gs, "$1");
      if (value === undefined) return challenges;
      if (!parameters.has(name)) parameters.set(name, value);
    }
  }
  return challenges;
}
