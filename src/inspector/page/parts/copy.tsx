/**
 * A button that copies a text, and says so to everybody.
 */

import { useEffect, useState } from "preact/hooks";
import { announce } from "./announcer.tsx";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 1600;

/** @param what is copied, for its label: `the digest` */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = async () => {
    const isCopied = await copyText(text);
    setState(isCopied ? "copied" : "failed");
    announce(isCopied ? `Copied ${what}` : `The browser did not let the page copy ${what}`);
  };
  const tone = state === "copied" ? "good" : state === "failed" ? "bad" : "";
  return (
    <button
      type="button"
      class={`icon-button ${tone}`}
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={copy}
    >
      <Icon name={state === "copied" ? "check" : state === "failed" ? "cross" : "copy"} />
    </button>
  );
}

/** Over plain HTTP there is no clipboard API: a selection can still be copied. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}
