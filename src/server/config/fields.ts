import { z } from "zod";

const HOUR_MS = 3_600_000;
const GIBIBYTE = 1024 ** 3;

/** A time; an hour at most, unless said otherwise. */
export function milliseconds(fallback: number, description: string, min = 0, max: number = HOUR_MS) {
  return z.int().min(min).max(max).default(fallback).describe(description);
}

/** A size; a gibibyte at most. */
export function bytes(fallback: number, description: string) {
  return z.int().min(0).max(GIBIBYTE).default(fallback).describe(description);
}

/** Where a listener listens. @param purpose what the port is for, as in `TCP port for PURPOSE; …` */
export function listenAddress(port: number, purpose: string) {
  return {
    host: z
      .string()
      .min(1)
      .default("::")
      .describe("Address to listen on; `::` is every address, IPv6 and IPv4."),
    port: z.int().min(0).max(65535).default(port).describe(`TCP port for ${purpose}; 0 picks a free one.`),
  };
}
