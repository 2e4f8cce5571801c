import { expect, it } from "vitest";
import { streamPath, watchedStream } from "./streams.js";

it.each([
  { app: "live", name: "demo" },
  { app: "studio/a", name: "ü ?#&%" },
])("finds the stream of a page's address again: %o", (stream) => {
  for (const base of ["http://host/", "https://host:8443/media/"]) {
    const href = `${base}watch/${streamPath(stream)}?transport=ws#top`;
    expect(watchedStream(href, base)).toEqual(stream);
  }
});
