/** Credentials in files and from helpers. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { credentialFiles, lookupInFiles } from "../../../src/registry/credential-files.node.ts";
import { askHelper } from "../../../src/registry/credential-helper.node.ts";

let folder: string;
const { PATH } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "credentials-test-"));
  process.env["PATH"] = `${folder}:${PATH}`;
});
afterEach(() => {
  process.env["PATH"] = PATH;
  rmSync(folder, { recursive: true });
});

const base64 = (text: string) => Buffer.from(text).toString("base64");
const password = (username: string, password = "word") => ({ kind: "password", username, password });
function write(name: string, value: unknown): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}
/** A helper that runs a script of sh. */
function helper(name: string, script: string): void {
  chmodSync(write(`docker-credential-${name}`, `#!/bin/sh\n${script}\n`), 0o755);
}
const lookup = (config: unknown, host = "h.io", repository = "a/b") =>
  lookupInFiles([write("config.json", config)])(host, repository);

test("where the files are", () => {
  expect(credentialFiles({ REGISTRY_AUTH_FILE: "/x", DOCKER_CONFIG: "/y" }, "/home")).toEqual(["/x"]);
  expect(credentialFiles({}, "/home")).toEqual(["/home/.config/containers/auth.json", "/home/.docker/config.json"]);
  const all = { XDG_RUNTIME_DIR: "/run", XDG_CONFIG_HOME: "/cfg", DOCKER_CONFIG: "/docker" };
  const expected = ["/run/containers/auth.json", "/cfg/containers/auth.json", "/docker/config.json"];
  expect(credentialFiles(all, "/home")).toEqual(expected);
});

describe("a file", () => {
  test.each([
    ["auth", { auth: base64("u:word") }, password("u")],
    ["a password with colons", { auth: base64("u:a:b:") }, password("u", "a:b:")],
    ["zero bytes behind it", { auth: base64("u:word\0\0") }, password("u")],
    ["two members", { username: "u", password: "word" }, password("u")],
    ["an identity token", { auth: base64("u:"), identitytoken: "t" }, { kind: "identity-token", token: "t" }],
    ["a registry token", { registrytoken: "t" }, { kind: "registry-token", token: "t" }],
    ["nothing", {}, null],
  ])("%s", async (_, entry, expected) => {
    expect(await lookup({ auths: { "h.io": entry } })).toEqual(expected);
  });

  test("the longest name counts, and old names do, too", async () => {
    const auths = Object.fromEntries(
      ["h.io", "h.io/a", "h.io/a/b", "https://old.io/v2/", "https://index.docker.io/v1/"].map((name) => [
        name,
        { auth: base64(`${name.replace("https://", "")}:word`.replace(/\/v\d\//, "")) },
      ]),
    );
    const nameFor = async (host: string, repository: string) =>
      ((await lookup({ auths }, host, repository)) as { username: string } | null)?.username;
    expect(await nameFor("h.io", "a/b")).toBe("h.io/a/b");
    expect(await nameFor("h.io", "a/bc")).toBe("h.io/a");
    expect(await nameFor("h.io", "ab")).toBe("h.io");
    expect(await nameFor("old.io", "x")).toBe("old.io");
    expect(await nameFor("docker.io", "library/x")).toBe("index.docker.io");
    for (const host of ["io", "x.h.io", "h.io:443", "h.io.evil", "constructor"])
      expect(await nameFor(host, "a")).toBeUndefined();
  });

  test("the first that has something counts", async () => {
    const first = write("1.json", { auths: { "other.io": { auth: base64("one:word") } } });
    const second = write("2.json", { auths: { "h.io": { auth: base64("two:word") } } });
    expect(await lookupInFiles([join(folder, "none"), first, second])("h.io", "a")).toEqual(password("two"));
  });

  test.each([
    ["no JSON", "secret {"],
    ["no object", "[]"],
    ["no base64", { auths: { "h.io": { auth: "se cret" } } }],
    ["no name", { auths: { "h.io": { auth: base64("secret") } } }],
    ["a token that breaks the header", { auths: { "h.io": { identitytoken: "secret\r\n" } } }],
    ["no end", " ".repeat((1 << 20) + 1)],
  ])("with %s is refused, and nothing of it shown", async (_, config) => {
    const error = await lookup(config).catch((error) => error);
    expect(error.code).toBe("REGISTRY_CREDENTIALS");
    expect(error.message).not.toMatch(/secret|c2VjcmV0/);
  });
});

describe("a helper", () => {
  const answers = `cat >"$0.asked"; echo '{"ServerURL":"x","Username":"u","Secret":"word"}'`;

  test("for a host, and for everything that is not in the file", async () => {
    helper("one", answers);
    expect(await lookup({ credHelpers: { "h.io": "one" }, auths: { "h.io": { auth: base64("no:no") } } })).toEqual(
      password("u"),
    );
    expect(await lookup({ credsStore: "one", auths: { "h.io": {} } })).toEqual(password("u"));
    expect(await lookup({ credsStore: "one", auths: { "h.io": { auth: base64("file:word") } } })).toEqual(
      password("file"),
    );
  });

  test("is asked for the key that Docker uses", async () => {
    helper("one", answers);
    const { readFileSync } = await import("node:fs");
    await lookup({ credsStore: "one" }, "docker.io");
    expect(readFileSync(join(folder, "docker-credential-one.asked"), "utf8")).toBe("https://index.docker.io/v1/\n");
  });

  test("gives an identity token, or nothing", async () => {
    helper("token", `echo '{"Username":"<token>","Secret":"t"}'`);
    expect(await askHelper("token", "h.io")).toEqual({ kind: "identity-token", token: "t" });
    helper("nothing", "echo credentials not found in native keychain; exit 1");
    expect(await askHelper("nothing", "h.io")).toBeNull();
  });

  test.each([
    ["that fails", "echo secret; echo secret >&2; exit 3"],
    ["that says something else", "echo secret"],
    ["that says too little", `echo '{"Username":"secret"}'`],
    ["that never ends", "sleep 60"],
    ["that prints without end", "yes secret"],
    ["whose token breaks the header", `printf '{"Username":"<token>","Secret":"secret\\\\r\\\\n"}'`],
  ])("%s is an error that shows nothing of it", async (_, script) => {
    helper("bad", `exec 2>&1; ${script.replace("sleep", "exec sleep")}`);
    const error = await askHelper("bad", "h.io", 1500).catch((error) => error);
    expect(error.code).toBe("REGISTRY_CREDENTIALS");
    expect(JSON.stringify([error.message, error.data])).not.toContain("secret");
  });

  test("has a plain name, and is there", async () => {
    for (const name of ["../x", "a/b", "", "-x", "a b", "a;b", "$(x)", "none"]) {
      await expect(askHelper(name, "h.io")).rejects.toMatchObject({ code: "REGISTRY_CREDENTIALS" });
    }
  });
});
