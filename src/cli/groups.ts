/** The commands in the order of `composefs --help`, by what a person is about to do. */

import type { Command } from "commander";

const GROUPS: ReadonlyArray<readonly [heading: string, names: readonly string[]]> = [
  ["Digests and images:", ["digest", "mkfs", "verity"]],
  ["Look inside:", ["inspect", "info", "ls", "cat", "dump", "walk"]],
  ["Why digests differ:", ["diff", "identify", "lint"]],
  ["Seals:", ["seal", "verify", "sign", "verify-signature", "referrers", "copy"]],
  ["Images that boot:", ["uki", "karg"]],
  ["On Linux:", ["store", "mount", "umount"]],
  ["In CI:", ["lock", "check", "rebuild-check", "conformance"]],
  ["For registries:", ["precompute", "serve", "worker", "queue", "cache"]],
];

/** Puts the commands of the program into their groups and order; those of no group come last. */
export function groupCommands(program: Command): void {
  const place = new Map(GROUPS.flatMap(([heading, names]) => names.map((name) => [name, heading] as const)));
  const order = [...place.keys()];
  const rank = (command: Command) => (order.includes(command.name()) ? order.indexOf(command.name()) : order.length);
  const commands = program.commands as Command[];
  commands.sort((a, b) => rank(a) - rank(b));
  for (const command of commands) command.helpGroup(place.get(command.name()) ?? "Others:");
}
