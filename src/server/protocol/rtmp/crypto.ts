import { createHmac, randomBytes } from "node:crypto";
import type { RtmpCrypto } from "../../../media/wire/rtmp/digest.js";

/** What the handshake needs of Node. */
export const NODE_CRYPTO: RtmpCrypto = {
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
  random: (length) => randomBytes(length),
};
