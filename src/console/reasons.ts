import { language } from "./settings.js";

const ENGLISH: Readonly<Record<string, string>> = {
  unpublished: "the publisher has gone",
  "too-slow": "too slow: its connection took nothing for too long",
  "config-changed": "the codec's configuration changed, and its format cannot say so",
  "timeline-end": "its format's timestamps were used up",
  "taken-over": "another publisher took over",
  kicked: "ended by an operator",
  shutdown: "the server stopped",
  aborted: "ended by the server's own code",
  internal: "a fault of the server: see its log",
  "client-closed": "it closed in order",
  "client-reset": "its connection broke",
  "handshake-timeout": "the handshake took too long",
  "idle-timeout": "nothing came from it for too long",
  denied: "not allowed",
  busy: "the stream is being published by another",
  "not-found": "no publisher came in time",
  "no-tracks": "the stream has no track that it asked for",
  malformed: "it broke the protocol",
  limit: "more than the server accepts",
};

const CHINESE: Readonly<Record<string, string>> = {
  unpublished: "推流端已离开",
  "too-slow": "太慢：连接长时间收不进数据",
  "config-changed": "编码参数改变，而所用格式无法表达",
  "timeline-end": "所用格式的时间戳已用尽",
  "taken-over": "被另一个推流端接管",
  kicked: "被管理员断开",
  shutdown: "服务器停止",
  aborted: "被服务器自身的代码结束",
  internal: "服务器故障：请看日志",
  "client-closed": "正常关闭",
  "client-reset": "连接中断",
  "handshake-timeout": "握手超时",
  "idle-timeout": "长时间没有数据",
  denied: "没有权限",
  busy: "该流正由他人推送",
  "not-found": "等待推流端超时",
  "no-tracks": "该流没有所请求的轨道",
  malformed: "违反协议",
  limit: "超出服务器限制",
};

/** Why something ended, in a few words; the server's own word where it is a new one. */
export function reasonText(reason: string, tongue = language()): string {
  const words = tongue === "zh" ? CHINESE : ENGLISH;
  return Object.hasOwn(words, reason) ? (words[reason] ?? reason) : reason;
}
