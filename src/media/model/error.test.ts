import { expect, it } from "vitest";
import { MediaError } from "./error.js";

it("MediaError says what is wrong and why", () => {
  const cause = new RangeError("inner");
  const error = new MediaError("limit", "too deep", { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: "MediaError", code: "limit", message: "too deep", cause });
  expect(new MediaError("malformed", "no")).not.toHaveProperty("cause");
});
