/**
 * Which tree of a container image is shown: a choice for the whole page, since all views are of one tree.
 */

import { useState } from "preact/hooks";
import { TRANSFORM_REVISIONS, XATTR_MODES, type XattrMode } from "../../../image/merge.ts";
import type { RequestFailure, TreeView } from "../../protocol.ts";
import { failureOf } from "../model/failure.ts";
import { goToTree, keepTree } from "../model/tree-address.ts";
import { type Shown, useSession } from "../model/use-session.ts";
import { FailureNotice } from "../parts/notice.tsx";

export function TreeChooser({ shown }: { shown: Shown }) {
  const session = useSession();
  const { opened, side } = shown;
  const { view, roles, layers } = opened;
  const [failure, setFailure] = useState<RequestFailure>();
  const [isBusy, setBusy] = useState(false);
  if (view === null || roles.length < 2) return null;
  const show = async (next: TreeView) => {
    setBusy(true);
    setFailure(undefined);
    try {
      keepTree(side, view);
      await session.show(side, next);
      goToTree(side, next);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  const tree = view.role === "layer" ? `layer ${view.layer}` : view.role;
  const chooseTree = (value: string) => {
    const layer = /^layer (\d+)$/.exec(value)?.[1];
    if (layer !== undefined) void show({ ...view, role: "layer", layer: Number(layer), transform: null });
    else {
      const role = value as "merged" | "bootable";
      const transform = role === "bootable" ? (view.transform ?? XATTR_MODES[0]!) : view.transform;
      void show({ ...view, role, layer: null, transform: view.role === "layer" ? XATTR_MODES[0]! : transform });
    }
  };
  return (
    <div class="tree-chooser" aria-busy={isBusy}>
      <label>
        <span>Tree</span>
        <select
          class="field"
          value={tree}
          disabled={isBusy}
          onChange={(event) => chooseTree(event.currentTarget.value)}
        >
          {roles
            .filter((role) => role !== "layer")
            .map((role) => (
              <option key={role}>{role}</option>
            ))}
          {roles.includes("layer") && layers.map(({ layer }) => <option key={layer}>{`layer ${layer}`}</option>)}
        </select>
      </label>
      {view.role !== "layer" && (
        <label>
          <span>Xattrs</span>
          <select
            class="field"
            value={view.transform ?? "none"}
            disabled={isBusy}
            onChange={(event) => {
              const { value } = event.currentTarget;
              void show({ ...view, transform: value === "none" ? null : (value as XattrMode) });
            }}
          >
            {XATTR_MODES.map((mode) => (
              <option key={mode}>{mode}</option>
            ))}
            {view.role === "merged" && <option value="none">all, no transform</option>}
          </select>
        </label>
      )}
      {view.role === "bootable" && (
        <label>
          <span>Revision</span>
          <select
            class="field"
            value={String(view.revision)}
            disabled={isBusy}
            onChange={(event) =>
              void show({ ...view, revision: Number(event.currentTarget.value) as TreeView["revision"] })
            }
          >
            {TRANSFORM_REVISIONS.map((revision) => (
              <option key={revision}>{revision}</option>
            ))}
          </select>
        </label>
      )}
      {failure !== undefined && <FailureNotice what="That tree could not be made." failure={failure} />}
    </div>
  );
}
