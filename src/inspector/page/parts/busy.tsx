/** Something is being computed; nothing is shown of it when that takes no time. */

export function Busy({ text }: { text: string }) {
  return (
    <p class="busy" role="status">
      <span>{text}…</span>
    </p>
  );
}
