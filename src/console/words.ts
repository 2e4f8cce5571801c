const ENGLISH = {
  liveNow: "Live now",
  live: "LIVE",
  nothingLive: "Nothing is live yet",
  nothingLiveHint: "Publish a stream as shown below: it appears here by itself.",
  publish: "Publish",
  address: "Address, for any RTMP encoder",
  obs: "OBS: Settings, Stream, Service Custom. Server:",
  streamKey: "Stream key:",
  ffmpeg: "With FFmpeg: a test picture and a tone",
  copy: "Copy",
  copied: "Copied",
  watch: "Watch",
  allStreams: "All streams",
  noAnswer: "The server does not answer. Trying again every second.",
  transport: "Transport",
  fullScreen: "Full screen",
  mute: "Mute",
  unmute: "Sound on",
  latency: "Behind the live edge",
  bitrate: "Bitrate",
  codec: "Codec",
  size: "Size",
  buffer: "Buffer",
  frames: "Frames shown, dropped",
  jumps: "Jumps, reconnects",
  elsewhere: "Play it elsewhere",
  connecting: "Connecting",
  buffering: "Buffering",
  playing: "Live",
  waiting: "Waiting",
  ended: "Stopped",
  paused: "Paused",
  notLive: "This stream is not live. It begins here as soon as somebody publishes it.",
};

export type Word = keyof typeof ENGLISH;

const CHINESE: Record<Word, string> = {
  liveNow: "正在直播",
  live: "直播中",
  nothingLive: "还没有直播",
  nothingLiveHint: "按下面的方法推流，直播会自动出现在这里。",
  publish: "推流",
  address: "推流地址（任意 RTMP 编码器）",
  obs: "OBS：设置 → 直播 → 服务选“自定义”，服务器填：",
  streamKey: "推流码：",
  ffmpeg: "用 FFmpeg 推测试画面和声音",
  copy: "复制",
  copied: "已复制",
  watch: "观看",
  allStreams: "全部直播",
  noAnswer: "服务器没有响应，每秒重试一次。",
  transport: "传输方式",
  fullScreen: "全屏",
  mute: "静音",
  unmute: "打开声音",
  latency: "距直播边缘",
  bitrate: "码率",
  codec: "编码",
  size: "分辨率",
  buffer: "缓冲",
  frames: "已显示帧、丢帧",
  jumps: "跳转、重连",
  elsewhere: "用其他播放器观看",
  connecting: "连接中",
  buffering: "缓冲中",
  playing: "直播中",
  waiting: "等待数据",
  ended: "已停止",
  paused: "已暂停",
  notLive: "当前没有人推流，开始推流后会自动播放。",
};

const chinese = /^zh\b/i.test(navigator.language);

/** A text in the reader's language. */
export function word(key: Word): string {
  return chinese ? CHINESE[key] : ENGLISH[key];
}

/** "3 streams", "1 viewer". */
export function count(number: number, what: "stream" | "viewer"): string {
  if (chinese) return what === "stream" ? `${number} 路直播` : `${number} 人观看`;
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Puts the reader's language into the page: into each element that names its word. */
export function translate(): void {
  document.documentElement.lang = chinese ? "zh-CN" : "en";
  if (!chinese) return;
  for (const element of document.querySelectorAll<HTMLElement>("[data-word]")) {
    element.textContent = word(element.dataset.word as Word);
  }
}
