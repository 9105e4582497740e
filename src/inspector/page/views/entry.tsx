/**
 * Everything about one entry.
 */

import { useState } from "preact/hooks";
import type { EntryDetails, Opened, PathEvent, Side, XattrFacts } from "../../protocol.ts";
import { commandText } from "../model/command.ts";
import { countOf, countText, hexText, sizeText } from "../model/format.ts";
import { fileHash, routeHash } from "../model/route.ts";
import { baseName, parentOf, readable } from "../model/text.ts";
import { type Shown, useAnswer } from "../model/use-session.ts";
import { Busy } from "../parts/busy.tsx";
import { Command } from "../parts/command.tsx";
import { Digest } from "../parts/digest.tsx";
import { HexView } from "../parts/hex.tsx";
import { FailureNotice } from "../parts/notice.tsx";

/** A nid counts slots of this size: EROFS_ISLOTBITS. */
const NID_BYTES = 32;

export function EntryPane({ shown, path }: { shown: Shown; path: string }) {
  const { side, turn } = shown;
  const answer = useAnswer(`${turn} ${path}`, (api) => api.entry(side, path), true);
  return (
    <aside class="card entry" aria-label="Details of the chosen entry">
      {answer.state === "waiting" && <Busy text="Reading" />}
      {answer.state === "failed" && (
        <div class="card-body entry-failed">
          <FailureNotice what={`There is nothing at ${readable(path)}.`} failure={answer.failure} />
        </div>
      )}
      {answer.state === "ready" && <Details shown={shown} details={answer.value} />}
    </aside>
  );
}

function Details({ shown, details }: { shown: Shown; details: EntryDetails }) {
  const { side, opened } = shown;
  const { names, xattrs, history } = details;
  const { path } = details;
  return (
    <>
      <header class="entry-head">
        <Crumbs side={side} path={path} />
        <h2 class="long">{readable(baseName(path))}</h2>
        <p class="soft">{kindText(details)}</p>
      </header>
      <dl class="facts entry-facts">
        <Facts details={details} side={side} />
      </dl>
      {history.length > 0 && <History history={history} side={side} />}
      {details.origin.kind !== "layer" && <Origin details={details} side={side} />}
      {names.length > 0 && (
        <section class="entry-part">
          <h3>Other names of this inode</h3>
          <ul>
            {names.map((name) => (
              <li key={name}>
                <a class="long" href={fileHash(side, name)}>
                  {readable(name)}
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
      {xattrs.length > 0 && (
        <section class="entry-part">
          <h3>{countOf(xattrs.length, "extended attribute")}</h3>
          {xattrs.map((xattr) => (
            <XattrView key={`${path} ${xattr.key}`} xattr={xattr} />
          ))}
        </section>
      )}
      <Structures key={path} shown={shown} path={path} />
      <div class="entry-part">
        <Command text={commandFor(details, opened)} />
      </div>
    </>
  );
}

function Crumbs({ side, path }: { side: Side; path: string }) {
  if (path === "/") return null;
  const parent = parentOf(path);
  const parts = parent === "/" ? [] : parent.slice(1).split("/");
  return (
    <nav class="crumbs" aria-label="Directories above">
      <a href={fileHash(side, "/")}>/</a>
      {parts.map((name, i) => {
        const to = `/${parts.slice(0, i + 1).join("/")}`;
        return (
          <span key={to}>
            <a href={fileHash(side, to)}>{readable(name)}</a>/
          </span>
        );
      })}
    </nav>
  );
}

function kindText({ facts, bytesBelow, entriesBelow, isWhiteout }: EntryDetails): string {
  if (isWhiteout) return "Whiteout: hides a name of the layers below";
  switch (facts.type) {
    case "hardlink":
      return "Another name of an inode";
    case "directory":
      return `Directory, ${countOf(entriesBelow, "entry", "entries")} below it, ${sizeText(bytesBelow)}`;
    case "symlink":
      return "Symbolic link";
    case "character device":
      return "Character device";
    case "file":
      if (facts.content !== undefined) return `File, ${sizeText(Number(facts.size))}, its content lies in the image`;
      return `File, ${sizeText(Number(facts.size))}`;
    default:
      return facts.type.charAt(0).toUpperCase() + facts.type.slice(1);
  }
}

function Facts({ details, side }: { details: EntryDetails; side: Side }) {
  const { facts, modeText, owner, timeText, objectPath } = details;
  if ("of" in facts) {
    return (
      <Fact name="Inode of">
        <a href={fileHash(side, facts.of)}>{readable(facts.of)}</a>
      </Fact>
    );
  }
  const { size, mode, uid, gid, nlink, device, target, content, digest } = facts;
  return (
    <>
      {target !== undefined && (
        <Fact name="Target">
          <code>{readable(target)}</code>
        </Fact>
      )}
      {size !== undefined && <Fact name="Size">{countText(BigInt(size))} bytes</Fact>}
      <Fact name="Mode">
        <code>{modeText}</code> <code class="soft">{mode}</code>
      </Fact>
      <Fact name="Owner">
        {nameOf(owner.user, uid)} : {nameOf(owner.group, gid)}
      </Fact>
      <Fact name="Modified">
        <time>{timeText}</time>
      </Fact>
      {nlink !== 1 && facts.type !== "directory" && <Fact name="Links">{nlink}</Fact>}
      {device !== undefined && <Fact name="Device">{`${device.major}, ${device.minor}`}</Fact>}
      {digest !== undefined && (
        <Fact name="fs-verity">
          <Digest value={digest} what="the fs-verity digest" />
        </Fact>
      )}
      {objectPath !== null && (
        <Fact name="Object">
          <code>{readable(objectPath)}</code>
        </Fact>
      )}
      {content !== undefined && (
        <Fact name="Content">
          <code class="entry-content">{readable(content) || "(empty)"}</code>
        </Fact>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function nameOf(name: string | null, id: number) {
  return name === null ? (
    <span>{id}</span>
  ) : (
    <span>
      {name} <span class="soft">({id})</span>
    </span>
  );
}

const EVENTS: Record<PathEvent["what"], string> = {
  written: "wrote it",
  removed: "removed it",
  opaque: "emptied the directory above it",
};

function History({ history, side }: { history: readonly PathEvent[]; side: Side }) {
  return (
    <section class="entry-part">
      <h3>What layers did to it</h3>
      <ol class="entry-history">
        {history.map(({ layer, what, bytes }, i) => (
          <li key={i}>
            <a
              href={routeHash({ side, view: "files", rest: "", query: { layer: String(layer) } })}
            >{`Layer ${layer}`}</a>{" "}
            {EVENTS[what]}
            {bytes !== null && <span class="soft">{`, ${sizeText(bytes)}`}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Where in the image the entry is. The image is made for it when somebody wants to know. */
function Structures({ shown, path }: { shown: Shown; path: string }) {
  const { side, turn } = shown;
  const [isWanted, setWanted] = useState(false);
  const answer = useAnswer(isWanted ? `${turn} ${path}` : undefined, (api) => api.structuresOf(side, path));
  return (
    <details class="entry-part" onToggle={(event) => setWanted(event.currentTarget.open)}>
      <summary>Structures in the image</summary>
      {answer.state === "failed" && (
        <FailureNotice what="The image could not be taken apart." failure={answer.failure} />
      )}
      {answer.state === "waiting" && isWanted && <Busy text="Taking the image apart" />}
      {answer.state === "ready" && (
        <ul class="entry-structures">
          {answer.value.map(({ offset, kind, bytes }) => (
            <li key={offset}>
              <a class="mono" href={routeHash({ side, view: "structure", rest: String(offset), query: {} })}>
                {hexText(offset)}
              </a>
              <span>{kind}</span>
              <span class="number soft">{countText(bytes)}</span>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

/** Where the input says it. */
function Origin({ details, side }: { details: EntryDetails; side: Side }) {
  const { kind, number } = details.origin;
  if (number === 0) return null;
  return (
    <p class="entry-part soft">
      {kind === "line" ? (
        `Line ${countText(number)} of the dumpfile`
      ) : (
        <a href={routeHash({ side, view: "structure", rest: String(number * NID_BYTES), query: {} })}>
          {`Inode at nid ${countText(number)}`}
        </a>
      )}
    </p>
  );
}

function XattrView({ xattr }: { xattr: XattrFacts }) {
  const { key, meaning, value, bytes } = xattr;
  const [isRaw, setRaw] = useState(false);
  return (
    <div class="xattr">
      <div class="xattr-head">
        <code class="long">{readable(key)}</code>
        <button type="button" class="link-button" aria-expanded={isRaw} onClick={() => setRaw(!isRaw)}>
          {isRaw ? "hide bytes" : "bytes"}
        </button>
      </div>
      {meaning.length === 0 ? (
        <code class="long">{readable(value) || "(empty)"}</code>
      ) : (
        <ul>
          {meaning.map((line) => (
            <li key={line} class="long">
              {line}
            </li>
          ))}
        </ul>
      )}
      {isRaw && <HexView bytes={bytes} offset={0} label={`Bytes of ${key}`} />}
    </div>
  );
}

function commandFor({ facts, path, content }: EntryDetails, opened: Opened): string {
  // Only layers hold contents; a dumpfile or an image has those of small files.
  const hasContent = facts.type === "file" && (opened.layers.length > 0 || content !== null);
  const what = hasContent ? "cat" : "ls";
  return commandText(what, opened, [path]);
}
