/** What is selected: repositories and tags by globs, tags by versions. */
import { expect, test } from "vitest";
import { checkGlob, everything, type Globs, repositoryMatcher, tagMatcher } from "../../../src/service/selection.ts";

const all: Globs = { allow: [], deny: [] };
const source = everything("registry.example", null, null);

test.each([
  ["nothing said", all, ["app", "team/app", "team/deep/app"], []],
  ["a star, within one part", { allow: ["team/*"], deny: [] }, ["team/app"], ["app", "team/deep/app", "other/app"]],
  ["two stars, across them", { allow: ["team/**"], deny: [] }, ["team/app", "team/deep/app"], ["app", "teams/app"]],
  ["one of several", { allow: ["a", "{b,c}/x"], deny: [] }, ["a", "b/x", "c/x"], ["b", "d/x", "a/x"]],
  ["denied, whatever allows it", { allow: ["**"], deny: ["**/cache"] }, ["app", "team/app"], ["cache", "team/cache"]],
  ["denied alone", { allow: [], deny: ["tmp/*"] }, ["app", "tmp"], ["tmp/app"]],
  ["names that begin with a dot", { allow: ["*"], deny: [] }, [".hidden"], []],
] as const)("repositories: %s", (_, repositories, meant, left) => {
  const matches = repositoryMatcher({ ...source, repositories });
  expect([meant.filter(matches), left.filter(matches)]).toEqual([[...meant], []]);
});

test("a repository that is named is the only one, and still may be denied", () => {
  const named = { ...source, repository: "team/app" };
  expect(["team/app", "team/apps", "app"].filter(repositoryMatcher(named))).toEqual(["team/app"]);
  expect(repositoryMatcher({ ...named, repositories: { allow: [], deny: ["team/*"] } })("team/app")).toBe(false);
});

test.each([
  [">=1.2", ["1.2.0", "v1.10.3", "2.0.0"], ["1.1.9", "v1", "1.2", "latest", "1.2.0-rc.1", "vv1.3.0", "1.3.0.0"]],
  ["^1.2.0-rc.1", ["1.2.0-rc.1", "1.2.0-rc.2", "1.2.0"], ["1.2.0-beta", "2.0.0"]],
  ["1.x || >=3", ["1.0.0", "1.99.0", "3.0.0"], ["2.0.0", "0.9.0"]],
  ["*", ["0.0.1", "v9.9.9"], ["stable"]],
])("versions in %s", (semver, meant, left) => {
  const matches = tagMatcher({ ...source, semver });
  expect([meant.filter(matches), left.filter(matches)]).toEqual([meant, []]);
});

test("globs and versions hold both", () => {
  const matches = tagMatcher({ ...source, tags: { allow: ["v*"], deny: ["*-debug"] }, semver: ">=1.0.0-0" });
  expect(["v1.0.0", "1.0.0", "v1.0.0-debug", "v0.9.0", "v1.0.0-rc"].filter(matches)).toEqual(["v1.0.0", "v1.0.0-rc"]);
});

test("tags that list referrers are never meant", () => {
  const tag = `sha256-${"ab".repeat(32)}`;
  expect([tagMatcher(source)(tag), tagMatcher(source)("sha256-short")]).toEqual([false, true]);
});

test("as many stars as are allowed take no time on the worst name, and one more is refused", () => {
  const worst = ["*a*a*b", "**/a/**/a/**/b", "**/*a*a*b"];
  const began = performance.now();
  for (const glob of worst) {
    const matches = repositoryMatcher({ ...source, repositories: { allow: [checkGlob(glob)], deny: [] } });
    expect(["a".repeat(255), "a/".repeat(127)].filter(matches)).toEqual([]);
  }
  expect(performance.now() - began).toBeLessThan(5000);
  for (const glob of ["*a*a*a*b", "x/*a*a*a*b", "**/a/**/a/**/a/**"]) {
    expect(() => checkGlob(glob)).toThrow("at most 3 stars");
  }
  for (const glob of ["*/*/*/*/*", "team/**", "{a,b}-[0-9]?/**/*-*-*", "***"]) expect(checkGlob(glob)).toBe(glob);
});

test.each(["(a|aa)+b", "+(a)", "a\\*", "!team", "a b", "é", ""])("%j is no glob", (glob) => {
  expect(() => checkGlob(glob)).toThrow("expected letters");
});
