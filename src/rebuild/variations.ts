/**
 * What is varied between builds, and how: the table. Each variation changes one thing; all else is as it is for the
 * control, the first build. The idea and most of the list are those of reprotest (Debian).
 *
 * Nothing here starts a process: what the machine can do comes in as {@link Machine}, what is to be done goes out as
 * {@link BuildPlan}.
 */

import { quote } from "../source/quote.ts";

/** Directories for builds. */
export interface BuildFolders {
  /** The one that the others are in. */
  parent: string;
  /** Where the copy of the source is, and where it is under another path. */
  build: string;
  otherBuild: string;
  /** An empty one. */
  otherHome: string;
}

/** What it depends on what can be varied. */
export interface Machine {
  environment: Readonly<Record<string, string | undefined>>;
  /** Of this process; null where the system has none. */
  umask: number | null;
  /** Of this process; null where the system has none. */
  userId: number | null;
  /** As locale(1) lists them; null where that does not run. */
  locales: readonly string[] | null;
  /** Numbers of the processors that this process may use; null where they cannot be told or chosen. */
  cpus: readonly number[] | null;
  folders: BuildFolders;
  /** Whether any user may enter the directory that `folders` are in. */
  isOpenToAll: boolean;
}

/** How a build is run. */
export interface BuildSetting {
  /** Where the source is copied to and the command is run. */
  folder: string;
  /** What is added to the environment. */
  environment: Readonly<Record<string, string>>;
  /** Null: that of this process. */
  umask: number | null;
  /** User and group of the command and of the copy; null: those of this process, and of the source. */
  userId: number | null;
  /** Words that stand before the command. */
  prefix: readonly string[];
  /** Whether the entries of each directory of the copy are made from the last one to the first. */
  isReversed: boolean;
}

/** What is done for a variation. */
export interface Varied {
  /** Such as `0022 to 0002`. */
  change: string;
  /** What this variation does not show here; null when it shows all. */
  limit: string | null;
  setting: Partial<BuildSetting>;
}

/** Why a variation cannot be done. */
export interface NotVaried {
  reason: string;
}

export interface Variation {
  /** In kebab-case, for `--vary`. */
  name: string;
  /** What is another one, for the help. */
  what: string;
  vary(machine: Machine): Varied | NotVaried;
}

/** A build that is to be made, or the reason why it is not. */
export interface BuildPlan {
  /** `control`, `repeat`, or the name of a variation. */
  name: string;
  /** Null for a control and a repeat, and where nothing is varied. */
  change: string | null;
  limit: string | null;
  /** Null: cannot be varied. */
  setting: BuildSetting | null;
  reason: string | null;
}

/** Name of the variation that a build may follow without being at fault. */
export const EPOCH_VARIATION = "source-date-epoch";
export const ORDER_VARIATION = "file-order";
/** Names of the builds in which nothing is varied. */
export const CONTROL = "control";
export const REPEAT = "repeat";

const EPOCH = "SOURCE_DATE_EPOCH";
/** Seconds since 1970. The specification of SOURCE_DATE_EPOCH takes any; archives of zip have none before 1980. */
const EPOCHS = ["1000000000", "1100000000"] as const;
/** umask(2): what new files of the group may be written by, and what not. */
const UMASKS = [0o002, 0o022] as const;
/** POSIX, "Other Environment Variables", TZ: the sign is that of what is added to give UTC. Fourteen hours east of it. */
const TIME_ZONES = ["UTC-14", "UTC+12"] as const;
/** Users and groups of few rights: `nobody` of Debian, and of most systems. */
const OTHER_USER_ID = 65534;
/** Locales that sort by bytes, whatever they are called. */
const BYTE_LOCALE = /^(?:C|POSIX)(?:\.|$)/;

export const VARIATIONS: readonly Variation[] = [
  {
    name: EPOCH_VARIATION,
    what: `${EPOCH}; a build may follow it`,
    vary({ environment }) {
      const from = environment[EPOCH] ?? EPOCHS[0];
      const to = other(from, EPOCHS);
      return { change: `${show(from)} to ${to}`, limit: null, setting: { environment: { [EPOCH]: to } } };
    },
  },
  {
    name: "umask",
    what: "permission bits that new files do not get",
    vary({ umask }) {
      if (umask === null) return { reason: "the system has no umask" };
      const to = other(umask, UMASKS);
      return { change: `${octal(umask)} to ${octal(to)}`, limit: null, setting: { umask: to } };
    },
  },
  {
    name: "locale",
    what: "LC_ALL: language, and how names are sorted",
    vary({ environment, locales }) {
      const from = environment["LC_ALL"] || environment["LC_COLLATE"] || environment["LANG"] || "C";
      const to = otherLocale(from, locales ?? []);
      const sortsAlike = BYTE_LOCALE.test(from) && BYTE_LOCALE.test(to);
      const limit = sortsAlike ? `both sort by bytes, and ${noOtherLocale(locales)}` : null;
      return { change: `${show(from)} to ${to}`, limit, setting: { environment: { LC_ALL: to } } };
    },
  },
  {
    name: "time-zone",
    what: "TZ",
    vary({ environment }) {
      const from = environment["TZ"];
      const to = other(from, TIME_ZONES);
      const before = from === undefined ? "that of the system" : show(from);
      return { change: `${before} to ${to}`, limit: null, setting: { environment: { TZ: to } } };
    },
  },
  {
    name: ORDER_VARIATION,
    what: "order in which the source was written, and so of files in its directories",
    vary: () => ({ change: "by name to reversed", limit: null, setting: { isReversed: true } }),
  },
  {
    name: "user",
    what: "user and group that build and that own the source",
    vary({ userId, isOpenToAll }) {
      if (userId === null) return { reason: "the system has no user ids" };
      if (userId !== 0) return { reason: "needs root" };
      if (!isOpenToAll)
        return { reason: "not all may enter the directory for temporary files; TMPDIR names another one" };
      return { change: `0 to ${OTHER_USER_ID}`, limit: null, setting: { userId: OTHER_USER_ID } };
    },
  },
  {
    name: "build-path",
    what: "path of the directory that is built in",
    vary({ folders }) {
      const { build, otherBuild } = folders;
      const change = `${showBelow(folders, build)} to ${showBelow(folders, otherBuild)}`;
      return { change, limit: null, setting: { folder: otherBuild } };
    },
  },
  {
    name: "cpus",
    what: "number of processors, and so of jobs",
    vary({ cpus }) {
      if (cpus === null) return { reason: "needs taskset of util-linux, on Linux" };
      const [first, ...more] = cpus;
      if (more.length === 0) return { reason: "there is one processor only" };
      return { change: `${cpus.length} to 1`, limit: null, setting: { prefix: ["taskset", "-c", `${first}`] } };
    },
  },
  {
    name: "home",
    what: "HOME, an empty directory",
    vary({ environment, folders }) {
      const { otherHome } = folders;
      const from = environment["HOME"];
      const change = `${from === undefined ? "none" : show(from)} to ${showBelow(folders, otherHome)}`;
      return { change, limit: null, setting: { environment: { HOME: otherHome } } };
    },
  },
];

/** Names of all variations. */
export function variationNames(): string[] {
  return VARIATIONS.map(({ name }) => name);
}

/**
 * Plans the builds: the control, repeats, and one for each variation.
 *
 * @param names of variations
 * @param repeats builds that are made as the control is
 */
export function planBuilds(machine: Machine, names: readonly string[], repeats: number): BuildPlan[] {
  const { environment, folders } = machine;
  const usual: BuildSetting = {
    folder: folders.build,
    environment: { [EPOCH]: environment[EPOCH] ?? EPOCHS[0] },
    umask: null,
    userId: null,
    prefix: [],
    isReversed: false,
  };
  const plain = (name: string): BuildPlan => ({ name, change: null, limit: null, setting: usual, reason: null });
  const varied = VARIATIONS.filter(({ name }) => names.includes(name)).map(({ name, vary }): BuildPlan => {
    const how = vary(machine);
    if ("reason" in how) return { name, change: null, limit: null, setting: null, reason: how.reason };
    const { change, limit, setting } = how;
    const whole = { ...usual, ...setting, environment: { ...usual.environment, ...setting.environment } };
    return { name, change, limit, setting: whole, reason: null };
  });
  const repeated = Array.from({ length: repeats }, (_, i) => plain(repeats === 1 ? REPEAT : `${REPEAT}-${i + 1}`));
  return [plain(CONTROL), ...repeated, ...varied];
}

/** Whether a build is one of the repeats. */
export function isRepeat(name: string): boolean {
  return name === REPEAT || name.startsWith(`${REPEAT}-`);
}

/** The first of `choices` that is not what there is. */
function other<T>(from: T | undefined, choices: readonly [T, T]): T {
  return choices[0] === from ? choices[1] : choices[0];
}

/** One that sorts in another way, where there is one. */
function otherLocale(from: string, locales: readonly string[]): string {
  if (!BYTE_LOCALE.test(from)) return "C";
  const sorting = locales.filter((name) => !BYTE_LOCALE.test(name));
  // UTF-8 first: others also change what a name means.
  const found = sorting.find((name) => /utf-?8$/i.test(name)) ?? sorting[0];
  return found ?? (/^(?:C|POSIX)$/.test(from) ? "C.UTF-8" : "C");
}

function noOtherLocale(locales: readonly string[] | null): string {
  return locales === null ? "what else is installed cannot be told" : "no other one is installed";
}

function octal(mask: number): string {
  return mask.toString(8).padStart(4, "0");
}

/** Without the part that is another one in each run. */
function showBelow({ parent }: BuildFolders, path: string): string {
  return `…${show(path.slice(parent.length))}`;
}

function show(text: string): string {
  return quote(text).slice(1, -1);
}
