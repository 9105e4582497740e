/** An engine that cannot be had. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => {
  vi.resetModules();
});

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What engines without SIMD, and policies without wasm-unsafe-eval, do. */
class Refused {
  constructor() {
    throw new WebAssembly.CompileError("invalid opcode 0xfd");
  }
}

test("ENGINE_LOAD when the module cannot be compiled; the next call tries again", async () => {
  const { verityDigest } = await import("../../../src/index.ts");
  vi.stubGlobal("WebAssembly", { ...members(), Module: Refused });
  const failure = { name: "ComposefsError", code: "ENGINE_LOAD", isBug: false };
  await expect(verityDigest(new Uint8Array(1))).rejects.toMatchObject(failure);
  vi.unstubAllGlobals();
  expect(await verityDigest(new Uint8Array(1))).toHaveLength(64);
});

test("ENGINE_LOAD of loadEngine, when WebAssembly is missing or refuses", async () => {
  const { loadEngine } = await import("../../../src/index.ts");
  const rest = members();
  vi.stubGlobal("WebAssembly", undefined);
  await expect(loadEngine()).rejects.toMatchObject({ code: "ENGINE_LOAD" });
  vi.stubGlobal("WebAssembly", { ...rest, compile: () => Promise.reject(new Error("by policy")) });
  await expect(loadEngine()).rejects.toMatchObject({ code: "ENGINE_LOAD", message: /by policy/ });
  vi.unstubAllGlobals();
  await loadEngine();
});

/** The members of WebAssembly, which are not enumerable. */
function members(): object {
  return Object.fromEntries(
    Object.getOwnPropertyNames(WebAssembly).map((name) => [name, Reflect.get(WebAssembly, name)]),
  );
}
