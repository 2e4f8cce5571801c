import { expect, it } from "vitest";
import { reasonText } from "./reasons.js";

it("says why in the reader's language, and the server's own word where it is a new one", () => {
  expect(reasonText("too-slow", "en")).toMatch(/^too slow/);
  expect(reasonText("too-slow", "zh")).toMatch(/[\u4e00-\u9fff]/);
  expect(reasonText("constructor", "en")).toBe("constructor");
});
