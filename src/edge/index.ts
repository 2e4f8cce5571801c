import { forward } from "./forward.js";
import { problem } from "./problem.js";
import { type EdgeEnv, type EdgeSettings, readSettings } from "./settings.js";

export type { EdgeEnv };

/** Environments are few, in most runtimes one: what was checked need not be checked for each request. */
const checked = new WeakMap<object, EdgeSettings>();

/**
 * A worker's handler: answers `/APP/NAME.flv` and `/APP/NAME.mp4` with the rendition of NAME that suits the request,
 * from the origin; passes on all else as it is. The bodies run through, nothing is gathered.
 *
 * ```js
 * import { fetch } from "sluice/edge";
 * export default { fetch };
 * ```
 *
 * @param env the worker's variables: ORIGIN and RENDITIONS
 * @returns 500 with the reason where these are wrong, 502 where the origin cannot be reached, 504 where it is silent
 */
async function handle(request: Request, env: EdgeEnv): Promise<Response> {
  let settings: EdgeSettings | undefined;
  try {
    settings = checked.get(env) ?? readSettings(env);
    checked.set(env, settings);
  } catch (error) {
    return problem(500, "configuration", `The worker is set up wrongly. ${(error as Error).message}.`);
  }
  return forward(request, settings);
}

export { handle as fetch };
