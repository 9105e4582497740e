/** Names and options of the commands for registry operators. What they do is in the file of their name. */

import type { Command } from "commander";
import { runCommand } from "./common.ts";

type Collect = (value: string, before?: string[]) => string[];

/** Adds `precompute`, `serve`, `worker` and `queue` to the program. */
export function addServiceCommands(program: Command, collect: Collect): void {
  const precompute = program
    .command("precompute")
    .description("see to it that images in a registry have their digests beside them; exit with 1 when one failed")
    .argument(
      "[sources...]",
      "docker://HOST/NAME:TAG, docker://HOST/NAME for all its tags, docker://HOST for all of it",
    )
    .option("--recheck", "compute digests anew where there are some")
    .option("--dry-run", "write nothing, say what would be sealed")
    .option("--json", "print an object for each image, and one with the counts")
    .option("--no-progress", "no progress on the terminal")
    .action(async (sources, options) => {
      await runCommand(options.json, async () => (await import("./precompute.ts")).run(sources, options));
    });
  const serve = program
    .command("serve")
    .description("run as a service: what is pushed gets its digests; events over HTTP, and a scan every interval")
    .argument("[sources...]", "as for precompute")
    .option("--listen <address>", "HOST:PORT (default 127.0.0.1:8080)")
    .option("--interval <seconds>", "between two scans (default 3600)")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .option("--json", "print the address as JSON")
    .action(async (sources, options) => {
      await runCommand(options.json, async () => (await import("./serve.ts")).run(sources, options));
    });
  const worker = program
    .command("worker")
    .description("work on what `serve --queue redis://…` adds to the queue, as one of many processes on many machines")
    .option("--concurrency <count>", "images at a time, and processes that look into them")
    .option("--listen <address>", "HOST:PORT for probes and Prometheus (default: none)")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .option("--json", "print the address as JSON")
    .action(async (options) => {
      await runCommand(options.json, async () => (await import("./worker.ts")).run(options));
    });
  const queue = program.command("queue").description("what services gave up, and another try");
  const list = queue
    .command("list")
    .description("show what was given up, with the reason, and how many jobs there are")
    .option("--json", "print an object for each job, and one with the counts")
    .action(async (options) => {
      await runCommand(options.json, async () => (await import("./queue.ts")).list(options));
    });
  const retry = queue
    .command("retry")
    .description("try again what was given up; exit with 1 when there is no such image or layer")
    .argument("[keys...]", "as `list` shows them")
    .option("--all", "all that was given up")
    .option("--json", "print an object for each job")
    .action(async (keys, options) => {
      await runCommand(options.json, async () => (await import("./queue.ts")).retry(keys, options));
    });
  for (const command of [list, retry]) {
    command
      .option("--config <file>", "of the service, in YAML")
      .option("--state <dir>", "of the service: its journal is the queue");
  }
  addServiceOptions(precompute, collect);
  addServiceOptions(serve, collect);
  addServiceOptions(worker, collect);
  for (const command of [precompute, serve]) {
    command
      .option("--parallel <count>", "images at a time")
      .option("--workers <count>", "processes that look into images (default: one for each CPU)");
  }
  for (const command of [serve, worker, list, retry]) {
    command.option(
      "--queue <place>",
      "redis://HOST[:PORT][/DATABASE][?prefix=NAME] for a fleet; a directory for one process",
    );
  }
}

/** Options of all commands of the service, which stand above the file. */
function addServiceOptions(command: Command, collect: Collect): void {
  command
    .option("--config <file>", "what is selected, wanted and allowed, in YAML")
    .option("-a, --algorithm <algorithm>", "sha512-12 (the default), sha256-12, …; may be repeated", collect)
    .option(
      "--platform <platform>",
      "of indexes only these images, os/architecture[/variant]; may be repeated",
      collect,
    )
    .option("--key <file>", "sign each digest with this private key, in PEM")
    .option("--cert <file>", "its certificate, in PEM or DER")
    .option("--state <dir>", "remembers what was verified and what is to be done")
    .option("--cache <dir>", "the layer cache")
    .option("--limit <name=number>", "of one image, such as imageSeconds=600; may be repeated", collect)
    .option("--prune", "remove artifacts of this certificate that are not current");
}
