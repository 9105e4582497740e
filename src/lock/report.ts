/**
 * The forms of a report.
 */

import type { CheckReport } from "./check.ts";
import { formatGithub } from "./report-github.ts";
import { formatJson } from "./report-json.ts";
import { formatJunit } from "./report-junit.ts";
import { formatMarkdown } from "./report-markdown.ts";
import { formatSarif } from "./report-sarif.ts";
import { formatText } from "./report-text.ts";

const FORMS = {
  text: formatText,
  json: formatJson,
  github: formatGithub,
  markdown: formatMarkdown,
  sarif: formatSarif,
  junit: formatJunit,
} as const;

/** Name of a form. */
export type ReportFormat = keyof typeof FORMS;

export const REPORT_FORMATS = Object.keys(FORMS) as readonly ReportFormat[];

export function isReportFormat(name: string): name is ReportFormat {
  return Object.hasOwn(FORMS, name);
}

/** Spells a report. @param version of this package */
export function formatReport(report: CheckReport, format: ReportFormat, version: string): string {
  return FORMS[format](report, version);
}
