/** What all of these commands take and promise. */
const OUTPUT = `
  -y, --force      Replace OUT where it is there already. It is replaced once the new file is whole, and not at all where
                   the work fails or Ctrl+C ends it.
  --fragmented     An MP4 in fragments. Else its index stands in front (fast start).
  --tolerant       Go on past damage in a file, and say so; else it is an error. Addresses are read so in any case.
  --timeout TIME   Give up after this long.
  --memory SIZE    Give up where FFmpeg takes more than this; 2G where nothing is said, 0 for no limit. Linux only.
`;

const TRACKS = `
  --tracks N,N     Which of its tracks, as sluice probe numbers them; all of audio and video where nothing is said.`;

export const REMUX_HELP = `Usage: sluice remux IN OUT [options]

Puts the audio and video of IN into another container, which OUT's name tells: .mp4, .flv, .mkv, .webm, .ts, .avi. Nothing
is encoded: packets keep their bytes and times. Where the container cannot hold a codec, nothing is written. Needs FFmpeg.

  IN               A file, or an http(s)://, rtmp(s):// or rtsp(s):// address: Ctrl+C ends the recording, and it is whole.

Options:${TRACKS}${OUTPUT}
Examples:
  sluice remux film.mkv film.mp4
  sluice remux recording.flv recording.mp4 --fragmented
`;

export const CUT_HELP = `Usage: sluice cut IN OUT [--from TIME] [--to TIME] [options]

Writes a part of IN. Without --exact nothing is encoded, and it begins at the key frame at or before --from, which is told.
Needs FFmpeg.

Options:
  --from TIME      00:01:02.5, 62.5 or 90s from IN's beginning; from there on where nothing is said.
  --to TIME        The first moment that is not in OUT; to its end where nothing is said.
  --exact          Begin with the frame at --from: the picture is encoded anew, all of it. The sound is not.${TRACKS}${OUTPUT}
Examples:
  sluice cut film.mp4 scene.mp4 --from 00:01:00 --to 00:01:30
  sluice cut film.mp4 scene.mp4 --from 61.5 --to 90s --exact
`;

export const CONCAT_HELP = `Usage: sluice concat IN IN... OUT [options]

Joins files, one after the other: the first picture and sound of each. Files that differ in codec, size, rate or the
encoder's settings are refused with what differs. Needs FFmpeg.

Options:
  --reencode       Encode all of them anew, as the first is; what has another shape gets black bars.
  --audio none     Leave the sound out.${OUTPUT}
Examples:
  sluice concat part1.mp4 part2.mp4 whole.mp4
  sluice concat phone.mp4 camera.mkv whole.mp4 --reencode
`;

const PICTURE = `
  --crop W:H:X:Y   A part of the picture; W:H is from its middle. Comes first.
  --fps N          30, 29.97 or 30000/1001 frames per second.
  --scale WxH      1280x720; 1280x, x480 or -2:480 keep the shape.
  --watermark F@P  A picture laid over at top-left, top-right, bottom-left, bottom-right or center.
  --text T@P       A text laid over, with FFmpeg's expansions: '%{localtime}', '%{pts}'.
  --font FILE      Its font; the system's own where nothing is said.
  --tone-map M     HDR to SDR: auto (for h264; where nothing is said), always (for hevc, vp9 and av1 too) or none.
  --bitrate N      1.2M or 800k bits per second; a constant quality where nothing is said.
  --crf N          That quality, in the encoder's own scale.
  --preset P       The encoder's own word: veryfast, medium, slow; a digit for vp9 and av1.
  --hw H           auto, nvenc, vaapi or none. auto encodes some frames to find out, and says so where it goes on without.
                   none where nothing is said.
  --audio-bitrate  128k bits per second.`;

export const CAPTURE_HELP = `Usage: sluice capture DEVICE OUT [options]

Records until --duration is over or Ctrl+C, which makes the file whole. Needs FFmpeg.

  DEVICE           A Video4Linux camera such as /dev/video0, or lavfi:GRAPH, a picture that FFmpeg makes:
                   lavfi:testsrc2=size=640x360, lavfi:testsrc2[out0];sine[out1].

Options:
  -t, --duration T How long, such as 90s or 00:10:00.
  --video CODEC    h264 (where nothing is said), hevc, vp9 or av1.
  --audio CODEC    aac (where nothing is said), opus, mp3 or none.${PICTURE}${OUTPUT}
Examples:
  sluice capture /dev/video0 room.mp4 --duration 10m
  sluice capture "lavfi:testsrc2=size=1280x720:rate=30" test.mp4 -t 5s
`;

export const TRANSCODE_HELP = `Usage: sluice transcode IN OUT [options]

Encodes IN anew. OUT's name tells its container: .mp4, .flv, .mkv, .webm, .ts, .avi. Each frame keeps its time. Needs FFmpeg.

  IN               A file, or an http(s)://, rtmp(s):// or rtsp(s):// address: Ctrl+C ends the recording, and it is whole.

Options:
  --video CODEC    h264 (where nothing is said; vp9 in .webm), hevc, vp9, av1, copy or none.
  --audio CODEC    aac, opus, mp3, copy or none; as it is where OUT can hold it.${PICTURE}
  --tracks N,N     Which of its tracks, as sluice probe numbers them; the first of each kind where nothing is said.${OUTPUT}
Examples:
  sluice transcode film.mkv film.mp4 --scale -2:480 --bitrate 1.2M
  sluice transcode in.mp4 out.mp4 --crop 1280:720 --watermark logo.png@top-right --text '%{localtime}'
`;
