import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseBitrate } from "./bitrate.js";
import { negotiate } from "./negotiate.js";
import type { NegotiateOptions, Rendition, RequestHeaders } from "./types.js";

const LADDER: readonly Rendition[] = [
  { name: "480p", bitrate: 1_200_000, width: 854 },
  { name: "1080p", bitrate: 4_000_000, width: 1920 },
  { name: "720p", bitrate: 2_500_000, width: 1280 },
  { name: "480p-av1", bitrate: 800_000, codec: "av1" },
  { name: "1080p-av1", bitrate: 4_000_000, codec: "av1" },
  { name: "720p-vp9", bitrate: 2_500_000, codec: "vp9" },
];
const H264 = LADDER.filter(({ codec }) => codec === undefined);
const PHONE = { "user-agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36" };
const TABLET = { "user-agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Safari/537.36" };
const DESKTOP = { "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36" };
const AV1 = { accept: 'video/mp4;codecs="av01.0.05M.08", */*;q=0.5' };
const VP9 = { accept: "video/webm;codecs=vp9, */*;q=0.5" };

const name = (headers: RequestHeaders, renditions = LADDER, options?: NegotiateOptions): string | undefined =>
  negotiate(headers, renditions, options).rendition?.name;
const asking = (query: string): NegotiateOptions => ({ query: new URLSearchParams(query) });

describe("the default table", () => {
  it.each([
    [PHONE, "480p"],
    [{ ...PHONE, ...AV1 }, "480p-av1"],
    [{ ...PHONE, ...VP9 }, "480p"],
    [TABLET, "720p"],
    [{ ...TABLET, ...VP9 }, "720p-vp9"],
    [{ ...TABLET, ...AV1 }, "720p"],
    [DESKTOP, "1080p"],
    [{ ...DESKTOP, ...AV1 }, "1080p-av1"],
    [{ ...DESKTOP, ...VP9 }, "1080p"],
  ])("%j gets %s", (headers, expected) => expect(name(headers)).toBe(expected));

  it.each([
    ["768", "480p"],
    ["769", "720p"],
    ["1024", "720p"],
    ["1025", "1080p"],
    ["0", "1080p"],
    ["-5", "1080p"],
    ["7e2", "1080p"],
    ["700;a=1", "1080p"],
    ["99999999999", "1080p"],
  ])("ends a row at its width: %s", (width, expected) => {
    expect(name({ ...DESKTOP, "sec-ch-viewport-width": width })).toBe(expected);
    expect(name({ ...DESKTOP, "viewport-width": width })).toBe(expected);
    expect(name({ ...PHONE, "viewport-width": width })).toBe("480p");
  });

  it("is the caller's to replace", () => {
    const table = [
      { device: "desktop", maxWidth: 9999, choices: [{ codec: "h264", bitrate: 3_000_000 }] },
    ] as const;
    expect(name(PHONE, LADDER, { table })).toBe("720p");
    expect(() => negotiate({}, LADDER, { table: [] })).toThrow(/options.table/);
  });
});

describe("codecs", () => {
  it("are H.264 where a rendition is missing, whatever is named", () => {
    expect(name({ ...PHONE, ...AV1 }, H264)).toBe("480p");
    expect(negotiate({ ...PHONE, ...AV1 }, H264).vary).not.toContain("Accept");
  });

  it("are what somebody makes on demand, where the caller allows it", () => {
    const made = negotiate({ ...DESKTOP, ...AV1 }, H264, { allowHeavyCodecs: true });
    expect([made.rendition?.name, made.codec]).toEqual(["1080p", "av1"]);
    const named = negotiate(DESKTOP, H264, { allowHeavyCodecs: true });
    expect([named.rendition?.name, named.codec]).toEqual(["1080p", "h264"]);
  });

  it("follow the weights", () => {
    const both = (av1: string, h264: string) =>
      name({ ...PHONE, accept: `video/mp4;codecs=av1;q=${av1}, video/mp4;codecs=avc1;q=${h264}` });
    expect(both("0.9", "0.9")).toBe("480p-av1");
    expect(both("0.8", "0.9")).toBe("480p");
    expect(both("0", "0.1")).toBe("480p");
    expect(both("0.1", "0")).toBe("480p-av1");
    expect(both("0", "0")).toBe("480p");
  });

  it("are another that is named where H.264 is refused", () => {
    expect(name({ ...DESKTOP, accept: "video/webm;codecs=vp9" })).toBe("720p-vp9");
  });

  it("leave the stream itself where no rendition has the codec", () => {
    expect(negotiate(DESKTOP, [{ name: "uhd", bitrate: 9e6, codec: "hevc" }]).rendition).toBeUndefined();
    expect(negotiate(DESKTOP, []).rendition).toBeUndefined();
  });
});

describe("the query", () => {
  it("goes before everything, and then no header counts", () => {
    const decision = negotiate({ ...PHONE, "save-data": "on" }, LADDER, asking("rendition=1080p-av1"));
    expect(decision.rendition?.name).toBe("1080p-av1");
    expect(decision.vary).toEqual([]);
    expect(decision.reasons).toEqual(["the query names it", "1080p-av1: 4 Mbit/s"]);
  });

  it("is passed over where it names none", () => {
    expect(name(PHONE, LADDER, asking("rendition=4320p"))).toBe("480p");
    expect(name(PHONE, LADDER, asking("rendition=__proto__"))).toBe("480p");
  });

  it("stands in for Accept", () => {
    const { rendition, vary } = negotiate({ ...PHONE, ...VP9 }, LADDER, asking("codecs=av01.0.04M.08,avc1"));
    expect(rendition?.name).toBe("480p-av1");
    expect(vary).not.toContain("Accept");
    expect(name({ ...PHONE, ...AV1 }, LADDER, asking("codecs="))).toBe("480p");
  });
});

describe("the network", () => {
  it.each([
    [{ "save-data": "on" }, "480p"],
    [{ "save-data": "off" }, "1080p"],
    [{ downlink: "10" }, "1080p"],
    [{ downlink: "4" }, "720p"],
    [{ downlink: "4", rtt: "300" }, "480p"],
    [{ downlink: "0.1" }, "480p"],
    [{ downlink: "0" }, "1080p"],
    [{ downlink: "10", ect: "2g" }, "1080p"],
    [{ ect: "2g" }, "480p"],
    [{ ect: "3G" }, "480p"],
    [{ ect: "4g" }, "1080p"],
    [{ ect: "5g" }, "1080p"],
    [{ rtt: "1500" }, "480p"],
    [{ rtt: "100" }, "1080p"],
    [{ rtt: "1".repeat(400) }, "1080p"],
  ])("%j: %s", (headers, expected) => expect(name({ ...DESKTOP, ...headers }, H264)).toBe(expected));
});

describe("the screen", () => {
  it.each([
    ["1280", "1", "720p"],
    ["1281", "1", "1080p"],
    ["1280", "2", "1080p"],
    ["1100", "0.7", "480p"],
    ["1100", "0", "1080p"],
    ["1100", "99", "1080p"],
  ])("%s px at %s gets no more pixels than it has: %s", (width, ratio, expected) => {
    expect(name({ ...DESKTOP, "sec-ch-viewport-width": width, "sec-ch-dpr": ratio })).toBe(expected);
    expect(name({ ...DESKTOP, "viewport-width": width, dpr: ratio })).toBe(expected);
  });
});

describe("Vary", () => {
  const of = (headers: RequestHeaders, renditions = LADDER) => negotiate(headers, renditions).vary.join(" ");

  it("names what was looked at and nothing else", () => {
    expect(of({}, [])).toBe("");
    expect(of({}, [LADDER[0]!])).toBe("");
    expect(of({ "save-data": "on" }, H264)).toBe("Save-Data");
    expect(of({ "sec-ch-viewport-width": "400" }, H264)).toBe("Save-Data Sec-CH-Viewport-Width");
    expect(of({ "sec-ch-ua-mobile": "?1" }, H264)).toBe(
      "Save-Data Sec-CH-Viewport-Width Viewport-Width Sec-CH-UA-Form-Factors Sec-CH-UA-Mobile",
    );
    expect(of(PHONE)).toBe(
      "Save-Data Sec-CH-Viewport-Width Viewport-Width Sec-CH-UA-Form-Factors Sec-CH-UA-Mobile User-Agent Accept",
    );
  });
});

const VALUES: Readonly<Record<string, readonly string[]>> = {
  accept: ["*/*", AV1.accept, VP9.accept, "video/mp4;codecs=av1;q=0.2, video/*;q=0.3", 'a/b;"'],
  "user-agent": [PHONE["user-agent"], TABLET["user-agent"], DESKTOP["user-agent"], "Lavf/59", "SMART-TV"],
  "save-data": ["on", "off"],
  downlink: ["0.3", "2", "10", "x"],
  rtt: ["50", "400", "2500"],
  ect: ["slow-2g", "3g", "4g"],
  dpr: ["1", "2"],
  "viewport-width": ["360", "900", "1280"],
  "sec-ch-dpr": ["1", "3"],
  "sec-ch-viewport-width": ["360", "900", "1280"],
  "sec-ch-ua": ['"Chromium";v="131"'],
  "sec-ch-ua-mobile": ["?0", "?1", "?"],
  "sec-ch-ua-platform": ['"Android"', '"Windows"', '"'],
  "sec-ch-ua-form-factors": ['"Tablet"', '"Desktop", "XR"', "Mobile"],
};
const aRequest = fc.record(
  Object.fromEntries(
    Object.entries(VALUES).map(([header, values]) => [
      header,
      fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, fc.string({ maxLength: 40 })),
    ]),
  ),
  { requiredKeys: [] },
);
const aLadder = fc.subarray([...LADDER], { minLength: 0 });

describe("any request", () => {
  it("gets the same whatever stands in headers that Vary does not name", () => {
    fc.assert(
      fc.property(aRequest, aRequest, aLadder, fc.boolean(), (first, other, ladder, allowHeavyCodecs) => {
        const decision = negotiate(first, ladder, { allowHeavyCodecs });
        const named = new Set(decision.vary.map((header) => header.toLowerCase()));
        const changed = Object.fromEntries([
          ...Object.entries(other).filter(([header]) => !named.has(header)),
          ...Object.entries(first).filter(([header]) => named.has(header)),
        ]);
        const again = negotiate(changed, ladder, { allowHeavyCodecs });
        expect({ ...again, client: 0 }).toEqual({ ...decision, client: 0 });
      }),
      { numRuns: 1000 },
    );
  });

  it("gets one of the ladder, and a heavy codec only where it names it", () => {
    fc.assert(
      fc.property(aRequest, aLadder, (headers, ladder) => {
        const { rendition, codec } = negotiate(headers, ladder);
        if (rendition === undefined) expect(ladder.some((each) => each.codec === undefined)).toBe(false);
        else expect(ladder).toContain(rendition);
        if (codec !== "h264") expect(headers.accept).toMatch(/av01|av1|vp9|vp09/i);
      }),
    );
  });

  it("gets the same as Headers and as Node's object", () => {
    fc.assert(
      fc.property(aRequest, aLadder, (headers, ladder) => {
        const printable = Object.entries(headers).filter(([, value]) =>
          /^[!-~]([ -~]*[!-~])?$/.test(value ?? ""),
        );
        const record = Object.fromEntries(printable) as Record<string, string>;
        expect(negotiate(new Headers(record), ladder)).toEqual(negotiate(record, ladder));
      }),
    );
  });
});

it("reads hostile headers to a bound, and in a time that grows with their length alone", () => {
  const long = ['"\\'.repeat(50_000), "a/b;".repeat(50_000), 'a/b;x="'.repeat(50_000), ",".repeat(100_000)];
  for (const text of long) {
    const headers = Object.fromEntries(Object.keys(VALUES).map((header) => [header, text]));
    expect(negotiate(headers, LADDER, asking(`codecs=${"a,".repeat(10_000)}`)).rendition?.name).toBe("1080p");
  }
  expect(
    name({ accept: `${" ".repeat(1020)}video/mp4;codecs=av1`, "user-agent": DESKTOP["user-agent"] }),
  ).toBe("1080p");
});

it("takes several headers of one name, and names every wrong argument", () => {
  expect(name({ ...PHONE, accept: ["text/html", "video/mp4;codecs=av1"] })).toBe("480p-av1");
  expect(() => negotiate(undefined as never, LADDER)).toThrow(new TypeError("headers: not an object"));
  expect(() => negotiate({}, "x" as never)).toThrow(/^renditions:/);
  expect(() => negotiate({}, [{ name: "a", bitrate: 0 }])).toThrow(/^renditions:/);
});

it.each([
  ["1.2M", 1_200_000],
  ["800k", 800_000],
  ["64000", 64_000],
  ["0", undefined],
  ["1.2G", undefined],
  ["M", undefined],
  ["-1M", undefined],
  ["1e6", undefined],
  ["", undefined],
])("a bitrate of %s is %s bits per second", (text, bitrate) => expect(parseBitrate(text)).toBe(bitrate));
