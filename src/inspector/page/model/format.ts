/**
 * Numbers for people: sizes in binary units, counts with separators, durations, speeds.
 */

const COUNT = new Intl.NumberFormat("en-US");
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;
const STEP = 1024;

/** A size in its unit, apart, so that a column of them can be aligned. */
export interface SizeText {
  number: string;
  unit: string;
}

/** A count with separators, such as `12,345`. */
export function countText(count: number | bigint): string {
  return COUNT.format(count);
}

/** Such as `1 entry`, `12,345 entries`. @param many plural, by default with an s */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** @param bytes 0 or more */
export function sizeParts(bytes: number): SizeText {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  // 1023.6 KiB would be shown as 1,024 KiB: that is 1 MiB.
  if (unit > 0 && Math.round(value) >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  return { number: unit === 0 ? countText(value) : roundedText(value), unit: UNITS[unit]! };
}

/** Three digits, more only before the point: what would be rounded to one more digit has one decimal less. */
function roundedText(value: number): string {
  const decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Such as `12.4 MiB`; a no-break space keeps the unit at its number. */
export function sizeText(bytes: number): string {
  const { number, unit } = sizeParts(bytes);
  return `${number}\u00a0${unit}`;
}

/** Such as `118 MiB/s`. @param bytesPerSecond 0 or more */
export function speedText(bytesPerSecond: number): string {
  return `${sizeText(bytesPerSecond)}/s`;
}

/** Such as `9 s`, `1 min 20 s`, `2 h 5 min`. @param seconds 0 or more */
export function durationText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole}\u00a0s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes}\u00a0min` : `${minutes}\u00a0min ${whole % 60}\u00a0s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours}\u00a0h` : `${hours}\u00a0h ${minutes % 60}\u00a0min`;
}

/** A part of a whole, such as `34 %`, `< 1 %`. @param whole 0 gives 0 % */
export function percentText(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return "0\u00a0%";
  const percent = (100 * part) / whole;
  return percent < 1 ? "<\u00a01\u00a0%" : `${Math.round(percent)}\u00a0%`;
}

const SHORT_HEX_DIGITS = 12;

/** The beginning of a digest, such as `sha256:9ef0a1b2c3d4…`: to be recognised, not to be compared. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(":") + 1;
  const hex = digest.slice(colon);
  return hex.length <= SHORT_HEX_DIGITS ? digest : `${digest.slice(0, colon)}${hex.slice(0, SHORT_HEX_DIGITS)}…`;
}

/** Such as `0x00000480`. @param digits at least */
export function hexText(value: number, digits = 8): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

const PERMISSIONS = ["---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"];
/** By S_IFMT >> 12: include/uapi/linux/stat.h. */
const TYPE_LETTERS: Readonly<Record<number, string>> = { 1: "p", 2: "c", 4: "d", 6: "b", 8: "-", 10: "l", 12: "s" };

/** Mode as `ls -l` has it. @param mode st_mode */
export function modeText(mode: number): string {
  const letters = [6, 3, 0].flatMap((shift) => [...PERMISSIONS[(mode >> shift) & 7]!]);
  // S_ISUID, S_ISGID, S_ISVTX take the place of an x.
  for (const [bit, at, letter] of [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const) {
    if ((mode & bit) !== 0) letters[at] = letters[at] === "x" ? letter : letter.toUpperCase();
  }
  return `${TYPE_LETTERS[mode >> 12] ?? "?"}${letters.join("")}`;
}

/** Days that a Date can hold: ECMA-262 21.4.1.1, in seconds. */
const DATE_MAX_SECONDS = 8_640_000_000_000;

/** The day of a time, UTC. @param seconds since 1970 */
export function dayText(seconds: number): string {
  if (Math.abs(seconds) > DATE_MAX_SECONDS) return `@${seconds}`;
  return new Date(seconds * 1000).toISOString().replace(/T.*/, "");
}
