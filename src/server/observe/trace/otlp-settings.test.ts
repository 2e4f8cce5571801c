import { describe, expect, it } from "vitest";
import { readOtlpSettings } from "./otlp-settings.js";

const read = (endpoint: string, env: Record<string, string> = {}) =>
  readOtlpSettings({ endpoint, sampleRatio: 0.5 }, env);

describe("where traces go", () => {
  it("is what our key says, whatever the variables do", () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:4318", OTEL_SDK_DISABLED: "true" };
    expect(read("http://c:4318", env)).toEqual({
      url: "http://c:4318/v1/traces",
      sampleRatio: 0.5,
      ours: true,
    });
    expect(read("https://c/otlp/")?.url).toBe("https://c/otlp/v1/traces");
    expect(read("off", env)).toBeUndefined();
  });

  it.each([
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "" }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" }, "http://c:4318/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/" }, "http://c:4318/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t/exact" }, "http://t/exact"],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t/exact" },
      "http://t/exact",
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_SDK_DISABLED: "TRUE" }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_TRACES_EXPORTER: "none" }, undefined],
  ])("is what OpenTelemetry's variables say: %j", (env, url) => {
    expect(read("auto", env)?.url).toBe(url);
    if (url !== undefined) expect(read("auto", env)?.ours).toBe(false);
  });
});
