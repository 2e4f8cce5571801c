import type * as Pprof from "@datadog/pprof";

/** The part of `@datadog/pprof` that we call. */
export type PprofModule = Pick<typeof Pprof, "time" | "heap">;

/** What there is no profiler without, and how to get it. */
export class ProfilerMissing extends Error {}

/** It is a native module and optional: what runs where there is none for it, or was installed without it, still runs. */
export const PPROF_PACKAGE = "@datadog/pprof@5.20.0";

let loading: Promise<PprofModule> | undefined;

/** Loads the profiler, on the first request for a profile. @throws ProfilerMissing */
export function loadPprof(): Promise<PprofModule> {
  loading ??= load().catch((error: unknown) => {
    // It may be installed by the next time.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<PprofModule> {
  try {
    // A CommonJS module: what it exports is the default export here.
    const { default: module } = (await import("@datadog/pprof")) as unknown as { default: PprofModule };
    return module;
  } catch (error) {
    throw new ProfilerMissing(
      `Profiles need ${PPROF_PACKAGE}, which is not here: npm install ${PPROF_PACKAGE} (${String(error)})`,
    );
  }
}
