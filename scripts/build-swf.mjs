// Makes sluice.swf: plays the HTTP-FLV stream that its parameters (FlashVars) name, for browsers that have Flash and
// nothing else. Adobe's compilers are not to be had any more, so it is written in AVM1's own operations.
//
// FlashVars: `url`, `volume` (0 to 100) and `id`, a number. It calls the page's `sluiceFlash(id, state, time, width,
// height, buffered)` twice a second: only numbers, because Flash does not escape strings on the way.
// state: 0 connecting, 1 playing, 2 waiting, 3 not found, 4 ended.
import { binary, create, func, get, not, number, run, set, timer, value, when } from "./lib/avm1.mjs";
import { videoSwf } from "./lib/swf.mjs";

const [WIDTH, HEIGHT] = [640, 360];
/** Media that Flash gathers before it plays, seconds. */
const BUFFER_S = 0.1;
/** With so much ahead it begins anew at the live edge, seconds. */
const TOO_FAR_S = 4;
const RETRY_MS = 1000;
const TELL_MS = 500;

const status = (name, ...statements) =>
  when(binary(get("info.code"), "==", value(`NetStream.${name}`)), statements.flat());

const program = [
  set("Stage.scaleMode", value("noScale")),
  set("Stage.align", value("TL")),
  set("sound", create("Sound")),
  run("sound.setVolume", get("volume")),
  set("connection", create("NetConnection")),
  run("connection.connect", value(null)),
  set("stream", create("NetStream", get("connection"))),
  run("stream.setBufferTime", value(BUFFER_S)),
  set("video.smoothing", value(true)),
  run("video.attachVideo", get("stream")),
  set("width", value(WIDTH)),
  set("height", value(HEIGHT)),
  set("state", value(0)),
  set("toldAt", value(0)),
  set("retryAt", value(0)),
  set("open", func([], set("state", value(0)), set("retryAt", value(0)), run("stream.play", get("url")))),
  set("later", func([], set("retryAt", binary(timer(), "+", value(RETRY_MS))))),
  set(
    "stream.onStatus",
    func(
      ["info"],
      status("Buffer.Full", set("state", value(1))),
      status("Buffer.Empty", set("state", value(2))),
      status("Play.StreamNotFound", set("state", value(3)), run("later")),
      status("Play.Stop", set("state", value(4)), run("later")),
    ),
  ),
  // Ruffle's Video does not tell its size: the metadata has it too.
  set(
    "stream.onMetaData",
    func(
      ["info"],
      when(binary(get("info.width"), ">", value(0)), [
        ...set("width", get("info.width")),
        ...set("height", get("info.height")),
      ]),
    ),
  ),
  // The picture as large as the stage lets it be, its sides in proportion.
  set(
    "layOut",
    func(
      [],
      when(binary(get("video.width"), ">", value(0)), [
        ...set("width", get("video.width")),
        ...set("height", get("video.height")),
      ]),
      set("scale", binary(get("Stage.width"), "/", get("width"))),
      when(
        binary(binary(get("height"), "*", get("scale")), ">", get("Stage.height")),
        set("scale", binary(get("Stage.height"), "/", get("height"))),
      ),
      set("video._width", binary(get("width"), "*", get("scale"))),
      set("video._height", binary(get("height"), "*", get("scale"))),
      set("video._x", binary(binary(get("Stage.width"), "-", get("video._width")), "/", value(2))),
      set("video._y", binary(binary(get("Stage.height"), "-", get("video._height")), "/", value(2))),
    ),
  ),
  set(
    "tell",
    func(
      [],
      set("toldAt", timer()),
      run(
        "flash.external.ExternalInterface.call",
        value("sluiceFlash"),
        number(get("id")),
        get("state"),
        get("stream.time"),
        get("width"),
        get("height"),
        get("stream.bufferLength"),
      ),
    ),
  ),
  set("setVolume", func(["to"], run("sound.setVolume", get("to")))),
  run("flash.external.ExternalInterface.addCallback", value("setVolume"), value(null), get("setVolume")),
  set(
    "onEnterFrame",
    func(
      [],
      run("layOut"),
      when(binary(get("stream.bufferLength"), ">", value(TOO_FAR_S)), run("open")),
      when(binary(not(not(get("retryAt"))), "&&", binary(timer(), ">", get("retryAt"))), run("open")),
      when(binary(timer(), ">", binary(get("toldAt"), "+", value(TELL_MS))), run("tell")),
    ),
  ),
  run("open"),
];

/** The bytes of sluice.swf. */
export function makeSwf() {
  return videoSwf({ width: WIDTH, height: HEIGHT, framesPerSecond: 30, actions: program.flat() });
}
