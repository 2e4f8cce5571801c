import { describe, expect, it } from "vitest";
import { concatBytes, fromHex } from "../../bytes/bytes.js";
import { encodeAmf0 } from "../../format/amf/amf0.js";
import { MediaError } from "../../model/error.js";
import { OUR_CAPABILITIES, readCapabilities } from "./capabilities.js";
import { encodeCommand, MAX_COMMAND_LENGTH, readCommand, readStatus } from "./command.js";

describe("readCommand", () => {
  it("reads name, transaction, object and arguments", () => {
    expect(readCommand(20, encodeCommand("publish", 5, null, "cam", "live"))).toEqual({
      name: "publish",
      transactionId: 5,
      object: {},
      args: ["cam", "live"],
    });
    expect(readCommand(20, encodeCommand("connect", 1, { app: "live" })).object).toEqual({ app: "live" });
  });

  it("reads AMF3 commands with and without the leading zero, and values that switch to AMF3", () => {
    const body = concatBytes([encodeAmf0(["connect", 1]), fromHex("11 0a0b01 07617070 06 096c697665 01")]);
    for (const lead of ["00", ""]) {
      const command = readCommand(17, concatBytes([fromHex(lead), body]));
      expect(command).toEqual({ name: "connect", transactionId: 1, object: { app: "live" }, args: [] });
    }
  });

  it("tolerates that all but the name is missing or odd", () => {
    expect(readCommand(20, encodeAmf0(["x"]))).toEqual({ name: "x", transactionId: 0, object: {}, args: [] });
    expect(readCommand(20, encodeAmf0(["x", "y", 3]))).toEqual({
      name: "x",
      transactionId: 0,
      object: {},
      args: [],
    });
  });

  it("refuses what has no name, and what is too long", () => {
    expect(() => readCommand(20, encodeAmf0([5]))).toThrow(MediaError);
    expect(() => readCommand(20, new Uint8Array(0))).toThrow(MediaError);
    expect(() => readCommand(20, encodeAmf0(["x".repeat(MAX_COMMAND_LENGTH)]))).toThrow(MediaError);
  });
});

describe("readStatus", () => {
  it("finds the first object among the arguments", () => {
    expect(readStatus([null, { level: "error", code: "A.B", description: 5 }])).toMatchObject({
      level: "error",
      code: "A.B",
      description: "",
    });
    expect(readStatus([])).toMatchObject({ level: "", code: "" });
  });
});

describe("readCapabilities", () => {
  it("is undefined for a client without Enhanced RTMP", () => {
    expect(readCapabilities({ app: "live" })).toBeUndefined();
  });

  it("reads lists, maps and bits, and leaves out what they cannot hold", () => {
    expect(
      readCapabilities({
        fourCcList: ["hvc1", 5, "*"],
        videoFourCcInfoMap: { "*": 4, bad: "x" },
        capsEx: 3,
      }),
    ).toEqual({
      fourCcList: ["hvc1", "*"],
      videoFourCcInfoMap: { "*": 4 },
      audioFourCcInfoMap: {},
      capsEx: 3,
    });
    expect(readCapabilities({ fourCcList: { "0": "av01" } })?.fourCcList).toEqual(["av01"]);
  });

  it("understands what we say ourselves", () => {
    expect(readCapabilities({ ...OUR_CAPABILITIES })).toEqual(OUR_CAPABILITIES);
  });
});
