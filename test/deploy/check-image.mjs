/**
 * The image of `deploy/Containerfile` as Podman runs it: by the lines of `deploy/README.md`, and with the arguments, the
 * environment and the guards of `deploy/kubernetes.yaml`, beside Debian's redis-server.
 *
 *     node test/deploy/check-image.mjs WORK        run.mjs starts it; WORK has the image
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { check, finish, run } from "../real/tools.mjs";
import { freePort, startDebianRegistry } from "../support/registry/real.mjs";
import { podmanEnvironment, readmeBlocks } from "./prepare.mjs";
import { comes, isReady, isSealed, push, statusOf } from "./sealing.mjs";

const [, , work] = process.argv;
const DEPLOY = fileURLToPath(new URL("../../deploy", import.meta.url));
const ORIGIN = "http://127.0.0.1:8080";
const SECRET = "a secret of the test";
const PASSWORD = "a password of the test";
const env = podmanEnvironment(work);
const registry = await startDebianRegistry({ url: `${ORIGIN}/events`, authorization: `Bearer ${SECRET}` });

/** Runs Podman. @returns exit code, and all it prints; what it says when all is well */
function podman(...args) {
  const { status, stdout, stderr } = spawnSync("podman", args, { env, encoding: "utf8" });
  return { status, text: `${stdout}${stderr}`.trim(), out: stdout.trim() };
}

/** Files as an operator makes them for systemd: what is secret is for root. */
function writeEtc(name, config) {
  const etc = join(work, name);
  mkdirSync(etc);
  const files = { "config.yaml": [config.replace("registry.example", registry.host), 0o644], secret: [SECRET, 0o600] };
  for (const [file, [text, mode]] of Object.entries({ ...files, "auth.json": ["{}", 0o600] }))
    writeFileSync(join(etc, file), `${text}\n`, { mode });
  return etc;
}

/** Ends a container as its runtime does, by SIGTERM. @returns the exit code of its first process */
function stop(name) {
  podman("stop", "--time", "30", name);
  return Number(podman("inspect", "--format", "{{.State.ExitCode}}", name).out);
}

// What is in it.
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const says = podman("run", "--rm", "composefs", "--version");
check("it says its version", says.status === 0 && says.text.startsWith(`composefs-wasm ${version}\n`), says.text);
const base = /^FROM node:(\d+)-slim$/m.exec(readFileSync(join(DEPLOY, "Containerfile"), "utf8"))[1];
const shell = (script, user = "65532") =>
  podman("run", "--rm", "--user", user, "--entrypoint", "sh", "composefs", "-c", script).text;
check(`its Node is of version ${base}`, shell("node --version").startsWith(`v${base}.`));
const { User: user } = JSON.parse(
  podman("inspect", "--type", "image", "--format", "{{json .Config}}", "composefs").out,
);
check("its user is not root", user === "65532:65532", user);
// As root, who sees all.
const left = shell("find / -xdev \\( -name '*.tgz' -o -name _cacache -o -path '/tmp/*' \\) -print; echo searched", "0");
check("nothing is left of its making", left === "searched", left);
const packages = shell("ls /usr/local/lib/node_modules/composefs-wasm/node_modules").split("\n");
const { dependencies, optionalDependencies, devDependencies } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
const missing = Object.keys({ ...dependencies, ...optionalDependencies }).filter(
  (name) => !packages.includes(name.split("/")[0]),
);
const idle = Object.keys(devDependencies).filter((name) => packages.includes(name));
check(
  "it has the packages that run, and not those of the development",
  `${missing}${idle}` === "",
  `${missing}; ${idle}`,
);

// As README starts it.
const etc = writeEtc("etc", readFileSync(join(DEPLOY, "config.yaml"), "utf8"));
const [lines] = readmeBlocks("Container");
const before = push(registry.host, 11);
for (const line of lines.slice(1)) {
  const { status, stdout, stderr } = spawnSync(
    "sh",
    ["-ec", line.replaceAll("/etc/composefs", (path, at) => (line[at - 1] === ":" ? path : etc))],
    { env, encoding: "utf8" },
  );
  check(`README: ${line}`, status === 0, stdout + stderr);
}
const log = (name = "composefs") => podman("logs", name).text;
check("it takes work", await isReady(ORIGIN), log());
check("it lives", (await statusOf(`${ORIGIN}/healthz`)) === 200);
const asked = await Promise.all(
  [{}, { authorization: `Bearer ${SECRET}` }].map((one) => statusOf(`${ORIGIN}/v1/quarantine`, one)),
);
check("it answers who has the secret, and nobody else", `${asked}` === "401,200", `${asked}`);
check("an image that was there before has its digests", await isSealed(before), log());
check("an image that is pushed gets its digests", await isSealed(push(registry.host, 12)), log());
const code = stop("composefs");
check("it ends with 0 when it is told to", code === 0 && log().includes('"message":"stopped"'), `${code}\n${log()}`);
check("the secret is in no log", !log().includes(SECRET));

// As Kubernetes starts it.
const documents = parseAllDocuments(readFileSync(join(DEPLOY, "kubernetes.yaml"), "utf8")).map((one) => one.toJS());
const port = await freePort();
const redis = spawn(
  "redis-server",
  ["--bind", "127.0.0.1", "--port", `${port}`, "--save", "", "--requirepass", PASSWORD, "--dir", work],
  { stdio: "ignore" },
);
const config = documents.find(({ kind }) => kind === "ConfigMap").data["config.yaml"];
const pod = writeEtc("pod", config.replace("redis.example", `127.0.0.1:${port}`));
/** Of a projected volume and of an empty one the group is that of the pod. */
const shared = join(work, "shared");
mkdirSync(shared);
const values = { "redis-password": PASSWORD, "access-key": "none", "secret-key": "none" };
/** Starts the container of a deployment. @param listen its port, since the containers share a loopback */
function startPod(name, listen) {
  const { spec } = documents.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === name).spec
    .template;
  const [{ args, env: variables, image, securityContext: guards }] = spec.containers;
  const group = spec.securityContext.fsGroup;
  const folders = { config: pod, state: join(work, `state-${name}`) };
  mkdirSync(folders.state);
  for (const folder of [...Object.values(folders), shared]) {
    run("chown", "-R", `0:${group}`, folder);
    chmodSync(folder, 0o2775);
  }
  run("chmod", "-R", "g+r", pod);
  const options = ["--name", name, "--group-add", `${group}`, "--read-only", "--read-only-tmpfs=false"];
  if (!guards.readOnlyRootFilesystem || guards.allowPrivilegeEscalation) throw new Error("kubernetes.yaml guards less");
  options.push("--security-opt=no-new-privileges", ...guards.capabilities.drop.map((one) => `--cap-drop=${one}`));
  for (const { name: key, value, valueFrom } of variables)
    options.push("--env", `${key}=${value ?? values[valueFrom.secretKeyRef.key]}`);
  // A folder for the bucket.
  options.push("--env=COMPOSEFS_CACHE=/cache", "--volume", `${shared}:/cache`);
  for (const { name: volume, mountPath, readOnly } of spec.containers[0].volumeMounts)
    options.push("--volume", `${folders[volume]}:${mountPath}${readOnly ? ":ro" : ""}`);
  const words = args.map((word) => word.replace(/:8080$/, `:${listen}`));
  const { status, text } = podman("run", "--detach", ...options, image, ...words);
  check(`Kubernetes: ${words.join(" ")}`, status === 0, text);
}
startPod("composefs-serve", 8080);
startPod("composefs-worker", 8081);
check("the one that hears takes work", await isReady(ORIGIN), log("composefs-serve"));
check("the worker takes work", await isReady("http://127.0.0.1:8081"), log("composefs-worker"));
const logs = () => `${log("composefs-serve")}\n${log("composefs-worker")}`;
check("an image that is pushed gets its digests", await isSealed(push(registry.host, 13)), logs());
check("layers are in the cache that both have", await comes(() => run("find", shared, "-type", "f") !== ""), logs());
const status = readFileSync(
  `/proc/${podman("inspect", "--format", "{{.State.Pid}}", "composefs-worker").out}/status`,
  "utf8",
);
check("no capability, no new privilege", /^CapEff:\s0+$/m.test(status) && /^NoNewPrivs:\s1$/m.test(status), status);
const wrote = podman("exec", "composefs-worker", "sh", "-c", "touch /tmp/x || touch /var/cache/x");
check("the root of the container can only be read", wrote.status !== 0 && /Read-only/.test(wrote.text), wrote.text);
for (const name of ["composefs-worker", "composefs-serve"]) {
  const end = stop(name);
  check(`${name} ends with 0`, end === 0, `${end}\n${log(name)}`);
}
check("neither secret nor password is in a log", !logs().includes(SECRET) && !logs().includes(PASSWORD));
redis.kill();
registry.close();
finish();
