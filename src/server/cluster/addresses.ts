import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** Where the processes of one server reach each other: a directory that only their user may enter, or named pipes. */
export interface Addresses {
  /** @param name in few letters: the address of a Unix socket has room for about a hundred */
  of(name: string): string;
  /** Removes what is left of them. */
  release(): Promise<void>;
}

/** @throws what making the directory failed with */
export async function createAddresses(): Promise<Addresses> {
  if (process.platform === "win32") {
    const common = `\\\\.\\pipe\\sluice-${randomBytes(9).toString("hex")}`;
    return { of: (name) => `${common}-${name}`, release: async () => {} };
  }
  // mkdtemp makes it with mode 0700.
  const directory = await mkdtemp(path.join(tmpdir(), "sluice-"));
  return {
    of: (name) => path.join(directory, name),
    release: () => rm(directory, { recursive: true, force: true }),
  };
}
