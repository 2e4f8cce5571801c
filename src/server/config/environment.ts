import type { ConfigKey } from "./keys.js";
import type { Mistake } from "./mistake.js";
import { fromText, type Setting, type SourceSettings } from "./setting.js";
import { nearest } from "./suggest.js";

export const VARIABLE_PREFIX = "SLUICE_";
/** Names the configuration file, as `--config` does. */
export const FILE_VARIABLE = "SLUICE_CONFIG";

/** What `sluice/av` reads by itself: which programs do its work is no setting of a server's. */
const AV_VARIABLES: readonly string[] = ["SLUICE_FFMPEG", "SLUICE_FFPROBE", "SLUICE_AV_ENGINE"];

/**
 * Kubernetes describes a Service called `sluice` or `sluice-rtmp` to every container beside it in variables like
 * SLUICE_SERVICE_HOST and SLUICE_RTMP_PORT=tcp://10.0.0.1:1935. They are not meant for us.
 */
const SERVICE_VARIABLE = /_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

/** Settings from variables named after their keys. An empty variable counts as not set. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  keys: readonly ConfigKey[],
): SourceSettings {
  const settings: Setting[] = [];
  const mistakes: Mistake[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || text === undefined || text === "") continue;
    if (AV_VARIABLES.includes(variable)) continue;
    if (variable === FILE_VARIABLE || SERVICE_VARIABLE.test(variable)) continue;
    if (variable.endsWith("_PORT") && SERVICE_ADDRESS.test(text)) continue;
    const key = keys.find((candidate) => candidate.variable === variable);
    if (key !== undefined) {
      settings.push({ key, value: fromText(key, text), where: variable });
      continue;
    }
    const meant = nearest(
      variable,
      keys.map((candidate) => candidate.variable),
    );
    const problem = meant === undefined ? "no such variable" : `no such variable; did you mean ${meant}?`;
    // Without its value: what is not ours may be a secret.
    mistakes.push({ name: variable, where: variable, problem });
  }
  return { settings, mistakes };
}
