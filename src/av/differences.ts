import type { ChosenTracks, MediaTrack } from "./choose-tracks.js";

/** What two files must have in common to be joined without encoding, by its name and as it is shown. */
const PROPERTIES: readonly (readonly [string, (track: MediaTrack) => string | number | undefined])[] = [
  ["codec", ({ codec }) => codec],
  ["profile", ({ profile }) => profile],
  ["size", (track) => (track.kind === "video" ? `${track.width}x${track.height}` : undefined)],
  ["pixel format", (track) => (track.kind === "video" ? track.pixelFormat : undefined)],
  ["rotation", (track) => (track.kind === "video" ? track.rotation : undefined)],
  ["sample rate", (track) => (track.kind === "audio" ? track.sampleRate : undefined)],
  ["channels", (track) => (track.kind === "audio" ? track.channels : undefined)],
  // Packets of one clock would be counted in the other's.
  ["clock", ({ timeBase }) => (timeBase === undefined ? undefined : `${timeBase.num}/${timeBase.den} s`)],
];

/** A sentence's part for each, such as `video size 640x360, not 320x180`. Empty where they can be joined. */
export function differences(first: ChosenTracks, other: ChosenTracks): string[] {
  return (["video", "audio"] as const).flatMap((kind) => {
    const [ours, theirs] = [first[kind], other[kind]];
    if (ours === undefined || theirs === undefined) return [];
    const found = PROPERTIES.filter(([, read]) => read(ours) !== read(theirs)).map(
      ([name, read]) => `${kind} ${name} ${read(theirs)}, not ${read(ours)}`,
    );
    if (found.length > 0 || ours.configHash === theirs.configHash) return found;
    // A container has one configuration for a track: H.264's parameter sets of the first would be used for both.
    return [`${kind} ${ours.codec} configuration (the encoder's settings)`];
  });
}
