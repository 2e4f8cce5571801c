export const HELP = `Sluice: live video. Publish over RTMP, watch in a browser a fraction of a second later.

Usage: sluice COMMAND [options]

Commands:
  serve               Run the server: RTMP in on port 1935, everything over HTTP on port 8080.
  demo                Run the server with a looping demo stream, and print where to watch it.
  push SOURCE URL     Publish an FLV file or an HTTP-FLV address to an RTMP server, in real time.
  pull URL APP/NAME   Run the server with a stream that it fetches from an RTSP source, such as a camera.
  probe INPUT         What is in a file or at an address: tracks, codecs, sizes, duration.
  frames INPUT        Pictures of a file or a live address, as PNG, JPEG or WebP.
  remux IN OUT        Another container: MP4, FLV, MKV, WebM, TS or AVI. Nothing is encoded.
  cut IN OUT          A part of a file, from --from to --to.
  concat IN... OUT    Files, one after the other.
  capture DEVICE OUT  Record a camera, or a picture that FFmpeg makes.
  transcode IN OUT    Encode anew: codec, size, crop, frame rate, watermark, text.
  help COMMAND        More about a command; the same as sluice COMMAND --help.

Options:
  -h, --help          This text.
  -v, --version       The version.

Examples:
  sluice demo
  sluice serve --rtmp-port 1936 --log-level warn
  sluice push clip.flv rtmp://localhost/live/test --loop
  sluice frames film.mp4 -n 5 -o frame_%d.png

Exit codes: 0 all went well, 1 it failed, 2 the command line or the configuration is wrong.
`;

export const SERVE_HELP = `Usage: sluice serve [--config FILE] [settings]

Runs the server until SIGINT or SIGTERM, which end every stream in order; a second one ends the process at once.
Publish to   rtmp://HOST/APP/NAME
Watch at     http://HOST:8080/watch/APP/NAME   or   http://HOST:8080/APP/NAME.flv (HTTP-FLV; WebSocket on the same URL)

Settings come from flags, then variables (--rtmp-port is SLUICE_RTMP_PORT), then a YAML file (--config FILE,
SLUICE_CONFIG, else ./sluice.yaml), then the defaults. The log is JSON, one line per event, on standard output.
`;

export const DEMO_HELP = `Usage: sluice demo [--config FILE] [settings]

Runs the server with a built-in stream, live/demo, that loops until Ctrl+C, and prints where to watch it and how to
publish your own. Takes the settings of sluice serve.
`;

export const PUSH_HELP = `Usage: sluice push SOURCE URL [--loop]

Publishes SOURCE to the RTMP server at URL, in real time, until it ends or Ctrl+C.

  SOURCE    An FLV file, or the http(s):// address of one: HTTP-FLV streams too.
  URL       rtmp://HOST[:PORT]/APP/NAME[?key=value]

Options:
  --loop    Start again at the end. Timestamps go on, so viewers see one stream.

Examples:
  sluice push clip.flv rtmp://localhost/live/test --loop
  sluice push http://origin:8080/live/a.flv "rtmp://localhost/live/copy?token=secret"
`;

export const PULL_HELP = `Usage: sluice pull URL APP/NAME [--transport tcp|udp] [--config FILE] [settings]

Runs the server as sluice serve does, with a stream that it fetches from an RTSP source and publishes as APP/NAME:
picture in H.264 or H.265, sound in AAC or Opus. When the source is lost, it is asked again. Ctrl+C ends the server.
Takes the settings of sluice serve; several sources are the setting pull.

  URL         rtsp://[USER:PASSWORD@]HOST[:PORT]/PATH; in user and password write %40 for @ and %2F for /.
  APP/NAME    Such as live/cam: to be watched at http://HOST:8080/watch/live/cam.

Options:
  --transport tcp|udp   Media in the RTSP connection (the default), or in datagrams beside it.

Examples:
  sluice pull rtsp://192.168.0.20/stream1 live/cam
  sluice pull "rtsp://admin:secret@camera.lan:554/h264?channel=1" live/door --transport udp --rtmp-port 1936
`;

export const PROBE_HELP = `Usage: sluice probe INPUT [--json]

Says what is in INPUT: container, duration, and each track's codec, profile, size, frame rate, bitrate, how far its
key frames are apart, HDR, rotation. Needs FFmpeg.

  INPUT     A file, or an http(s)://, rtmp(s):// or rtsp(s):// address. A file whose name begins with - goes after --.

Options:
  --json    All of it, for machines. Times are in microseconds, rates in bits per second.

Examples:
  sluice probe film.mp4
  sluice probe rtsp://camera/stream --json
`;

export const FRAMES_HELP = `Usage: sluice frames INPUT [-n COUNT | --every TIME | --at TIME[,TIME…] | --keyframes] [-o FILE] [options]

Writes pictures of INPUT as image files, and decodes no more than they need. Needs FFmpeg.

  INPUT            A file, or an http(s)://, rtmp(s):// or rtsp(s):// address.

Options:
  -n, --count N    So many, evenly spread over the duration; of a live stream the next ones. 5 where nothing is said.
                   With --every or --keyframes: at most so many.
  --every TIME     One in every 10s, 500ms, 2m.
  --at TIME        The one shown at 00:01:02.5 or 62.5; several with commas.
  --keyframes      All key frames.
  -o, --output F   frame_%d.png where nothing is said; %d is the number from 0, %03d with zeros in front. The format is
                   what the name ends in: .png, .jpg, .webp. A file of that name is replaced once the new one is whole.
  --size WxH       320x or x180 keep the shape, 320x180 is a box into which the picture is fitted.
  --quality Q      1 to 100, for JPEG and WebP.
  --tone-map none  Leave HDR as it is; else it is brought into the range of SDR.

Examples:
  sluice frames film.mp4 -n 5 -o frame_%d.png
  sluice frames rtmp://localhost/live/test -n 1 -o now.jpg --size 640x
`;
