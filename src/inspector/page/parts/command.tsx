/**
 * The command that prints what a view shows.
 */

import { CopyButton } from "./copy.tsx";

export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <span class="command-label">In a terminal</span>
      <code class="long">
        {text.split(" ").map((word, at) => (
          // A line would else end inside of an option, behind its hyphens.
          <>
            {at > 0 && " "}
            <span class="word">{word}</span>
          </>
        ))}
      </code>
      <CopyButton text={text} what="the command" />
    </div>
  );
}
