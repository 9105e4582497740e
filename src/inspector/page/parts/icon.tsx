/**
 * Icons: lines of 1.5 on a grid of 16, in the colour of the text around them. They never stand alone for a meaning, so
 * screen readers do not hear of them.
 */

const PATHS = {
  file: "M4 1.75h5l3 3v9.5H4zM9 1.75v3h3",
  directory: "M1.75 3.25h4.5l1.5 2h6.5v7.5h-12.5z",
  symlink: "M4 1.75h5l3 3v9.5H4zM6 11c0-2.5 1.2-3.5 3.8-3.5M8.3 6l1.6 1.5L8.3 9",
  device: "M2.75 4.25h10.5v7.5H2.75zM5.5 1.75v2.5M10.5 1.75v2.5M5.5 11.75v2.5M10.5 11.75v2.5",
  pipe: "M1.75 6.25h3v3.5h-3zM11.25 6.25h3v3.5h-3zM4.75 8h6.5",
  whiteout: "M4 1.75h5l3 3v9.5H4zM6 7l4 4M10 7l-4 4",
  open: "M8 10.5v-8M4.75 5.5 8 2.25l3.25 3.25M2.25 10.25v3.5h11.5v-3.5",
  copy: "M5.75 5.75h7.5v8.5h-7.5zM10.25 5.75v-4h-7.5v8.5h3",
  check: "m2.75 8.5 3.5 3.5 7-8",
  cross: "m3.5 3.5 9 9M12.5 3.5l-9 9",
  warning: "M8 2 1.5 13.5h13zM8 6.5v3.25M8 11.4v.6",
  info: "M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M8 7.25v4M8 4.75v.6",
  seal: "M8 1.5a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 0 0 0-9.5M5.25 10.25 4.5 14.5 8 12.75l3.5 1.75-.75-4.25M6 6.25l1.5 1.5 2.75-3",
  unsealed:
    "M8 1.5a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 0 0 0-9.5M5.25 10.25 4.5 14.5 8 12.75l3.5 1.75-.75-4.25M6.25 6.25h3.5",
  chevron: "m6 3.5 4.5 4.5L6 12.5",
  download: "M8 2v8.5M4.75 7.25 8 10.5l3.25-3.25M2.25 10.75v3h11.5v-3",
  search: "M6.75 2a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 0 0 0-9.5M10.25 10.25l4 4",
  link: "M6.5 9.5l3-3M7 4.75 9.25 2.5a2.9 2.9 0 0 1 4.25 4.25L11.25 9M9 11.25 6.75 13.5A2.9 2.9 0 0 1 2.5 9.25L4.75 7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
