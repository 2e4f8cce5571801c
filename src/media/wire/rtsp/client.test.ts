import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cameraSdp } from "../../../../fuzz/support/rtp.js";
import type { SessionDescription } from "../sdp/sdp.js";
import type { RtspCredentials } from "./auth.js";
import { createRtspClient, type RtspClient, type RtspFailure } from "./client.js";
import { readRtpInfo } from "./rtp-info.js";
import type { RtspTransportReply } from "./transport.js";

const URL = "rtsp://host:8554/cam";

interface Stage {
  readonly client: RtspClient;
  readonly described: SessionDescription[];
  readonly ready: (readonly RtspTransportReply[])[];
  readonly playing: (readonly (number | undefined)[])[];
  readonly media: unknown[];
  readonly failures: RtspFailure[];
  readonly redirects: string[];
  /** The next request: its first line and headers. */
  request(): { readonly line: string; readonly headers: ReadonlyMap<string, string> };
  readonly sent: Uint8Array[];
  /** Answers the last request that was taken. */
  answer(status: number, headers?: readonly string[], body?: string): void;
}

function stage(credentials?: RtspCredentials): Stage {
  const sent: Uint8Array[] = [];
  const stage = {
    described: [] as SessionDescription[],
    ready: [] as (readonly RtspTransportReply[])[],
    playing: [] as (readonly (number | undefined)[])[],
    media: [] as unknown[],
    failures: [] as RtspFailure[],
    redirects: [] as string[],
  };
  let cseq = "";
  const client = createRtspClient(
    {
      url: URL,
      credentials,
      crypto: {
        hash: (algorithm, text) => createHash(algorithm).update(text).digest("hex"),
        nonce: () => "cnonce",
      },
      userAgent: "Test/1",
    },
    {
      send: (bytes) => sent.push(bytes),
      described: (description) => stage.described.push(description),
      ready: (transports) => stage.ready.push(transports),
      playing: (rtptimes) => stage.playing.push(rtptimes),
      media: (index, kind, data) => stage.media.push([index, kind, [...data]]),
      redirected: (url) => stage.redirects.push(url),
      failed: (failure) => stage.failures.push(failure),
    },
  );
  client.start();
  return {
    ...stage,
    client,
    sent,
    request() {
      const [line = "", ...lines] = new TextDecoder().decode(sent.shift()).split("\r\n");
      const headers = new Map(lines.map((each) => each.split(": ", 2) as [string, string]));
      cseq = headers.get("CSeq") ?? "";
      return { line, headers };
    },
    answer(status, headers = [], body = "") {
      const lines = [
        `RTSP/1.0 ${status} Phrase`,
        `CSeq: ${cseq}`,
        ...headers,
        `Content-Length: ${body.length}`,
      ];
      client.push(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`));
    },
  };
}

const TCP = [
  { control: "track1", transport: { protocol: "tcp" } },
  { control: "track2", transport: { protocol: "tcp" } },
] as const;

/** As far as PLAY's answer. */
function play(session = "abc;timeout=30"): Stage {
  const on = stage();
  on.request();
  on.answer(200, ["Public: OPTIONS, DESCRIBE, GET_PARAMETER"]);
  on.request();
  on.answer(200, ["Content-Base: rtsp://host:8554/cam/"], cameraSdp());
  on.client.setUp(TCP);
  on.request();
  on.answer(200, [`Session: ${session}`, "Transport: RTP/AVP/TCP;unicast;interleaved=4-5"]);
  on.request();
  on.answer(200);
  on.client.play();
  on.request();
  on.answer(200, [
    "RTP-Info: url=rtsp://host:8554/cam/track1;seq=1;rtptime=100,url=rtsp://host:8554/cam/track2;seq=9;rtptime=200",
  ]);
  return on;
}

describe("createRtspClient", () => {
  it("asks, describes, sets up and plays, and hands out what is interleaved", () => {
    const on = stage();
    expect(on.request().line).toBe(`OPTIONS ${URL} RTSP/1.0`);
    on.answer(200, ["Public: OPTIONS, DESCRIBE, SETUP"]);
    const describe = on.request();
    expect(describe.line).toBe(`DESCRIBE ${URL} RTSP/1.0`);
    expect(describe.headers.get("Accept")).toBe("application/sdp");
    expect(describe.headers.get("User-Agent")).toBe("Test/1");
    on.answer(200, ["Content-Base: rtsp://host:8554/cam/"], cameraSdp());
    expect(on.described[0]?.media).toHaveLength(2);

    on.client.setUp([
      TCP[0],
      { control: "track2", transport: { protocol: "udp", rtpPort: 6000, rtcpPort: 6001 } },
    ]);
    const first = on.request();
    expect(first.line).toBe("SETUP rtsp://host:8554/cam/track1 RTSP/1.0");
    expect(first.headers.get("Transport")).toBe("RTP/AVP/TCP;unicast;interleaved=0-1");
    expect(first.headers.has("Session")).toBe(false);
    on.answer(200, ["Session: a-b;timeout=30", "Transport: RTP/AVP/TCP;unicast;interleaved=6-7"]);
    const second = on.request();
    expect(second.headers.get("Session")).toBe("a-b");
    expect(second.headers.get("Transport")).toBe("RTP/AVP;unicast;client_port=6000-6001");
    on.answer(200, [
      "Session: a-b",
      "Transport: RTP/AVP;unicast;client_port=6000-6001;server_port=7000-7001",
    ]);
    expect(on.ready).toEqual([
      [
        { protocol: "tcp", rtpChannel: 6, rtcpChannel: 7 },
        { protocol: "udp", rtpPort: 7000, rtcpPort: 7001 },
      ],
    ]);
    expect(on.client.timeoutMicros).toBe(30_000_000);

    on.client.play();
    expect(on.request().line).toBe("PLAY rtsp://host:8554/cam/ RTSP/1.0");
    on.client.push(Uint8Array.of(0x24, 6, 0, 2, 1, 2, 0x24, 7, 0, 1, 3, 0x24, 9, 0, 1, 4));
    expect(on.media).toEqual([
      [0, "rtp", [1, 2]],
      [0, "rtcp", [3]],
    ]);
    on.answer(200);
    expect(on.playing).toEqual([[undefined, undefined]]);
    on.client.sendRtcp(0, Uint8Array.of(9, 9));
    expect(on.sent.shift()).toEqual(Uint8Array.of(0x24, 7, 0, 2, 9, 9));
    on.client.close();
    expect(on.request().line).toBe("TEARDOWN rtsp://host:8554/cam/ RTSP/1.0");
    on.client.close();
    expect(on.sent).toEqual([]);
  });

  it("keeps its session alive by what the server knows", () => {
    const on = play();
    expect(on.playing).toEqual([[100, 200]]);
    on.client.keepAlive();
    expect(on.request().line).toContain("GET_PARAMETER rtsp://host:8554/cam/");
    on.answer(501);
    on.client.keepAlive();
    expect(on.request().line).toContain("OPTIONS");
    on.answer(200);
    on.client.keepAlive();
    on.request();
    on.answer(454);
    expect(on.failures).toMatchObject([{ reason: "refused", status: 454 }]);
  });

  it("remembers no more requests than it can use, though nobody answers", () => {
    const on = play();
    for (let i = 0; i < 1000; i++) on.client.keepAlive();
    expect(on.sent).toHaveLength(1000);
    on.client.push(new TextEncoder().encode("RTSP/1.0 454 Gone\r\nCSeq: 7\r\n\r\n"));
    expect(on.failures).toEqual([]);
  });

  it("answers a digest once, and again only for a stale nonce", () => {
    const on = stage({ username: "u", password: "p" });
    on.request();
    on.answer(401, ['WWW-Authenticate: Basic realm="r"', 'WWW-Authenticate: Digest realm="r", nonce="one"']);
    expect(on.request().headers.get("Authorization")).toContain('nonce="one"');
    on.answer(401, ['WWW-Authenticate: Digest realm="r", nonce="two", stale=true']);
    expect(on.request().headers.get("Authorization")).toContain('nonce="two"');
    on.answer(200);
    expect(on.request().headers.get("Authorization")).toContain('uri="rtsp://host:8554/cam"');
    on.answer(401, ['WWW-Authenticate: Digest realm="r", nonce="three"']);
    on.request();
    on.answer(401, ['WWW-Authenticate: Digest realm="r", nonce="four"']);
    expect(on.failures).toEqual([
      { reason: "unauthorized", method: "DESCRIBE", status: 401, phrase: "Phrase" },
    ]);
    expect(on.sent).toEqual([]);
  });

  it("sends no secret that it has not", () => {
    const on = stage();
    on.request();
    on.answer(401, ['WWW-Authenticate: Basic realm="r"']);
    expect(on.failures[0]?.reason).toBe("unauthorized");
  });

  it.each([
    [403, "unauthorized"],
    [404, "not-found"],
    [500, "refused"],
  ])("status %i means %s", (status, reason) => {
    const on = stage();
    on.request();
    on.answer(200);
    on.request();
    on.answer(status);
    expect(on.failures[0]).toMatchObject({ reason, status, method: "DESCRIBE" });
  });

  it("says where the source is, and who does not send over this transport", () => {
    const on = stage();
    on.request();
    on.answer(501);
    on.request();
    on.answer(302, ["Location: rtsp://other/cam"]);
    expect(on.redirects).toEqual(["rtsp://other/cam"]);

    const other = stage();
    other.request();
    other.answer(200);
    other.request();
    other.answer(200, [], cameraSdp());
    other.client.setUp(TCP);
    expect(other.request().line).toContain(`SETUP ${URL}/track1`);
    other.answer(461);
    expect(other.failures[0]?.reason).toBe("transport");
  });

  it("takes no other transport than it asked for", () => {
    const on = stage();
    on.request();
    on.answer(200);
    on.request();
    on.answer(200, [], cameraSdp());
    on.client.setUp(TCP);
    on.request();
    expect(() => on.answer(200, ["Transport: RTP/AVP;multicast;port=1-2"])).toThrow(/another transport/);
  });

  it("answers what the server asks", () => {
    const on = play();
    on.client.push(new TextEncoder().encode("OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n"));
    const answered = on.request();
    expect([answered.line, answered.headers.get("CSeq")]).toEqual(["RTSP/1.0 200 OK", "5"]);
    on.client.push(new TextEncoder().encode("ANNOUNCE * RTSP/1.0\r\nCSeq: x\r\n\r\n"));
    expect(on.request().line).toBe("RTSP/1.0 501 Not Implemented");
  });
});

describe("readRtpInfo", () => {
  it("finds each track by its address, by its end, or by the order", () => {
    const controls = ["rtsp://host/cam/track1", "rtsp://host/cam/track2"];
    expect(readRtpInfo("url=track2;rtptime=2;seq=1, url=track1;seq=3;rtptime=1", controls)).toEqual([1, 2]);
    expect(readRtpInfo("url=rtsp://10.0.0.1/a;rtptime=5,url=rtsp://10.0.0.1/b;rtptime=6", controls)).toEqual([
      5, 6,
    ]);
    expect(readRtpInfo("url=rtsp://10.0.0.1/a;rtptime=5", controls)).toEqual([undefined, undefined]);
    expect(readRtpInfo("url=track1;rtptime=99999999999", controls)).toEqual([undefined, undefined]);
    expect(readRtpInfo("", controls)).toEqual([undefined, undefined]);
  });
});
