/**
 * How much of a policy is taken before it is refused: value, unit, reason. What is beyond one is an error with the code
 * SELINUX_LIMIT. Policies of distributions stay far below: Debian's has 5,845 rules, and needs 25,637 instructions.
 */

/** Limits of a policy and of the work that its rules make. */
export interface SelinuxLimits {
  /** Bytes of one file. */
  fileBytes: number;
  /** Bytes of one pattern. */
  patternBytes: number;
  /** Groups within groups. */
  patternDepth: number;
  /** The count of a counted repetition. */
  repeatCount: number;
  /** Parts of one pattern, each counted as often as its repetitions copy it. */
  ruleParts: number;
  /** Instructions of all patterns, and bytes of the literals that they begin with. */
  instructions: number;
  /** Bytes of an alias, and of the path that takes its place. */
  aliasBytes: number;
  /** Bytes of all aliases. */
  aliasBytesAll: number;
  /** Bytes of the cache of automaton states; it is emptied when it is full, nothing is refused. */
  cacheBytes: number;
  /** Steps of one match by backtracking. */
  matchSteps: number;
  /** Steps of a walk: building automaton states, and backtracking. */
  walkSteps: number;
}

/** The limits in force. */
export const SELINUX_LIMITS: Readonly<SelinuxLimits> = {
  // Distributed files have less than one megabyte.
  fileBytes: 64 * 1024 * 1024,
  // PCRE2 with its usual link size (2) compiles no pattern of more than 64 KiB.
  patternBytes: 65_536,
  // The limits of both engines of the reference: nest_limit of regex-syntax, parens_nest_limit of PCRE2.
  patternDepth: 250,
  // MAX_REPEAT_COUNT of PCRE2.
  repeatCount: 65_535,
  // Twice what a byte that is repeated as often as possible takes.
  ruleParts: 131_072,
  // 32 MiB of tables, and well below the 2^24 entries that a Map of V8 can have.
  instructions: 2 ** 21,
  // PATH_MAX of Linux.
  aliasBytes: 4096,
  aliasBytesAll: 2 ** 20,
  // Debian's policy needs less than one megabyte for 60,000 entries; far more helps only rules made to fill it.
  cacheBytes: 64 * 1024 * 1024,
  // A tenth of what PCRE2 takes by default (MATCH_LIMIT, 10,000,000).
  matchSteps: 1_000_000,
  // Some ten seconds at worst. Debian's policy takes 510,000 steps for 60,000 entries.
  walkSteps: 2 ** 26,
};
