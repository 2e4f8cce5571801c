import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTraceparent, parseTraceparent } from "./traceparent.js";

// The examples of W3C Trace Context, and the cases of its test suite.

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("traceparent", () => {
  it("is read as the recommendation has it", () => {
    const context = { traceId: TRACE, spanId: SPAN };
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({ ...context, sampled: true });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)).toEqual({ ...context, sampled: false });
    // Flags that it does not know are none of its business.
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)).toEqual({ ...context, sampled: false });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-ff`)).toEqual({ ...context, sampled: true });
    // A later version, which may say more behind a dash.
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01`)).toEqual({ ...context, sampled: true });
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-holds`)).toEqual({
      ...context,
      sampled: true,
    });
  });

  it.each([
    "",
    "00",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-01-`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01 `,
    ` 00-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01.more`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-0x`,
    `0.-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}\n-01`,
  ])("is none: %j", (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it("says the same again, and of anything else nothing but what it could say (property)", () => {
    const hex = (length: number): fc.Arbitrary<string> =>
      fc
        .uint8Array({ minLength: length / 2, maxLength: length / 2 })
        .map((bytes) => Buffer.from(bytes).toString("hex"))
        .filter((id) => !/^0+$/.test(id));
    const context = fc.record({ traceId: hex(32), spanId: hex(16), sampled: fc.boolean() });
    fc.assert(
      fc.property(context, (given) => {
        expect(parseTraceparent(formatTraceparent(given))).toEqual(given);
      }),
    );
    // A header's bytes, each a character, as Node has them.
    const latin1 = (maxLength: number): fc.Arbitrary<string> =>
      fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"));
    const written = context.map(formatTraceparent);
    const changed = fc
      .tuple(written, fc.nat(60), fc.nat(3), latin1(3))
      .map(([text, at, cut, insert]) => text.slice(0, at) + insert + text.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(changed, latin1(200)), (header) => {
        const read = parseTraceparent(header);
        if (read === undefined) return;
        expect(read.traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(read.spanId).toMatch(/^[0-9a-f]{16}$/);
        expect(header.slice(2)).toContain(formatTraceparent(read).slice(2, 53));
      }),
    );
  });
});
