import { createHash, randomBytes } from "node:crypto";
import type { RtspCrypto } from "../../../media/wire/rtsp/auth.js";

/** Node's hashes and random bytes, as the RTSP machine takes them. */
export const NODE_CRYPTO: RtspCrypto = {
  hash: (algorithm, text) => createHash(algorithm).update(text).digest("hex"),
  nonce: () => randomBytes(16).toString("hex"),
};
