import { z } from "zod";

/** Where it is taken, another free one will do: see OpsServer. */
export const DEFAULT_OPS_PORT = 9999;

/** The keys below `ops`. */
export const opsSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe(
        "Address to listen on. Whoever reaches it can read all that the operations port has: keep it to yourself.",
      ),
    port: z
      .int()
      .min(0)
      .max(65535)
      .default(DEFAULT_OPS_PORT)
      .describe(
        `TCP port for operations; 0 picks a free one, and so does ${DEFAULT_OPS_PORT} where it is taken.`,
      ),
    maxStreams: z
      .int()
      .min(0)
      .max(1_000)
      .default(50)
      .describe(
        "How many streams have metrics of their own: those with the most viewers. All others together are `other`.",
      ),
  })
  .prefault({})
  .describe("Operations: health, readiness, metrics and profiles on a port of their own.");
