/**
 * The command that prints what a view shows.
 */

import { CopyButton } from "./copy.tsx";

export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <span class="command-label">In a terminal</span>
      <code class="long">{text}</code>
      <CopyButton text={text} what="the command" />
    </div>
  );
}
