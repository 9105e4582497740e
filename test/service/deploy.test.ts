/**
 * The files of `deploy/`: they are what their programs take, and each command line in them is started as it stands, but for
 * places, beside a registry on loopback, until its probes say that it takes work.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { pathOf } from "../src/cli/run.ts";
import { freePort, hasProgram, type RealRegistry, startDebianRegistry } from "../support/registry/real.mjs";
import { type RedisServer, startRedis } from "../support/service/redis.ts";
import { SECRET, until } from "../support/service/run-service.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const VALIDATOR = join(ROOT, ".oracles/kubernetes/bin/kubernetes-validate");
const read = (name: string) => readFileSync(join(ROOT, "deploy", name), "utf8");
const isThere = hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry");
const hasSystemd = hasProgram("systemd-analyze", "test/oracle/install-packages.sh systemd");
const hasRedis = hasProgram("redis-server", "test/oracle/install-packages.sh redis-server");
const hasValidator = hasProgram(VALIDATOR, "test/oracle/install-python-oracle.sh kubernetes");
/** Oldest version of Kubernetes that is still mended, and the newest that the schemas are of. */
const KUBERNETES = ["1.34", "1.37"];
/** As `systemd-analyze security` says it: 100 is none of its protections, 0 all of them. */
const EXPOSURE_MAX = "15";

/** Fields of a unit, in order; those that occur several times are lists of words. */
function unitFields(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [, name, value] of text.matchAll(/^([A-Za-z]+)=(.*)$/gm)) {
    fields.set(name!, [...(fields.get(name!) ?? []), ...value!.split(" ")]);
  }
  return fields;
}

interface Container {
  args: string[];
  env: Array<{ name: string; value?: string; valueFrom?: { secretKeyRef: { key: string } } }>;
  ports: Array<{ containerPort: number }>;
  livenessProbe: { httpGet: { path: string } };
  readinessProbe: { httpGet: { path: string } };
  volumeMounts: Array<{ mountPath: string }>;
}

describe.skipIf(!isThere)("deploy", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-deploy-"));
  const running: ChildProcess[] = [];
  let registry: RealRegistry;
  let redis: RedisServer | undefined;

  /** Places of this test for those of the file. */
  function placed(text: string, port: number): string {
    return text
      .replaceAll(/\/etc\/composefs|%d/g, join(home, "etc"))
      .replaceAll(/\/var\/lib\/composefs|%S\/composefs/g, join(home, `state-${port}`))
      .replaceAll(/\/var\/cache\/composefs|%C\/composefs|s3:\/\/BUCKET\/layers/g, join(home, "cache"))
      .replaceAll(/(127\.0\.0\.1|0\.0\.0\.0):8080/g, `127.0.0.1:${port}`);
  }

  /** Starts a command line and waits until it is ready; its end must be a good one. */
  async function start(words: readonly string[], environment: readonly string[], port: number, ready = "/readyz") {
    const [program, ...args] = words.map((word) => placed(word, port));
    expect(program).toMatch(/^(\/usr\/local\/bin\/)?composefs$/);
    const { COMPOSEFS_SECRET: _, ...env } = process.env;
    for (const line of environment) {
      const at = line.indexOf("=");
      env[line.slice(0, at)] = placed(line.slice(at + 1), port);
    }
    const child = spawn(process.execPath, [pathOf("composefs"), ...args], { cwd: home, env });
    running.push(child);
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    const origin = `http://127.0.0.1:${port}`;
    await until(
      `${args.join(" ")} is ready`,
      async () => {
        if (child.exitCode !== null) throw new Error(stderr);
        return (await fetch(origin + ready).catch(() => null))?.status === 200;
      },
      60_000,
    );
    return {
      get: async (path: string, headers = {}) => fetch(origin + path, { headers }),
      async end() {
        const ended = new Promise((resolve) => child.once("close", resolve));
        child.kill("SIGTERM");
        expect([await ended, stderr.includes(SECRET)]).toEqual([0, false]);
      },
    };
  }

  beforeAll(async () => {
    registry = await startDebianRegistry();
    mkdirSync(join(home, "etc"));
    writeFileSync(join(home, "etc", "config.yaml"), read("config.yaml").replaceAll("registry.example", registry.host));
    writeFileSync(join(home, "etc", "secret"), `${SECRET}\n`);
    writeFileSync(join(home, "etc", "auth.json"), "{}");
  });
  afterAll(() => {
    for (const child of running) child.kill("SIGKILL");
    registry?.close();
    redis?.close();
    rmSync(home, { recursive: true });
  });

  test("every variable is one that the program reads", () => {
    const texts = ["composefs.service", "Containerfile", "kubernetes.yaml", "README.md"].map(read).join("\n");
    const names = new Set(texts.match(/\b(COMPOSEFS_[A-Z_]+|REGISTRY_AUTH_FILE|AWS_[A-Z_]+)\b/g));
    const places = ["service/config.ts", "service/redis-place.ts", "registry/credential-files.node.ts"];
    const sources = [...places, "image/layer-cache-open.node.ts"].map((name) =>
      readFileSync(join(ROOT, "src", name), "utf8"),
    );
    // config.ts reads them without their prefix.
    const known = (name: string) =>
      sources.some((text) => text.includes(`${name}`) || text.includes(`"${name.replace("COMPOSEFS_", "")}"`));
    expect([names.size > 8, [...names].filter((name) => !known(name))]).toEqual([true, []]);
  });

  test.skipIf(!hasSystemd)("systemd takes the unit, and finds it guarded", () => {
    const copy = join(home, "composefs.service");
    writeFileSync(copy, read("composefs.service").replace("/usr/local/bin/composefs", process.execPath));
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", copy], { encoding: "utf8" });
    expect([verified.status, verified.stdout + verified.stderr]).toEqual([0, ""]);
    const security = ["security", "--no-pager", "--offline=true", `--threshold=${EXPOSURE_MAX}`, copy];
    const { status, stdout } = spawnSync("systemd-analyze", security, { encoding: "utf8" });
    expect([status, stdout.split("\n").at(-2)]).toEqual([0, expect.stringContaining("OK")]);
  });

  test("the command line of the unit serves", async () => {
    const fields = unitFields(read("composefs.service"));
    const port = await freePort();
    const credentials = fields.get("LoadCredential")!.map((text) => text.split(":")[0]!);
    for (const name of credentials) expect(readFileSync(join(home, "etc", name), "utf8")).not.toBe("");
    const service = await start(fields.get("ExecStart")!, fields.get("Environment")!, port);
    const headers = { authorization: `Bearer ${SECRET}` };
    expect([
      (await service.get("/v1/quarantine")).status,
      (await service.get("/v1/quarantine", headers)).status,
    ]).toEqual([...[401, 200]]);
    await service.end();
  });

  test("the command line of the container serves, at the port that it shows", async () => {
    const text = read("Containerfile");
    const line = (name: string) => [...text.matchAll(new RegExp(`^${name} (.*)$`, "gm"))].map(([, value]) => value!);
    const environment = line("ENV").flatMap((one) => one.split(" "));
    const words = [...JSON.parse(line("ENTRYPOINT")[0]!), ...JSON.parse(line("CMD")[0]!)];
    expect(environment).toContain(`COMPOSEFS_LISTEN=0.0.0.0:${line("EXPOSE")[0]}`);
    const { bin, name } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect([bin.composefs.endsWith("/cli/composefs.js"), text.includes(`COPY ${name}-*.tgz`)]).toEqual([true, true]);
    // What the file makes writable is what the program is told to write to.
    expect(text).toContain("install -d -o 65532 -g 65532 /var/lib/composefs /var/cache/composefs");
    await (await start(words, environment, await freePort())).end();
  });

  test.skipIf(!hasValidator)("Kubernetes takes the documents", () => {
    const env = { ...process.env, PYTHONPATH: join(ROOT, ".oracles/kubernetes") };
    for (const version of KUBERNETES) {
      const args = ["-k", version, "--strict", join(ROOT, "deploy/kubernetes.yaml")];
      const { status, stdout, stderr } = spawnSync(VALIDATOR, args, { env, encoding: "utf8" });
      expect([version, status, (stdout + stderr).match(/passed for resource \w+/g)?.length]).toEqual([version, 0, 4]);
    }
  });

  test.skipIf(!hasRedis)(
    "the command lines of Kubernetes serve and work, and the metric that scales them is there",
    async () => {
      redis = await startRedis();
      const documents = parseAllDocuments(read("kubernetes.yaml")).map((document) => document.toJS());
      const of = (kind: string, name = "") =>
        documents.find((one) => one.kind === kind && one.metadata.name.endsWith(name));
      const config = (of("ConfigMap").data["config.yaml"] as string).replace("redis://redis.example", redis.url);
      writeFileSync(join(home, "etc", "config.yaml"), config.replaceAll("registry.example", registry.host));
      const containers = ["serve", "worker"].map((name) => {
        const { spec } = of("Deployment", name).spec.template;
        const keys = spec.volumes[0].projected.sources[1].secret.items.map((item: { key: string }) => item.key);
        for (const key of keys) expect(read("README.md")).toContain(`\`${key}\``);
        return spec.containers[0] as Container;
      });
      const image = read("Containerfile");
      const begun = [];
      for (const { args, env, ports, livenessProbe, readinessProbe, volumeMounts } of containers) {
        expect(args.join(" ")).toContain(`--listen 0.0.0.0:${ports[0]!.containerPort}`);
        for (const { mountPath } of volumeMounts) expect(image).toContain(mountPath);
        for (const { valueFrom } of env) if (valueFrom) expect(read("README.md")).toContain(valueFrom.secretKeyRef.key);
        const inherited = [...image.matchAll(/^ENV (.*)$/gm)].flatMap(([, text]) => text!.split(" "));
        const own = env.flatMap(({ name, value }) => (value === undefined ? [] : [`${name}=${value}`]));
        const environment = [...inherited, ...own];
        const one = await start(["composefs", ...args], environment, await freePort(), readinessProbe.httpGet.path);
        expect((await one.get(livenessProbe.httpGet.path)).status).toBe(200);
        begun.push(one);
      }
      const { query } = of("ScaledObject").spec.triggers[0].metadata;
      const [, metric, label] = /^sum\((\w+)\{(state="waiting")\}\)$/.exec(query)!;
      expect(await (await begun[0]!.get("/metrics")).text()).toMatch(
        new RegExp(`^${metric}\\{[^}]*${label}\\} 0$`, "m"),
      );
      expect(of("ScaledObject").spec.scaleTargetRef.name).toBe(of("Deployment", "worker").metadata.name);
      for (const one of begun) await one.end();
    },
  );
});
