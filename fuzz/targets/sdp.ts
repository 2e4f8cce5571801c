import { rtpFormatOf } from "../../src/media/wire/rtp/depacketizer.js";
import { controlUrl } from "../../src/media/wire/sdp/control.js";
import { parseSdp } from "../../src/media/wire/sdp/sdp.js";
import { cameraSdp } from "../support/rtp.js";
import { allowMediaError, type FuzzTarget } from "../target.js";

const SEEDS = [
  cameraSdp(),
  "m=video 0 RTP/AVP 96 97\na=rtpmap:96 H265/90000\na=fmtp:96 sprop-vps=QAE=;sprop-sps=QgE=;sprop-pps=RAE=\n",
  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:rtsp://host/x/track2\r\n",
].map((text) => new TextEncoder().encode(text));

export const target: FuzzTarget = {
  name: "sdp",
  cases: (random) =>
    random.chance(0.05) ? random.bytes(random.int(200)) : random.mutate(random.pick(SEEDS)),
  run(bytes) {
    allowMediaError(() => {
      const { control, media } = parseSdp(new TextDecoder().decode(bytes));
      for (const medium of media) {
        allowMediaError(() => {
          const url = controlUrl("rtsp://host/cam/", medium.control ?? control);
          if (/[\s\0]/.test(url)) throw new Error("an address with blanks in it");
        });
        allowMediaError(() => rtpFormatOf(medium)?.create({ track() {}, unit() {}, dropped() {} }));
      }
    });
  },
};
