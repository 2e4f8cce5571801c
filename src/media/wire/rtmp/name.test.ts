import { describe, expect, it } from "vitest";
import { parseAddress } from "./name.js";

function parse(tcUrl: string, app: string, name: string): [string, string, Record<string, string>, string] {
  const address = parseAddress(tcUrl, app, name);
  return [address.app, address.name, { ...address.query }, address.vhost];
}

describe("parseAddress", () => {
  it("reads app, instance and stream", () => {
    expect(parse("rtmp://host:1935/live", "live", "cam")).toEqual(["live", "cam", {}, "host"]);
    expect(parse("rtmp://host/live/room", "live/room", "cam")).toEqual(["live/room", "cam", {}, "host"]);
    expect(parse("rtmp://host/live/_definst_", "live/_definst_/", "cam")).toEqual([
      "live",
      "cam",
      {},
      "host",
    ]);
    expect(parse("rtmp://host/", "", "live")).toEqual(["", "live", {}, "host"]);
    expect(parse("", "//live/", "/a/b/")).toEqual(["live", "a/b", {}, ""]);
  });

  it("takes the query from the stream name, the app and the tcUrl, in this order", () => {
    expect(parse("rtmp://host/live?a=3&b=3&c=3", "live?a=2&b=2", "cam?a=1")).toEqual([
      "live",
      "cam",
      { a: "1", b: "2", c: "3" },
      "host",
    ]);
  });

  it("has the virtual host from ?vhost=, else from the tcUrl", () => {
    expect(parse("rtmp://10.0.0.1/live?vhost=a.example", "live?vhost=a.example", "cam")[3]).toBe("a.example");
    expect(parse("rtmp://10.0.0.1/live", "live", "cam?vhost=b.example")[3]).toBe("b.example");
    expect(parse("rtmps://User:pw@Example.COM:443/live", "live", "cam")[3]).toBe("example.com");
    expect(parse("rtmp://[::1]:1935/live", "live", "cam")[3]).toBe("[::1]");
    expect(parse("nonsense", "live", "cam")[3]).toBe("");
  });

  it("decodes percent signs but no plus, and leaves what is wrong as it is", () => {
    expect(parse("", "live", "cam?sign=a+b%3D%3D&bad=%zz&flag&=x&e=")[2]).toEqual({
      sign: "a+b==",
      bad: "%zz",
      flag: "",
      e: "",
    });
    expect(parse("", "live", "cam?a=b=c?d")[2]).toEqual({ a: "b=c?d" });
  });

  it("takes the first of several values, and names like __proto__ for names", () => {
    const { query } = parseAddress("", "live", "cam?a=1&a=2&__proto__=x&constructor=y");
    expect(query.a).toBe("1");
    expect(Object.keys(query)).toEqual(["a", "__proto__", "constructor"]);
    expect(Object.getPrototypeOf(query)).toBeNull();
  });

  it("stops counting parameters somewhere", () => {
    const many = Array.from({ length: 1000 }, (_, i) => `k${i}=v`).join("&");
    expect(Object.keys(parseAddress(`rtmp://h/a?${many}`, `a?${many}`, `c?${many}`).query)).toHaveLength(64);
  });
});
