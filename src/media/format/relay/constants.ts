/** What a relay connection begins with in both directions: "SLRY", and the version. */
export const RELAY_MAGIC: Uint8Array = Uint8Array.of(0x53, 0x4c, 0x52, 0x59, 1);

/** A record's type and the length of its payload. */
export const RECORD_HEADER_SIZE = 5;

/** Metadata and the tracks to begin with. */
export const RECORD_START = 1;
/** A changed track, or a late one. */
export const RECORD_TRACK = 2;
export const RECORD_PACKET = 3;
/** Nothing follows; why. */
export const RECORD_END = 4;
/** How the stream's timeline stands to its publisher's clock. */
export const RECORD_CLOCK = 5;

export const FLAG_KEY = 1;
export const FLAG_DURATION = 2;
/** The packet's track is data: it is not announced, so the packet says all that there is to say. */
export const FLAG_DATA = 4;

/** Track id, flags, dts, pts - dts, when it was received. */
export const PACKET_HEAD_SIZE: number = 4 + 1 + 8 + 8 + 8;
