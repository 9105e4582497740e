/**
 * What a person has to know: an error as sentences, with its code and what to do.
 */

import type { ComponentChildren } from "preact";
import type { RequestFailure } from "../../protocol.ts";
import { adviceFor } from "../model/advice.ts";
import { Icon, type IconName } from "./icon.tsx";

export type Tone = "good" | "bad" | "warn" | "note";

const ICONS: Record<Tone, IconName> = { good: "check", bad: "cross", warn: "warning", note: "info" };

export function Notice({ tone, title, children }: { tone: Tone; title: string; children?: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      <Icon name={ICONS[tone]} />
      <div>
        <strong>{title}</strong>
        {children}
      </div>
    </div>
  );
}

/** @param what failed, as a sentence */
export function FailureNotice({
  what,
  failure,
  children,
}: {
  what: string;
  failure: RequestFailure;
  children?: ComponentChildren;
}) {
  return (
    <Notice tone="bad" title={what}>
      <p>{sentence(failure.message)}</p>
      {failure.advice.length > 0 ? (
        failure.advice.map((line) => <p key={line}>{line}</p>)
      ) : (
        <p>{adviceFor(failure.code)}</p>
      )}
      <p class="notice-code">
        Code <code>{failure.code}</code>
      </p>
      {children}
    </Notice>
  );
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
