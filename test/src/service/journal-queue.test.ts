/** The queue of one process: each key once, tries that are counted, and a journal that survives being killed. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { JournalQueue } from "../../../src/service/journal-queue.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "composefs-queue-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const journal = () => join(folder, "queue.journal");
/** As after `kill -9`: nothing was closed, and the lock is that of a process that is no more. */
const open = (rules = {}) => {
  rmSync(`${journal()}.lock`, { force: true });
  return JournalQueue.open<number>(folder, { rules: { backoffMs: 1, ...rules } });
};
const never = () => new Promise<void>(() => {});

test("a key that waits is added once, and what was added while it ran is done once more", async () => {
  const queue = await open();
  expect([await queue.add("a", 1), await queue.add("a", 2), await queue.add("b", 3)]).toEqual([true, false, true]);
  const seen: string[] = [];
  queue.work(async ({ key, data }) => {
    seen.push(`${key}${data}`);
    if (data === 1) expect(await queue.add("a", 4)).toBe(true);
  }, 2);
  await queue.idle();
  expect(seen).toEqual(["a1", "b3", "a4"]);
  expect(await queue.counts()).toEqual({ waiting: 0, running: 0, dead: 0 });
  await queue.close(0);
});

test("no more jobs at a time than were asked for, in the order in which they came", async () => {
  const queue = await open();
  for (let i = 0; i < 20; i++) await queue.add(`${i}`, i);
  let most = 0;
  let now = 0;
  const order: number[] = [];
  queue.work(async ({ data }) => {
    most = Math.max(most, ++now);
    order.push(data);
    await new Promise((resolve) => setTimeout(resolve, 1));
    now--;
  }, 3);
  await queue.idle();
  expect([most, order]).toEqual([3, Array.from({ length: 20 }, (_, i) => i)]);
  await queue.close(0);
});

test("what fails too often is given up with its reason, and stays so; what may pass comes back", async () => {
  const told: string[] = [];
  const queue = await JournalQueue.open<string>(folder, {
    rules: { tries: 2, backoffMs: 1 },
    onFailure: ({ key, failures }, { code }, isDead) => told.push(`${key} ${failures} ${code} ${isDead}`),
  });
  await queue.add("bad", "TAR_CHECKSUM");
  await queue.add("busy", "REGISTRY_BUSY");
  let isBroken = true;
  queue.work(async ({ data }) => {
    if (isBroken) throw new ComposefsError(data as "TAR_CHECKSUM", "broken");
  }, 1);
  await queue.idle();
  expect(told).toEqual(["bad 1 TAR_CHECKSUM false", "busy 1 REGISTRY_BUSY false", ...told.slice(2)]);
  expect((await queue.dead()).map(({ key, code, reason }) => [key, code, reason])).toEqual([
    ["bad", "TAR_CHECKSUM", "broken"],
    ["busy", "REGISTRY_BUSY", "broken"],
  ]);
  isBroken = false;
  expect([await queue.add("bad", "again"), await queue.add("busy", "again")]).toEqual([false, true]);
  await queue.idle();
  expect((await queue.counts()).dead).toBe(1);
  expect([await queue.retry("bad"), await queue.retry("none")]).toEqual([true, false]);
  await queue.idle();
  expect((await queue.counts()).dead).toBe(0);
  await queue.close(0);
});

test("a process that is killed loses nothing, wherever its last line is torn", async () => {
  const queue = await open();
  await queue.add("a", 1);
  await queue.add("b", 2);
  queue.work(never, 1);
  await queue.add("c", 3);
  const whole = readFileSync(journal());
  const lines = whole.toString().split("\n").slice(0, -1);
  expect(lines.length).toBe(4);
  const lastStart = whole.length - Buffer.byteLength(lines[3]!) - 1;
  for (let length = lastStart; length <= whole.length; length++) {
    writeFileSync(journal(), whole.subarray(0, length));
    const next = await open();
    const seen: string[] = [];
    next.work(async ({ key }) => void seen.push(key), 1);
    await next.idle();
    // What was worked on comes last.
    expect(seen).toEqual(length === whole.length ? ["b", "c", "a"] : ["b", "a"]);
    await next.close(0);
  }
});

test("a changed byte ends the journal there", async () => {
  const queue = await open();
  for (const key of ["a", "b", "c"]) await queue.add(key, 0);
  await queue.close(0);
  const bytes = readFileSync(journal());
  bytes[bytes.indexOf('b"')] = 120;
  writeFileSync(journal(), bytes);
  const next = await open();
  expect((await next.counts()).waiting).toBe(1);
  await next.add("d", 0);
  await next.close(0);
  expect((await (await open()).counts()).waiting).toBe(2);
});

test("a job that ends the process several times is given up", async () => {
  let queue = await open();
  await queue.add("bomb", 0);
  for (let i = 0; i < 3; i++) {
    expect((await queue.dead()).length).toBe(0);
    queue.work(never, 1);
    queue = await open({ crashes: 3 });
  }
  expect((await queue.dead()).map(({ code, reason }) => [code, reason])).toEqual([
    ["CRASHED", "the process ended 3 times while it worked on this"],
  ]);
});

test("closing waits for what runs, then calls it off and puts it back without a failure", async () => {
  const queue = await open();
  await queue.add("quick", 0);
  await queue.add("slow", 1);
  queue.work(async ({ data }, signal) => {
    if (data === 0) return;
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }, 2);
  await queue.close(20);
  const next = await open({ crashes: 1 });
  expect([await next.counts(), await next.dead()]).toEqual([{ waiting: 1, running: 0, dead: 0 }, []]);
});

test("the journal is written anew when most of it is about what is done", async () => {
  const queue = await open();
  queue.work(async ({ data }) => {
    if (data === 7) throw new ComposefsError("TAR_CHECKSUM", "broken");
  }, 4);
  await queue.add("bad", 7);
  for (let i = 0; i < 8000; i++) {
    await queue.add(`${i}`, 0);
  }
  await queue.idle();
  await queue.close(0);
  expect(readFileSync(journal(), "latin1").split("\n").length).toBeLessThan(20_000);
  expect((await (await open()).dead()).map(({ key }) => key)).toEqual(["bad"]);
});

test("two processes do not share a directory; one that died leaves nothing in the way", async () => {
  const queue = await JournalQueue.open(folder);
  writeFileSync(`${journal()}.lock`, `${process.ppid}`);
  await expect(JournalQueue.open(folder)).rejects.toMatchObject({ code: "IO_LOCKED" });
  truncateSync(`${journal()}.lock`);
  appendFileSync(`${journal()}.lock`, "999999999");
  await queue.close(0);
  await (await JournalQueue.open(folder)).close(0);
});
