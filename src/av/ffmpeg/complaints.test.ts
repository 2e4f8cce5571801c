import { expect, it } from "vitest";
import { complaintsIn } from "./complaints.js";

it("damage is told by FFmpeg's errors, not by its warnings", () => {
  const said = complaintsIn(
    "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55f8] [warning] Truncated, perhaps\n" +
      "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55f8] [error] stream 1, offset 0x19465: partial file\n",
  );
  expect(said.damage).toBe("stream 1, offset 0x19465: partial file");
  expect(said.errors.trim()).toBe(
    "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55f8] stream 1, offset 0x19465: partial file",
  );
  expect(complaintsIn("").damage).toBeUndefined();
});

it("what was moved or incomplete is noted", () => {
  const { damage, notes } = complaintsIn(
    "[warning] a.ts: corrupt input packet in stream 1\n" +
      "[mp4 @ 0x5] [warning] Non-monotonous DTS in output stream 0:0; previous: 4, current: 4; changing to 5.\n",
  );
  expect(damage).toBeUndefined();
  expect(notes).toEqual([
    "some packets of the input were incomplete",
    "some times of the input did not rise, and were moved to the next tick",
  ]);
});
