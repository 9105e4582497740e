/**
 * The lint of an open image: of its tree, of its layers and of what boots, with what to do about each finding.
 */

import { lintTree } from "../../explain/lint.ts";
import { BOOT_RULES, lintBoot } from "../../explain/lint-boot.ts";
import { LAYER_RULES, lintLayers } from "../../explain/lint-layers.ts";
import type { Rule } from "../../explain/lint-rule.ts";
import { lintToJson } from "../../explain/lint-text.ts";
import { RULES } from "../../explain/rules.ts";
import type { LintFacts } from "../protocol.ts";
import type { OpenImage } from "./open-image.ts";

/** Places of each rule that the page shows. */
const PLACES_MAX = 200;

const ALL_RULES: readonly Rule[] = [...RULES, ...LAYER_RULES, ...BOOT_RULES];

/** @throws {ComposefsError} ENGINE_MEMORY, and what reading a content gives */
export async function lintImage({ tree, container, hash }: OpenImage): Promise<LintFacts> {
  const options = { max: PLACES_MAX };
  let report = lintTree(tree, options);
  if (container !== undefined) {
    const records = container.layers.map((layer) => layer.records);
    report = lintLayers(report, records, options);
    report = await lintBoot(report, container.trees, hash, options);
  }
  const json = lintToJson(report) as unknown as LintFacts;
  const adviceOf = (id: string) => ALL_RULES.find((rule) => rule.id === id)?.advice ?? "";
  return { ...json, findings: json.findings.map((finding) => ({ ...finding, advice: adviceOf(finding.rule) })) };
}
