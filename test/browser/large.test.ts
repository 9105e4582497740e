/**
 * An archive of a gigabyte: the memory that a browser takes for it, and whether its page can be used meanwhile.
 *
 * Memory is the proportional set size (Pss of /proc/PID/smaps_rollup) of the processes that run the page and its workers,
 * added up and sampled while the image is read: what the machine has to have for them. Linux only, as are the browsers here.
 */
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { file, header, tarball } from "../support/oci/tar.mjs";
import { BROWSERS, startBrowser } from "./support/browsers.ts";
import { openInspector, servePage } from "./support/inspector.ts";

const MEMORY_MAX_MIB = 600;
/** A task that is longer than this is felt: the page does not answer a key. Of the lateness of a timer. */
const TASK_MAX_MS = { chromium: 200, firefox: 1000 } as const;
const folder = mkdtempSync(join(tmpdir(), "composefs-large-"));
const archive = join(folder, "large.tar");

/** Bytes of each of the two files. */
const FILE_BYTES = 512 * 1024 * 1024;
const LAYERS = 2;

/**
 * A docker-save archive of two layers with one file of zeros each, which takes no room on disk.
 *
 * @returns bytes of the archive
 */
function writeArchive(): number {
  const tail = Buffer.alloc(1024);
  const zeros = Buffer.alloc(1 << 20);
  const heads = Array.from({ length: LAYERS }, (_, i) => {
    return Buffer.concat([header("usr/", "5", { mode: 0o755 }), header(`usr/large${i}`, "0", { size: FILE_BYTES })]);
  });
  const diffIds = heads.map((head) => {
    const hash = createHash("sha256").update(head);
    for (let at = 0; at < FILE_BYTES; at += zeros.length) hash.update(zeros);
    return `sha256:${hash.update(tail).digest("hex")}`;
  });
  const rootfs = { type: "layers", diff_ids: diffIds };
  const config = JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs });
  const name = `${createHash("sha256").update(config).digest("hex")}.json`;
  const manifest = JSON.stringify([{ Config: name, RepoTags: ["large:latest"], Layers: ["0.tar", "1.tar"] }]);
  const out = openSync(archive, "w");
  let at = 0;
  const put = (bytes: Uint8Array) => {
    at += writeSync(out, bytes, 0, bytes.length, at);
  };
  put(tarball([file(name, config), file("manifest.json", manifest)], { end: 0 }));
  for (const [i, head] of heads.entries()) {
    put(header(`${i}.tar`, "0", { size: head.length + FILE_BYTES + tail.length }));
    put(head);
    at += FILE_BYTES + tail.length;
  }
  ftruncateSync(out, at + tail.length);
  closeSync(out);
  return at + tail.length;
}

/** Processes below a process that run pages. */
function pageProcesses(root: number): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc").filter((entry) => /^[0-9]+$/.test(entry))) {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "latin1");
      const isPage =
        command.includes("--type=renderer") || (command.includes("-contentproc") && / ?tab[\0 ]*$/.test(command));
      if (isPage && ancestorsOf(Number(name)).includes(root)) found.push(Number(name));
    } catch {
      // It has ended.
    }
  }
  return found;
}

function ancestorsOf(pid: number): number[] {
  const above: number[] = [];
  for (let at = pid; at > 1; ) {
    const stat = readFileSync(`/proc/${at}/stat`, "latin1");
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    above.push(at);
  }
  return above;
}

/** What they take, in MiB. */
function memoryMiB(pids: readonly number[]): number {
  const kib = pids.map((pid) => {
    try {
      return Number(/^Pss: +([0-9]+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

beforeAll(() => expect(writeArchive()).toBeGreaterThan(2 ** 30));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(BROWSERS)("%s", (name) => {
  test("reads a gigabyte in little memory, and the page stays awake", async () => {
    const served = await servePage();
    const { browser, stop } = await startBrowser(name);
    try {
      const inspector = await openInspector(browser, served.address);
      await inspector.page.evaluate(() => {
        const tasks: number[] = [0];
        Object.assign(globalThis, { tasks });
        if (PerformanceObserver.supportedEntryTypes.includes("longtask")) {
          new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
            type: "longtask",
          });
          return;
        }
        // Firefox does not tell of tasks. A timer that comes late does, though of a busy machine, too.
        let last = performance.now();
        setInterval(() => {
          const now = performance.now();
          tasks.push(now - last - 20);
          last = now;
        }, 20);
      });
      const pids = pageProcesses(browser.process()!.pid!);
      expect(pids.length).toBeGreaterThan(0);
      let peak = 0;
      const sampler = setInterval(() => {
        peak = Math.max(peak, memoryMiB(pids));
      }, 200);
      const opened = await inspector.open("a", [archive]);
      clearInterval(sampler);
      const longest = await inspector.page.evaluate(() =>
        Math.max(...(globalThis as unknown as { tasks: number[] }).tasks),
      );
      console.log(
        `${name}: ${peak.toFixed(0)} MiB, longest task ${longest.toFixed(0)} ms, ${(opened.elapsedMs / 1000).toFixed(1)} s`,
      );
      expect(opened.layers.map(({ contentBytes }) => contentBytes)).toEqual([FILE_BYTES, FILE_BYTES]);
      expect(peak).toBeGreaterThan(10);
      expect(peak).toBeLessThan(MEMORY_MAX_MIB);
      expect(longest).toBeLessThan(TASK_MAX_MS[name]);
    } finally {
      await stop();
      served.stop();
    }
  });
});
