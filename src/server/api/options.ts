import { z } from "zod";

/** The keys below `api`. */
export const apiSchema = z
  .strictObject({
    token: z
      .string()
      .max(1_024)
      .default("")
      .describe(
        "What `Authorization: Bearer` must say for the API. Empty: a random one is made and logged at the start, and taken only from this machine itself.",
      ),
  })
  .prefault({})
  .describe("The API under /api/v1/ on the HTTP port.");
