/**
 * Is the image what it is sealed to be? The answer in one line, what it rests on, and what it does not cover.
 */

import { useRef } from "preact/hooks";
import type { VerifiedObject, VerifyReport } from "../../../seal/verify.ts";
import { commandText } from "../model/command.ts";
import { shortDigest } from "../model/format.ts";
import type { SignatureCheck } from "../model/session.ts";
import { type Shown, useSession } from "../model/use-session.ts";
import { verdictOf } from "../model/verdict.ts";
import { Command } from "../parts/command.tsx";
import { Digest } from "../parts/digest.tsx";
import { Icon } from "../parts/icon.tsx";
import { FailureNotice, type Tone } from "../parts/notice.tsx";

export function VerdictCard({ shown }: { shown: Shown }) {
  const { opened, check } = shown;
  const report = check.state === "done" ? check.report : opened.seal;
  const { tone, title, text, icon } = verdictOf(report, opened.sealReason);
  const certificates = check.state === "done" ? check.names.flatMap((name) => ["--cert", name]) : [];
  return (
    <section class={`card verdict ${tone}`} aria-labelledby="verdict">
      <div class="verdict-head">
        <span class="verdict-icon">
          <Icon name={icon} size={28} />
        </span>
        <div>
          <h2 id="verdict">{title}</h2>
          <p>{text}</p>
        </div>
      </div>
      {report !== null && report.objects.length > 0 && <Objects objects={report.objects} />}
      {report !== null && !isBare(report) && <Remarks report={report} />}
      {report !== null && report.objects.length > 0 && <Certificates shown={shown} />}
      {report !== null && (
        <div class="card-foot">
          <Command text={commandText("verify", opened, certificates)} />
        </div>
      )}
    </section>
  );
}

/** Whether nothing at all is stated: then it goes without saying what is not covered. */
function isBare({ verdict, objects, legacy, unknown }: VerifyReport): boolean {
  return verdict === "unsealed" && objects.length + legacy.length + unknown.length === 0;
}

function Objects({ objects }: { objects: readonly VerifiedObject[] }) {
  return (
    <div class="table-scroll">
      <table class="table">
        <caption class="visually-hidden">What is stated, and whether it is so</caption>
        <thead>
          <tr>
            <th scope="col">Object</th>
            <th scope="col">Stated in</th>
            <th scope="col">Digest</th>
            <th scope="col">Signature</th>
          </tr>
        </thead>
        <tbody>
          {objects.map((object, i) => (
            <ObjectRow key={i} object={object} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ObjectRow({ object }: { object: VerifiedObject }) {
  const { role, layer, algorithm, where, expected, computed, isEqual, transform, problem, signature } = object;
  const isRight = isEqual && problem === null;
  return (
    <tr>
      <th scope="row">
        <span class="object-name">{layer === null ? role : `${role} ${layer}`}</span>
        <code class="soft">{algorithm}</code>
      </th>
      <td title={where}>{where.startsWith("sha256:") ? `artifact ${shortDigest(where)}` : where}</td>
      <td>
        <Badge tone={isRight ? "good" : "bad"} text={isRight ? "matches" : "does not match"} />
        {transform !== null && <span class="soft"> with xattrs {transform.xattrs}</span>}
        {problem !== null && <p class="long">{problem}</p>}
        {!isRight && (
          <dl class="facts stated">
            <dt>stated</dt>
            <dd>
              <Digest value={expected} what="the stated digest" />
            </dd>
            {computed !== null && (
              <>
                <dt>computed</dt>
                <dd>
                  <Digest value={computed} what="the computed digest" />
                </dd>
              </>
            )}
          </dl>
        )}
      </td>
      <td>
        <Badge {...SIGNATURES[signature.state]} />
        {signature.detail !== null && <p class="soft long">{signature.detail}</p>}
      </td>
    </tr>
  );
}

const SIGNATURES: Record<VerifiedObject["signature"]["state"], { tone: Tone; text: string }> = {
  valid: { tone: "good", text: "valid" },
  invalid: { tone: "bad", text: "not valid" },
  "not checked": { tone: "warn", text: "not checked" },
  none: { tone: "note", text: "none" },
};

function Badge({ tone, text }: { tone: Tone; text: string }) {
  return (
    <span class={`badge ${tone}`}>
      {tone === "good" && <Icon name="check" size={11} />}
      {tone === "bad" && <Icon name="cross" size={11} />}
      {text}
    </span>
  );
}

/** What is beside the objects: failures, older seals, what is not covered. */
function Remarks({ report }: { report: VerifyReport }) {
  const { failures, violations, uncovered, unknown, legacy } = report;
  const rows: Array<[label: string, texts: string[]]> = [
    ["Wrong", failures],
    ["Against the rules", violations],
    ["Not covered", uncovered],
    [
      "Older schemes",
      legacy.map(({ key, scheme, isMerged }) => {
        return `${key} (${scheme})${isMerged ? ", which is the digest of the merged tree" : ", which is not the digest of the merged tree"}`;
      }),
    ],
    ["Unknown keys", unknown],
  ];
  const shown = rows.filter(([, texts]) => texts.length > 0);
  if (shown.length === 0) return null;
  return (
    <dl class="facts remarks">
      {shown.map(([label, texts]) => (
        <>
          <dt>{label}</dt>
          <dd>
            <ul>
              {texts.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          </dd>
        </>
      ))}
    </dl>
  );
}

/** Signatures are checked when there is a certificate to check them with. */
function Certificates({ shown }: { shown: Shown }) {
  const session = useSession();
  const input = useRef<HTMLInputElement>(null);
  const { side, check } = shown;
  return (
    <div class="certificates">
      <button type="button" class="button" disabled={check.state === "running"} onClick={() => input.current!.click()}>
        <Icon name="seal" />
        {check.state === "none" ? "Check signatures with a certificate" : "Check with another certificate"}
      </button>
      <p class="soft long" role="status">
        {CHECK_TEXTS[check.state]} {check.state !== "none" && check.names.join(", ")}
      </p>
      <input
        class="visually-hidden"
        type="file"
        multiple
        accept=".pem,.crt,.cer,.der"
        tabIndex={-1}
        aria-hidden="true"
        ref={input}
        onChange={(event) => {
          const files = [...event.currentTarget.files!];
          event.currentTarget.value = "";
          if (files.length > 0) void session.check(side, files);
        }}
      />
      {check.state === "failed" && (
        <FailureNotice what="The signatures could not be checked." failure={check.failure} />
      )}
    </div>
  );
}

const CHECK_TEXTS: Record<SignatureCheck["state"], string> = {
  none: "Or drop an X.509 certificate, PEM or DER, anywhere on the page.",
  running: "Checking with",
  done: "Checked with",
  failed: "Not checked with",
};
