/**
 * What must be true of the reader's answer to any bytes.
 *
 *   refused    by an IMAGE_* code at an offset inside the input, in strict mode too
 *   accepted   text -> tree -> the same text;  tree -> image of the same format -> the same text, and that image is
 *              canonical; strict mode takes nothing that the default refuses
 *   always     no trap, time and memory in proportion to the input
 */
import { ABI } from "../support/abi.mjs";
import { EngineStatus } from "../support/raw-engine.mjs";

/** Time for one case, most of which is noise; a slow one is tried again before it counts. */
const CASE_MS = 250;
const TRIES = 3;

/** Arena in use after an image is read: its bytes' worth, and hash tables that begin with some room. */
const ARENA_BASE_BYTES = 65_536;

const WHITEOUT_MODE = /^2[0-7]{4}$/;

/** Perhaps an object of no bytes, which V2 has and no text (dumpfile.md 8.2). */
const EMPTY_FILE = /^\S+ 0 10[0-7]{4} /m;

/** Codes by which the writer may refuse a tree that was read: V2 does not hold every one. */
const WRITER_REFUSALS = ["EROFS_V2_SHARED", "EROFS_V2_PAYLOAD"];

/** Calls `work`; the code of its refusal, or undefined. */
function codeOf(work) {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    return error;
  }
}

function expectRefusal(error, image) {
  if (!error.code.startsWith("IMAGE_")) throw new Error(`refused by ${error.message}`);
  if (error.offset > image.length) throw new Error(`${error.message}: offset ${error.offset} of ${image.length}`);
}

function expectSame(one, other, what) {
  if (one.equals(other)) return;
  const [left, right] = [one, other].map((bytes) => bytes.toString("latin1").split("\n"));
  const at = left.findIndex((line, i) => line !== right[i]);
  throw new Error(`${what}\n  ${left[at]}\n  ${right[at]}`);
}

/**
 * What an image does not hold of the tree that was read from a broken one: V2 has no nanoseconds and the paths that
 * digests give; V1 overwrites opaque marks beside whiteouts.
 */
function afterWriting(text, version) {
  const lines = text.toString("latin1").split("\n");
  const marked = new Set();
  for (const line of version === 1 ? lines : []) {
    const fields = line.split(" ");
    if (WHITEOUT_MODE.test(fields[2]) && fields[6] === "0") {
      marked.add(fields[0].slice(0, fields[0].lastIndexOf("/")) || "/");
    }
  }
  return Buffer.from(
    lines
      .map((line) => {
        const fields = line.split(" ");
        if (fields.length < 11) return line;
        if (version === 2) {
          fields[7] = fields[7].replace(/\.\d+$/, ".0");
          if (fields[10] !== "-") fields[8] = `${fields[10].slice(0, 2)}/${fields[10].slice(2)}`;
        }
        if (!marked.has(fields[0])) return fields.join(" ");
        return fields.filter((field, i) => i < 11 || !/^(trusted|user)\.overlay\.opaque=/.test(field)).join(" ");
      })
      .join("\n"),
    "latin1",
  );
}

/** Text -> tree -> the same text. @returns whether the text can be read at all */
function checkText(engine, text) {
  const refusal = codeOf(() => engine.parse([text]));
  // Escaped, xattrs within the budget can be longer than a line's may be (dumpfile.md 4 and 8.1).
  if (refusal?.code === "DUMP_XATTR_TEXT_TOO_LONG") return false;
  if (refusal !== undefined) throw new Error(`its own text is refused: ${refusal.message}`);
  expectSame(text, engine.print(), "its text reads back as another one");
  return true;
}

/** Tree -> image -> the same tree and the same image. @returns whether the text was read back on the way */
function checkImage(engine, text, version, isTruthful) {
  let image;
  const refusal = codeOf(() => {
    image = engine.image(version).image;
  });
  if (refusal !== undefined) {
    if (version === 2 && WRITER_REFUSALS.includes(refusal.code)) return false;
    throw new Error(`no image of its tree: ${refusal.message}`);
  }
  const strict = codeOf(() => engine.scan([image], { flags: ABI.SCAN_STRICT }))?.code;
  // In V2 a file may carry what marks whiteouts in the other formats; strict mode knows that no tool wants it.
  const isExpected =
    (strict === "IMAGE_STRICT_NLINK" && !isTruthful) ||
    (strict === "IMAGE_STRICT_V2_WHITEOUT" && text.includes("trusted.overlay.whiteout="));
  if (strict !== undefined && !isExpected) throw new Error(`strict mode refuses our own image: ${strict}`);
  engine.scan([image]);
  const after = engine.print();
  if (!after.equals(text)) expectSame(afterWriting(text, version), after, "its image reads back as another tree");
  if (!engine.image(version).image.equals(image)) throw new Error("our own image is not canonical");
  if (!isTruthful || (version === 2 && EMPTY_FILE.test(text.toString("latin1")))) return false;
  if (!checkText(engine, after)) return false;
  if (!engine.image(version).image.equals(image)) throw new Error("the text of a truthful image gives another one");
  return after.equals(text);
}

/** Reads a listing to its end. */
function drain(engine, read) {
  for (;;) {
    const length = read();
    if (length < 0) engine.check(-length);
    if (length === 0) return;
  }
}

/** What else can be asked about an image that was read: it must come to an end. */
function checkViews(engine) {
  const { exports } = engine;
  engine.check(exports.cursorOpen());
  for (let index = 0; ; ) {
    engine.check(exports.cursorRead(index));
    const count = Number(engine.control(ABI.CONTROL_CURSOR_COUNT));
    if (count === 0) break;
    index += count;
  }
  engine.check(exports.infoOpen());
  drain(engine, () => exports.infoRead());
  engine.check(exports.regionOpen());
  drain(engine, () => exports.regionRead());
}

function checkOnce(engine, image) {
  const refusal = codeOf(() => engine.scan([image]));
  const arena = Number(engine.control(ABI.CONTROL_ARENA_BYTES));
  if (arena > ARENA_BASE_BYTES + ABI.MEMORY_PER_IMAGE_BYTE * image.length) {
    throw new Error(`${arena} bytes of memory for ${image.length} bytes of image`);
  }
  if (refusal !== undefined) {
    expectRefusal(refusal, image);
    const strict = codeOf(() => engine.scan([image], { flags: ABI.SCAN_STRICT }));
    if (strict === undefined) throw new Error(`strict mode takes what is otherwise ${refusal.code}`);
    expectRefusal(strict, image);
    return refusal.code;
  }
  const version = Number(engine.control(ABI.CONTROL_IMAGE_VERSION));
  const text = engine.print();
  checkViews(engine);
  const strict = codeOf(() => engine.scan([image], { flags: ABI.SCAN_STRICT }));
  if (strict !== undefined) {
    if (!strict.code.startsWith("IMAGE_STRICT_")) throw new Error(`strict mode alone says ${strict.code}`);
    engine.scan([image]);
  }
  if (!checkImage(engine, text, version, strict === undefined)) checkText(engine, text);
  return strict === undefined ? "strict" : "image";
}

/** Throws what is wrong with the engine's answer; returns the code of the refusal, `image`, or `strict`. */
export function checkCase(engine, image) {
  for (let attempt = 1; ; attempt++) {
    const began = performance.now();
    const answer = checkOnce(engine, image);
    const ms = performance.now() - began;
    if (ms < CASE_MS) return answer;
    if (attempt === TRIES) throw new Error(`${ms.toFixed(0)} ms for ${image.length} bytes`);
  }
}
