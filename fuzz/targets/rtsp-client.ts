import { concatBytes } from "../../src/media/bytes/bytes.js";
import { createRtspClient } from "../../src/media/wire/rtsp/client.js";
import { cameraSdp } from "../support/rtp.js";
import { allowMediaError, type FuzzTarget, type Random } from "../target.js";

const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);

const HEADERS = [
  "Session: 12345678;timeout=60",
  "Transport: RTP/AVP/TCP;unicast;interleaved=0-1",
  "Transport: RTP/AVP;unicast;client_port=1-2;server_port=3-4",
  'WWW-Authenticate: Digest realm="a", nonce="b", qop="auth", stale=true',
  'WWW-Authenticate: Basic realm="c", Digest realm="d", nonce="e", algorithm=SHA-256',
  "RTP-Info: url=track1;seq=1;rtptime=2,url=track2;rtptime=3",
  "Location: rtsp://other/cam",
  "Content-Base: rtsp://host/cam/",
  "Public: OPTIONS, GET_PARAMETER",
];

export const target: FuzzTarget = {
  name: "rtsp-client",
  cases(random) {
    const parts: Uint8Array[] = [];
    let cseq = 1;
    parts.push(response(random, cseq++, 200, ""));
    parts.push(response(random, cseq++, 200, cameraSdp()));
    for (let i = random.int(12); i >= 0; i--) {
      const kind = random.int(6);
      if (kind < 3) parts.push(response(random, cseq++, random.pick([200, 200, 200, 401, 454, 100]), ""));
      else if (kind === 3) parts.push(text("OPTIONS * RTSP/1.0\r\nCSeq: 3\r\n\r\n"));
      else {
        const data = random.bytes(random.int(50));
        parts.push(Uint8Array.of(0x24, random.int(5), 0, data.length), data);
      }
    }
    const whole = concatBytes(parts);
    return random.chance(0.8) ? random.mutate(whole) : whole;
  },
  run(bytes, random) {
    let over = 0;
    const client = createRtspClient(
      {
        url: "rtsp://host/cam",
        credentials: random.chance(0.5) ? { username: "u", password: "p" } : undefined,
        crypto: { hash: (_, value) => String(value.length), nonce: () => "n" },
        userAgent: "Fuzz/1",
      },
      {
        send(sent) {
          if (sent[0] === 0x24) return;
          const message = new TextDecoder().decode(sent);
          // One message each, whatever the server made us write.
          if (message.indexOf("\r\n\r\n") !== message.length - 4) throw new Error("two messages in one");
        },
        described({ media }) {
          if (over > 0) throw new Error("described after its end");
          client.setUp(
            media.slice(0, 2).map(({ control }) => ({ control, transport: random.pick(TRANSPORTS) })),
          );
        },
        ready() {
          client.play();
        },
        playing() {},
        media(index) {
          if (index < 0 || index > 1) throw new Error("media of no track");
          client.sendRtcp(index, Uint8Array.of(1, 2));
        },
        redirected() {
          over += 1;
        },
        failed() {
          over += 1;
        },
      },
    );
    client.start();
    allowMediaError(() => {
      for (const slice of random.slices(bytes)) {
        client.push(slice);
        if (random.chance(0.05)) client.keepAlive();
      }
    });
    client.close();
    client.close();
    if (over > 1) throw new Error("ended twice");
  },
};

const TRANSPORTS = [
  { protocol: "tcp" },
  { protocol: "tcp" },
  { protocol: "udp", rtpPort: 6000, rtcpPort: 6001 },
] as const;

function response(random: Random, cseq: number, status: number, body: string): Uint8Array {
  const headers = HEADERS.filter(() => random.chance(0.35));
  const lines = [`RTSP/1.0 ${status} Phrase`, `CSeq: ${cseq}`, ...headers];
  if (body !== "") lines.push(`Content-Length: ${body.length}`);
  return text(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
