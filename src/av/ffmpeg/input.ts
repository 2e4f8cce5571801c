import { AvError } from "../error.js";
import type { Source } from "../source.js";

/**
 * The demuxers that read one file and nothing else. Not among them: playlists and scripts that name other files (hls,
 * dash, concat, image2, ffmetadata, sdp, …), text, and what nobody has seen for twenty years.
 */
const FORMATS = [
  ...[
    "mov",
    "mp4",
    "matroska",
    "webm",
    "flv",
    "live_flv",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "avi",
    "asf",
    "ogg",
    "nut",
  ],
  ...[
    "mxf",
    "gxf",
    "rm",
    "ivf",
    "obu",
    "h264",
    "hevc",
    "av1",
    "m4v",
    "dv",
    "vc1",
    "h263",
    "h261",
    "mjpeg",
    "wtv",
  ],
  ...[
    "aac",
    "mp3",
    "flac",
    "wav",
    "w64",
    "aiff",
    "caf",
    "ac3",
    "eac3",
    "dts",
    "truehd",
    "amr",
    "ape",
    "wv",
    "tta",
    "au",
  ],
  ...["gif", "apng", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "yuv4mpegpipe"],
].join(",");

/** An HLS address is a playlist of other addresses: only where its name says so. */
const PLAYLIST = /\.m3u8$/i;

/**
 * The options that open a source, up to and with `-i`. FFmpeg is let nowhere but where the source's kind says: a file
 * reads that file, an address the network, and neither reads what it names.
 *
 * @param before options of the input that go in front of `-i`, such as `-ss`
 */
export function inputArgs(source: Source, before: readonly string[] = []): string[] {
  switch (source.kind) {
    case "file":
      // With its protocol in front, a name is never taken for an option, an address or a pattern.
      return [...only("file", FORMATS), ...before, "-i", `file:${source.path}`];
    case "http": {
      const formats = PLAYLIST.test(new URL(source.url).pathname) ? `${FORMATS},hls` : FORMATS;
      return [...only("http,https,tcp,tls", formats), ...before, "-i", source.url];
    }
    case "rtmp":
      return [...only("rtmp,rtmps,tcp,tls", "flv,live_flv"), ...before, "-i", source.url];
    case "rtsp":
      return [
        ...only("rtsp,rtsps,rtp,udp,tcp,tls", "rtsp"),
        ...["-rtsp_transport", "tcp"],
        ...before,
        "-i",
        source.url,
      ];
    case "lavfi":
      return ["-f", "lavfi", ...before, "-i", source.graph];
    case "camera":
      return ["-f", "v4l2", "-protocol_whitelist", "file", ...before, "-i", source.device];
    case "bytes":
      if (!FORMATS.split(",").includes(source.format)) {
        throw new AvError("unsupported", `bytes of the format ${source.format} are not read`);
      }
      return ["-protocol_whitelist", "pipe", "-f", source.format, ...before, "-i", "pipe:0"];
  }
}

function only(protocols: string, formats: string): string[] {
  return ["-protocol_whitelist", protocols, "-format_whitelist", formats];
}
