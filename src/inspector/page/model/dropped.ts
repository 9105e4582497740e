/**
 * Files that were dropped or picked, with their paths below the folder that was: nothing of them is read here.
 */

import type { InputFile } from "../../protocol.ts";

/** What was dropped at once: one input for each file and each folder. */
export type Dropped = InputFile[][];

/** Files below a folder that are taken; a layout of an image has a few for each layer. */
const FOLDER_FILES_MAX = 10_000;

/** Reads what a drop holds. Must be called while the event is handled: later the browser has emptied it. */
export async function droppedInputs(transfer: DataTransfer): Promise<Dropped> {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const inputs: Dropped = [];
  for (const entry of entries) {
    if (entry === null) continue;
    if (entry instanceof File) inputs.push([{ path: entry.name, file: entry }]);
    else {
      const files: InputFile[] = [];
      await collect(entry, entry.name, files);
      inputs.push(files);
    }
  }
  return inputs;
}

/** What an input element holds. @param isFolder whether all of it is one folder */
export function pickedInputs(list: FileList, isFolder: boolean): Dropped {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  if (files.length === 0) return [];
  return isFolder ? [files] : files.map((file) => [file]);
}

async function collect(entry: FileSystemEntry, path: string, into: InputFile[]): Promise<void> {
  if (into.length >= FOLDER_FILES_MAX) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    into.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred at a time, and none at the end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return;
    for (const child of batch) await collect(child, `${path}/${child.name}`, into);
  }
}

/** Whether a file is meant as a certificate, by its name: the session reads it. */
export function isCertificate(files: readonly InputFile[]): boolean {
  return files.length === 1 && /\.(pem|crt|cer|der)$/i.test(files[0]!.path);
}
