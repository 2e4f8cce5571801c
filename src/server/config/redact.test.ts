import { expect, it } from "vitest";
import { hideCredentials } from "./redact.js";

it("hides what stands before an address's @, whatever it is", () => {
  expect(hideCredentials("rtsp://user:secret@host:554/cam")).toBe("rtsp://***@host:554/cam");
  expect(hideCredentials("rtsp://user:se/cr@et@host/cam?a=b")).toBe("rtsp://***@host/cam?a=b");
  expect(hideCredentials("rtsp://host/cam")).toBe("rtsp://host/cam");
  const list = [{ url: "rtsp://a:b@one/x" }, { url: "rtsp://two/y" }, { url: "rtsps://c:d@three/z" }];
  expect(hideCredentials(JSON.stringify(list))).toBe(
    '[{"url":"rtsp://***@one/x"},{"url":"rtsp://two/y"},{"url":"rtsps://***@three/z"}]',
  );
});
