/** Command messages, section 7.2: a name, a transaction id, a command object and arguments. */
import { ByteWriter } from "../../bytes/writer.js";
import { decodeAmf0, writeAmf0 } from "../../format/amf/amf0.js";
import type { AmfObject, AmfValue } from "../../format/amf/value.js";
import { isAmfObject } from "../../format/amf/value.js";
import { MediaError } from "../../model/error.js";
import { COMMAND_AMF3 } from "./message.js";

export interface Command {
  readonly name: string;
  /** 0 where no answer is expected, or where it is missing. */
  readonly transactionId: number;
  /** The command object; empty where it is null, as it is in most. */
  readonly object: AmfObject;
  /** What follows the command object. */
  readonly args: readonly AmfValue[];
}

/** A command fits in far less; what is longer is an attack or a mistake. */
export const MAX_COMMAND_LENGTH: number = 64 * 1024;

const EMPTY: AmfObject = Object.create(null);

/**
 * Reads the body of a command message.
 *
 * @param type 20, or 17 for AMF3: then a zero byte comes first, and values may switch to AMF3
 * @throws MediaError
 */
export function readCommand(type: number, body: Uint8Array): Command {
  if (body.length > MAX_COMMAND_LENGTH) throw new MediaError("limit", `a command of ${body.length} bytes`);
  // The zero cannot be a value: the name is a string, whose marker is 2.
  const start = type === COMMAND_AMF3 && body[0] === 0 ? 1 : 0;
  const [name, transactionId, object, ...args] = decodeAmf0(body.subarray(start));
  if (typeof name !== "string") throw new MediaError("malformed", "a command without a name");
  return {
    name,
    transactionId: typeof transactionId === "number" ? transactionId : 0,
    object: isAmfObject(object) ? object : EMPTY,
    args,
  };
}

/** The body of a command message in AMF0. */
export function encodeCommand(
  name: string,
  transactionId: number,
  object: AmfValue,
  ...args: readonly AmfValue[]
): Uint8Array {
  const out = new ByteWriter(256);
  writeAmf0(out, name);
  writeAmf0(out, transactionId);
  writeAmf0(out, object);
  for (const arg of args) writeAmf0(out, arg);
  return out.finish();
}

/** What a status, or an answer to `connect`, says. */
export interface StatusInfo {
  /** `status`, `warning` or `error`. */
  readonly level: string;
  /** Such as `NetStream.Publish.Start`. */
  readonly code: string;
  readonly description: string;
}

/** The status in a command's arguments; what is missing is empty. */
export function readStatus(args: readonly AmfValue[]): StatusInfo & { readonly info: AmfObject } {
  const info = args.find(isAmfObject) ?? EMPTY;
  return { level: text(info.level), code: text(info.code), description: text(info.description), info };
}

/** A string, or the empty one for everything else. */
export function text(value: AmfValue): string {
  return typeof value === "string" ? value : "";
}
