/** What is varied, by what a machine can do. */
import { describe, expect, test } from "vitest";
import { parseCpuList } from "../../../src/rebuild/machine.node.ts";
import {
  type BuildPlan,
  type Machine,
  planBuilds,
  VARIATIONS,
  variationNames,
} from "../../../src/rebuild/variations.ts";

const FOLDERS = { parent: "/tmp/x", build: "/tmp/x/build", otherBuild: "/tmp/x/other/path", otherHome: "/tmp/x/home" };
const ROOT: Machine = {
  environment: { HOME: "/root", PATH: "/bin" },
  umask: 0o022,
  userId: 0,
  locales: ["C", "C.utf8", "POSIX", "de_DE", "en_US.utf8"],
  cpus: [2, 3],
  folders: FOLDERS,
  isOpenToAll: true,
};

function planOf(name: string, machine: Partial<Machine> = {}): BuildPlan {
  const plans = planBuilds({ ...ROOT, ...machine }, [name], 1);
  expect(plans.map((plan) => plan.name)).toEqual(["control", "repeat", name]);
  return plans[2]!;
}

describe("plan", () => {
  const [control, repeat, ...varied] = planBuilds(ROOT, variationNames(), 1) as [BuildPlan, BuildPlan, ...BuildPlan[]];

  test("a control, a repeat that is the same, and each variation once", () => {
    expect(repeat).toEqual({ ...control, name: "repeat" });
    expect(varied.map(({ name }) => name)).toEqual(VARIATIONS.map(({ name }) => name));
    expect(planBuilds(ROOT, [], 2).map(({ name }) => name)).toEqual(["control", "repeat-1", "repeat-2"]);
  });

  test.each(varied)("$name changes one thing", ({ setting, change }) => {
    const plain = control.setting!;
    const keys = Object.keys(plain) as Array<keyof typeof plain>;
    const changed = keys.filter((key) => JSON.stringify(setting![key]) !== JSON.stringify(plain[key]));
    expect(changed).toHaveLength(1);
    expect(change).toMatch(/ to /);
    const variables = { ...setting!.environment };
    for (const [name, value] of Object.entries(plain.environment)) {
      if (variables[name] === value) delete variables[name];
    }
    expect(Object.keys(variables).length).toBeLessThanOrEqual(1);
  });

  test("SOURCE_DATE_EPOCH of the caller is that of the control", () => {
    const environment = { SOURCE_DATE_EPOCH: "1000000000" };
    const plans = planBuilds({ ...ROOT, environment }, ["source-date-epoch"], 1);
    const epochs = plans.map(({ setting }) => setting!.environment["SOURCE_DATE_EPOCH"]);
    expect(epochs[0]).toBe("1000000000");
    expect(epochs[1]).toBe(epochs[0]);
    expect(epochs[2]).not.toBe(epochs[0]);
  });
});

test.each<[string, Partial<Machine>, Partial<BuildPlan>]>([
  ["umask", { umask: 0o022 }, { change: "0022 to 0002" }],
  ["umask", { umask: 0o002 }, { change: "0002 to 0022" }],
  ["umask", { umask: null }, { change: null, setting: null, reason: "the system has no umask" }],
  ["user", { userId: 1000 }, { change: null, setting: null, reason: "needs root" }],
  ["user", { isOpenToAll: false }, { setting: null, reason: expect.stringContaining("TMPDIR") }],
  ["user", { userId: null }, { setting: null, reason: "the system has no user ids" }],
  ["cpus", { cpus: [7] }, { setting: null, reason: "there is one processor only" }],
  ["cpus", { cpus: null }, { setting: null, reason: "needs taskset of util-linux, on Linux" }],
  ["locale", {}, { change: "C to en_US.utf8", limit: null }],
  ["locale", { locales: ["C", "de_DE"] }, { change: "C to de_DE", limit: null }],
  ["locale", { environment: { LANG: "fr_FR.UTF-8" }, locales: [] }, { change: "fr_FR.UTF-8 to C", limit: null }],
  ["locale", { environment: { LC_ALL: "C", LANG: "fr_FR" }, locales: ["C"] }, { change: "C to C.UTF-8" }],
  ["locale", { locales: ["C"] }, { limit: "both sort by bytes, and no other one is installed" }],
  ["locale", { locales: null }, { limit: "both sort by bytes, and what else is installed cannot be told" }],
  ["time-zone", { environment: { TZ: "UTC-14" } }, { change: "UTC-14 to UTC+12" }],
  ["home", { environment: {} }, { change: "none to …/home" }],
  ["build-path", {}, { change: "…/build to …/other/path" }],
])("%s of %j", (name, machine, expected) => {
  expect(planOf(name, machine)).toMatchObject(expected);
});

test.each([
  ["0", [0]],
  ["0-3", [0, 1, 2, 3]],
  ["1,4-5,9", [1, 4, 5, 9]],
])("processors %s", (list, cpus) => {
  expect(parseCpuList(list)).toEqual(cpus);
});
