/**
 * What a screen reader is told without the focus moving: one polite live region for the whole page.
 */

import { useEffect, useState } from "preact/hooks";

let tell: ((text: string) => void) | undefined;

/** Says something. The same text twice is said twice. */
export function announce(text: string): void {
  tell?.(text);
}

/** The region; once in the page. */
export function Announcer() {
  const [{ text, turn }, setSaid] = useState({ text: "", turn: 0 });
  useEffect(() => {
    tell = (next) => setSaid((said) => ({ text: next, turn: said.turn + 1 }));
    return () => {
      tell = undefined;
    };
  }, []);
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      <span key={turn}>{text}</span>
    </div>
  );
}
