/**
 * The unit under systemd: installed, configured and started by the lines of `deploy/README.md`, guarded as it says, killed,
 * with a key by the drop-in of README, and ended.
 *
 *     node test/deploy/check-unit.mjs WORK ROOT        run.mjs starts it; ROOT has the package
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, finish, run } from "../real/tools.mjs";
import { startDebianRegistry } from "../support/registry/real.mjs";
import { startMachine } from "./machine.mjs";
import { readmeBlocks } from "./prepare.mjs";
import { comes, isReady, isSealed, push, statusOf, verify } from "./sealing.mjs";

const [, , , root] = process.argv;
const ORIGIN = "http://127.0.0.1:8080";
const UNIT = "composefs.service";
const etc = join(root, "etc/composefs");

const machine = await startMachine(root);
const { inside, properties } = machine;
check(
  `${inside("systemctl", "--version").text.split("\n")[0]} is up`,
  machine.state === "running",
  inside("systemctl", "--failed").text,
);

/** Runs a line of README. */
const runLine = (line) => {
  const { status, text } = inside("sh", "-ec", `cd /root\n${line}`);
  check(`README: ${line}`, status === 0, text);
};
const journal = () => inside("journalctl", "--unit", UNIT, "--no-pager", "--output=cat").text;
const [, lines] = readmeBlocks("systemd");
for (const line of lines.slice(0, -1)) runLine(line);
const secret = readFileSync(join(etc, "secret"), "utf8").trim();
const registry = await startDebianRegistry({ url: `${ORIGIN}/events`, authorization: `Bearer ${secret}` });
const config = join(etc, "config.yaml");
writeFileSync(config, readFileSync(config, "utf8").replace("registry.example", registry.host));
const before = push(registry.host, 1);
runLine(lines.at(-1));
const begun = properties(UNIT, "ActiveState", "MainPID", "ControlGroup", "UID");
check("the unit is active", begun.ActiveState === "active", journal());
check("it takes work", await isReady(ORIGIN), journal());
/** Processes of the unit, by number. */
const processes = () =>
  inside("sh", "-c", `cat /sys/fs/cgroup${begun.ControlGroup}/cgroup.procs`).text.match(/^\d+$/gm) ?? [];
check("its group of processes has the first one", processes().includes(begun.MainPID), processes().join(" "));
check("it is enabled", inside("systemctl", "is-enabled", UNIT).text === "enabled");
check("it lives", (await statusOf(`${ORIGIN}/healthz`)) === 200);
const asked = await Promise.all(
  [{}, { authorization: `Bearer ${secret}` }].map((one) => statusOf(`${ORIGIN}/v1/quarantine`, one)),
);
check("it answers who has the secret, and nobody else", `${asked}` === "401,200", `${asked}`);

// Guards, as the kernel knows them of the process.
const status = inside("cat", `/proc/${begun.MainPID}/status`).text;
const field = (name) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1];
check(`its user is ${field("Uid")}, of its own`, Number(field("Uid")) >= 61184 && field("Uid") === begun.UID, status);
check(
  "it has no capability, and gets none",
  /^0+$/.test(field("CapEff")) && /^0+$/.test(field("CapBnd")) && field("NoNewPrivs") === "1",
  status,
);
check("its system calls are filtered", field("Seccomp") === "2", status);
/** Runs a shell where the process sees files, as its user. */
const asService = (script) =>
  inside(
    ...["nsenter", "--target", begun.MainPID, "--mount", "--"],
    ...["setpriv", `--reuid=${begun.UID}`, "--clear-groups", "sh", "-c", script],
  );
const readOnly = ["/usr", "/etc", "/opt", "/root", "/sys"].filter(
  (path) => !/^ro\b/.test(asService(`findmnt -no OPTIONS -T ${path}`).text),
);
check("files of the system can only be read", readOnly.length === 0, readOnly.join(" "));
check(
  "of the rest of /etc/composefs it reads the configuration alone",
  asService("cat /etc/composefs/*").text.includes("sources:") && asService("cat /etc/composefs/secret").status !== 0,
);
for (const [folder, holds] of [
  ["/var/lib/composefs", "state"],
  ["/var/cache/composefs", "layers"],
]) {
  const owner = inside("stat", "--dereference", "--format=%u %a", folder).text;
  const real = inside("readlink", "--canonicalize", folder).text;
  check(`${real} is its own, for ${holds}`, owner === `${begun.UID} 700` && real.includes("/private/"), owner);
}

check("an image that was there before has its digest", await isSealed(before), journal());
check("an image that is pushed gets its digest", await isSealed(push(registry.host, 2)), journal());
check("layers are in the cache", run("find", join(root, "var/cache/private/composefs"), "-type", "f") !== "");

// Killed, as the kernel or a person does.
inside("sh", "-c", `kill -KILL ${begun.MainPID}`);
let again = {};
const isBack = await comes(() => {
  again = properties(UNIT, "ActiveState", "MainPID", "NRestarts");
  return again.ActiveState === "active" && again.NRestarts === "1" && !["0", begun.MainPID].includes(again.MainPID);
});
check("killed, it comes back by itself", isBack, JSON.stringify(again));
check("and takes work", await isReady(ORIGIN), journal());
check("and does it", await isSealed(push(registry.host, 3)), journal());

// A key, by the drop-in of README.
const readme = readFileSync(new URL("../../deploy/README.md", import.meta.url), "utf8");
const dropIn = /```ini\n([^`]*)```/.exec(readme)[1];
const certificate = join(etc, "cert.pem");
run(
  ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=deploy"],
  ...["-keyout", join(etc, "key.pem"), "-out", certificate],
);
mkdirSync(join(root, "etc/systemd/system/composefs.service.d"), { recursive: true });
writeFileSync(join(root, "etc/systemd/system/composefs.service.d/key.conf"), dropIn);
runLine("systemctl daemon-reload && systemctl restart composefs");
check("with a key, it takes work", await isReady(ORIGIN), journal());
const signed = push(registry.host, 4);
check(
  "and signs digests",
  await isSealed(signed, "--cert", certificate),
  `${verify(signed, "--cert", certificate).text}${journal()}`,
);

const stopping = performance.now();
runLine("systemctl stop composefs");
const seconds = (performance.now() - stopping) / 1000;
const end = properties(UNIT, "ActiveState", "Result", "ExecMainCode", "ExecMainStatus");
check(
  "it ends by itself, with 0",
  end.Result === "success" && end.ExecMainCode === "1" && end.ExecMainStatus === "0" && seconds < 20,
  JSON.stringify({ ...end, seconds }),
);
check("and says so", /"message":"stopped"/.test(journal().split("\n").slice(-6).join("\n")), journal());
check("no process of it is left", processes().length === 0, processes().join(" "));
const log = journal();
check("the secret is in no log", !log.includes(secret) && log.includes("started"), log);
registry.close();
check("the machine powers off", (await machine.end()) === 0);
finish();
