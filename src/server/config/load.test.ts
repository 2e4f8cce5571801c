import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { checkOptions } from "./check.js";
import { configKeys, configSections } from "./keys.js";
import { loadConfig } from "./load.js";
import { ConfigError } from "./mistake.js";
import { ladderField, refuseHeavyCodecs, renditionsField } from "./renditions.js";
import { nearest } from "./suggest.js";

const schema = z.strictObject({
  publish: z.enum(["reject", "takeover"]).default("reject").describe("Who wins."),
  maxLagMs: z.int().min(100).max(60_000).default(3_000).describe("How far behind."),
  rtmp: z
    .strictObject({
      host: z.string().min(1).default("::").describe("Where."),
      port: z.int().min(0).max(65535).default(1935).describe("Which."),
    })
    .prefault({})
    .describe("RTMP."),
  flv: z
    .strictObject({ metadataAtKey: z.boolean().default(false).describe("Repeat it.") })
    .prefault({})
    .describe("FLV."),
});
const DEFAULTS = {
  publish: "reject",
  maxLagMs: 3000,
  rtmp: { host: "::", port: 1935 },
  flv: { metadataAtKey: false },
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sluice-config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function withFile(text: string): string {
  const path = join(directory, "a.yaml");
  writeFileSync(path, text);
  return path;
}

function mistakesOf(argv: readonly string[], env: Record<string, string> = {}): readonly string[] {
  try {
    loadConfig(schema, argv, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

describe("loadConfig", () => {
  it("has the defaults where nothing is said", () => {
    expect(loadConfig(schema, [], {})).toEqual({ options: DEFAULTS, file: undefined });
  });

  it("lets flags go before variables, variables before the file, the file before the defaults", () => {
    const file = withFile(
      "maxLagMs: 1000\npublish: takeover\nrtmp:\n  port: 1\n  host: a\nflv:\n  metadataAtKey: true\n",
    );
    const env = { SLUICE_RTMP_PORT: "2", SLUICE_RTMP_HOST: "b" };
    const loaded = loadConfig(schema, ["--config", file, "--rtmp-port", "3"], env);
    expect(loaded).toEqual({
      options: {
        publish: "takeover",
        maxLagMs: 1000,
        rtmp: { host: "b", port: 3 },
        flv: { metadataAtKey: true },
      },
      file,
    });
  });

  it("reads booleans as flags with and without no-, and as text", () => {
    const at = (argv: string[], env = {}) => loadConfig(schema, argv, env).options.flv.metadataAtKey;
    expect(at(["--flv-metadata-at-key"])).toBe(true);
    expect(at(["--flv-metadata-at-key=true"])).toBe(true);
    expect(at(["--no-flv-metadata-at-key"], { SLUICE_FLV_METADATA_AT_KEY: "1" })).toBe(false);
    expect(at([], { SLUICE_FLV_METADATA_AT_KEY: "true" })).toBe(true);
    expect(at([], { SLUICE_FLV_METADATA_AT_KEY: "" })).toBe(false);
  });

  it("reads the file that the variable names, and ./sluice.yaml where none is named", () => {
    const file = withFile("maxLagMs: 1000");
    expect(loadConfig(schema, [], { SLUICE_CONFIG: file }).options.maxLagMs).toBe(1000);
    const before = process.cwd();
    writeFileSync(join(directory, "sluice.yaml"), "maxLagMs: 2000");
    // Workers are processes here, so the working directory is this test's own.
    process.chdir(directory);
    try {
      expect(loadConfig(schema, [], {})).toMatchObject({ options: { maxLagMs: 2000 }, file: "sluice.yaml" });
    } finally {
      process.chdir(before);
    }
  });

  it("takes an empty file, an empty section and an alias", () => {
    expect(loadConfig(schema, ["--config", withFile("")], {}).options).toEqual(DEFAULTS);
    expect(loadConfig(schema, ["--config", withFile("# nothing\nrtmp:\n")], {}).options).toEqual(DEFAULTS);
    const file = withFile("maxLagMs: &n 1000\nrtmp:\n  port: *n\n");
    expect(loadConfig(schema, ["--config", file], {}).options.rtmp.port).toBe(1000);
  });

  it("names all mistakes of all sources at once, with key, place, value and what is allowed", () => {
    const file = withFile(
      "publish: maybe\nrtmp:\n  prot: 1\n  port: 70000\nmax_lag_ms: 3\nflv: 7\nhls:\n  part: 1\nport: 80\n",
    );
    const env = { SLUICE_MAX_LAG_MS: "soon", SLUICE_RTMP_PROT: "secret", OTHER: "x" };
    expect(
      mistakesOf(["--config", file, "--rtmp-hots", "x", "--flv-metadata-at-key=maybe", "extra"], env),
    ).toEqual([
      `rtmp.prot = 1 (${file}:3): no such key; did you mean rtmp.port?`,
      `max_lag_ms = 3 (${file}:5): no such key; did you mean maxLagMs?`,
      `flv = 7 (${file}:6): is a section: metadataAtKey`,
      `hls (${file}:7): no such key`,
      `port = 80 (${file}:9): no such key; did you mean rtmp.port?`,
      "SLUICE_RTMP_PROT: no such variable; did you mean SLUICE_RTMP_PORT?",
      "--rtmp-hots: no such flag; did you mean --rtmp-host?",
      "extra: unexpected argument; settings are --key value",
      `publish = "maybe" (${file}:1): must be one of reject, takeover`,
      'maxLagMs = "soon" (SLUICE_MAX_LAG_MS): must be a whole number from 100 to 60000',
      `rtmp.port = 70000 (${file}:4): must be a whole number from 0 to 65535`,
      'flv.metadataAtKey = "maybe" (--flv-metadata-at-key): must be true or false',
    ]);
  });

  it("names a flag without a value, and does not take the next flag for it", () => {
    expect(mistakesOf(["--rtmp-port", "--rtmp-host", "a"])).toEqual([
      "--rtmp-port: needs a value: a whole number from 0 to 65535",
    ]);
    expect(mistakesOf(["--config"])).toEqual(["--config: needs a value: the path of a YAML file"]);
    expect(mistakesOf(["--rtmp-port", "-1"])).toEqual([
      "rtmp.port = -1 (--rtmp-port): must be a whole number from 0 to 65535",
    ]);
  });

  it("names a file that is not there, and the line of a YAML error", () => {
    const missing = join(directory, "missing.yaml");
    expect(mistakesOf(["--config", missing])).toEqual([`${missing} (--config): there is no such file`]);
    expect(mistakesOf([], { SLUICE_CONFIG: missing })).toEqual([
      `${missing} (SLUICE_CONFIG): there is no such file`,
    ]);
    const broken = withFile("rtmp:\n  port: [1\n");
    expect(mistakesOf(["--config", broken])[0]).toMatch(/a\.yaml:\d: not valid YAML: /);
    const twice = withFile("maxLagMs: 1000\nmaxLagMs: 2000\n");
    expect(mistakesOf(["--config", twice])[0]).toMatch(/a\.yaml:2: not valid YAML: .*unique/);
    expect(mistakesOf(["--config", withFile("- 1\n")])[0]).toMatch(/must be a map of keys/);
    expect(mistakesOf(["--config", withFile("rtmp:\n  port: [1]\n")])[0]).toMatch(
      /rtmp\.port = .*must be a whole number/,
    );
  });

  it("does not let a file reach beyond the schema", () => {
    const file = withFile("__proto__:\n  polluted: 1\nrtmp:\n  constructor: 1\n");
    expect(mistakesOf(["--config", file])).toHaveLength(2);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("leaves alone the variables with which Kubernetes describes a Service of our name", () => {
    const env = {
      SLUICE_SERVICE_HOST: "10.0.0.1",
      SLUICE_SERVICE_PORT: "1935",
      SLUICE_SERVICE_PORT_HTTP: "8080",
      SLUICE_PORT: "tcp://10.0.0.1:1935",
      SLUICE_PORT_1935_TCP: "tcp://10.0.0.1:1935",
      SLUICE_PORT_1935_TCP_ADDR: "10.0.0.1",
      SLUICE_RTMP_PORT: "tcp://10.0.0.2:1935",
    };
    expect(loadConfig(schema, [], env).options).toEqual(DEFAULTS);
  });

  it("leaves alone the variables that say which FFmpeg does media work", () => {
    const env = { SLUICE_FFMPEG: "/opt/ffmpeg", SLUICE_FFPROBE: "/opt/ffprobe", SLUICE_AV_ENGINE: "ffmpeg" };
    expect(loadConfig(schema, [], env).options).toEqual(DEFAULTS);
  });
});

describe("checkOptions", () => {
  it("fills in defaults", () => {
    expect(checkOptions(schema, { rtmp: { port: 7 } })).toEqual({
      ...DEFAULTS,
      rtmp: { host: "::", port: 7 },
    });
  });

  it("throws a TypeError that names each option", () => {
    expect(() => checkOptions(schema, { rtmp: { port: "1" }, publihs: 1 })).toThrow(
      new TypeError(
        'options.rtmp.port = "1": must be a whole number from 0 to 65535\noptions.publihs = 1: no such key; did you mean publish?',
      ),
    );
    expect(() => checkOptions(schema, 5)).toThrow(new TypeError("options: must be an object"));
  });
});

describe("configSections", () => {
  it("derives flag and variable from the key", () => {
    const keys = configKeys(configSections(schema));
    expect(keys.map(({ name, flag, variable }) => [name, flag, variable])).toEqual([
      ["publish", "publish", "SLUICE_PUBLISH"],
      ["maxLagMs", "max-lag-ms", "SLUICE_MAX_LAG_MS"],
      ["rtmp.host", "rtmp-host", "SLUICE_RTMP_HOST"],
      ["rtmp.port", "rtmp-port", "SLUICE_RTMP_PORT"],
      ["flv.metadataAtKey", "flv-metadata-at-key", "SLUICE_FLV_METADATA_AT_KEY"],
    ]);
  });

  it("refuses a key without a description", () => {
    expect(() => configSections(z.strictObject({ a: z.string() }))).toThrow(/key a has no description/);
  });
});

describe("nearest", () => {
  it("finds swapped, missing and wrong letters, and nothing where all is different", () => {
    expect(nearest("serev", ["serve", "demo", "push"])).toBe("serve");
    expect(nearest("pish", ["serve", "demo", "push"])).toBe("push");
    expect(nearest("gop-cache_ms", ["gopCacheMs", "maxLagMs"])).toBe("gopCacheMs");
    expect(nearest("zzz", ["serve", "demo", "push"])).toBeUndefined();
  });
});

describe("a list of maps", () => {
  const withList = z
    .strictObject({ ...schema.shape, renditions: renditionsField, ladder: ladderField })
    .superRefine(refuseHeavyCodecs);
  const read = (argv: readonly string[], env: Record<string, string> = {}) =>
    loadConfig(withList, argv, env).options.renditions;
  const LIST = [
    { name: "720p", bitrate: 2_500_000, width: 1280 },
    { name: "480p", bitrate: 800_000, codec: "av1" },
  ];

  it("comes from YAML, and as JSON from flags and variables", () => {
    const yaml = `maxLagMs: 200
renditions:
  - { name: 720p, bitrate: 2.5M, width: 1280 }
  - name: 480p
    bitrate: 800k
    codec: av1
`;
    expect(read(["--config", withFile(yaml)])).toEqual(LIST);
    expect(read(["--renditions", JSON.stringify(LIST)])).toEqual(LIST);
    expect(read([], { SLUICE_RENDITIONS: JSON.stringify(LIST) })).toEqual(LIST);
    expect(read([])).toEqual([]);
  });

  it("is refused with the place and the entry", () => {
    const mistakes = (text: string): string => {
      try {
        read(["--config", withFile(text)]);
      } catch (error) {
        return (error as ConfigError).message.split("\n").slice(1).join("\n").replaceAll(`${directory}/`, "");
      }
      return "";
    };
    expect(mistakes("renditions:\n  - { name: 720p, bitrate: fast }\n")).toBe(
      '  renditions.0.bitrate = "fast" (a.yaml:1): must be bits per second from 1000 to 1000000000, or such as 800k and 1.2M',
    );
    expect(mistakes("\nrenditions: [{ name: a/b, bitrate: 1M }]\n")).toContain("renditions.0.name");
    expect(mistakes("renditions: 720p\n")).toBe(
      '  renditions = "720p" (a.yaml:1): must be a list of maps with name, bitrate, codec, width, height, fps, source, transcode, track',
    );
    expect(mistakes("renditions: { name: 720p }\n")).toContain(
      'renditions = "a map" (a.yaml:1): must be a list',
    );
    const twice = "{ name: 720p, bitrate: 1M }";
    expect(mistakes(`renditions: [${twice}, ${twice}]\n`)).toContain("must not have a name twice");
    expect(mistakes("renditions: [{ name: 720p, bitrate: 1M, speed: 2 }]\n")).toContain("renditions.0.speed");
    const made = "{ name: 720p, bitrate: 1M, transcode: true, ";
    expect(mistakes(`renditions: [${made} source: true }]\n`)).toContain(
      "two of `source`, `transcode` and `track`",
    );
    expect(mistakes(`renditions: [${made} track: 1 }]\n`)).toContain(
      "two of `source`, `transcode` and `track`",
    );
    expect(mistakes("renditions: [{ name: 720p, bitrate: 1M, fps: 15 }]\n")).toContain("without `transcode`");
    expect(mistakes(`renditions: [${made} codec: h264, height: 480, fps: 12.5 }]\n`)).toBe("");
  });

  it("makes codecs that cost much only where that is said, and says what to say", () => {
    const text =
      "\nrenditions: [{ name: a, bitrate: 1M, codec: vp9 }, { name: b, bitrate: 1M, codec: av1, transcode: true }]\n";
    const refused = (argv: readonly string[]): string => {
      try {
        read(["--config", withFile(text), ...argv]);
      } catch (error) {
        return (error as ConfigError).message.replaceAll(`${directory}/`, "");
      }
      return "";
    };
    expect(refused([])).toContain(
      'renditions.1.codec = "av1" (a.yaml:2): is made only with `ladder.allowHeavyCodecs: true` (--ladder-allow-heavy-codecs): ',
    );
    expect(refused([])).not.toContain("renditions.0");
    expect(refused(["--ladder-allow-heavy-codecs"])).toBe("");
  });
});
