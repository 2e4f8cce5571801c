/** Where spans go. */
export interface OtlpSettings {
  /** The address that they are sent to, `/v1/traces` included. */
  readonly url: string;
  /** The part of the traces begun here that is kept, from 0 to 1. */
  readonly sampleRatio: number;
  /** It was asked for by a key of ours, and not by a variable that other programs on the machine may be meant by. */
  readonly ours: boolean;
}

/**
 * Reads where spans are to go: our own keys, else OpenTelemetry's variables ("OTLP Exporter Configuration" and "SDK
 * Environment Variables"). Those about headers, certificates and compression its exporter reads by itself.
 *
 * @param config `auto` goes by the variables, `off` by nothing
 * @param env as in `process.env`
 * @returns undefined where they go nowhere
 */
export function readOtlpSettings(
  config: { readonly endpoint: string; readonly sampleRatio: number },
  env: Readonly<Record<string, string | undefined>>,
): OtlpSettings | undefined {
  const { endpoint, sampleRatio } = config;
  if (endpoint === "off") return undefined;
  if (endpoint !== "auto") return { url: tracesUrl(endpoint), sampleRatio, ours: true };
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER === "none")
    return undefined;
  const exact = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? "";
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "";
  const url = exact !== "" ? exact : base !== "" ? tracesUrl(base) : undefined;
  return url === undefined ? undefined : { url, sampleRatio, ours: false };
}

/** The base address is a folder, whether or not it ends with a slash. */
function tracesUrl(base: string): string {
  return `${base.replace(/\/+$/, "")}/v1/traces`;
}
