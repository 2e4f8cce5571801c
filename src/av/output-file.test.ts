import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { replaceWhole } from "./output-file.js";

const folders: string[] = [];
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "sluice-output-"));
  folders.push(folder);
});
afterAll(async () => {
  for (const one of folders) await rm(one, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);
const put = (text: string) => (temporary: string) => writeFile(temporary, text);

function init(name: string, overwrite = false, input?: string) {
  const sources = input === undefined ? [] : [{ kind: "file" as const, path: at(input) }];
  return { output: at(name), overwrite, sources };
}

describe("an output", () => {
  it("has its name once it is whole, and another in the same folder before", async () => {
    let during: string[] = [];
    const result = await replaceWhole(init("a.mp4"), async (temporary) => {
      await writeFile(temporary, "new");
      during = await readdir(folder);
      return 7;
    });
    expect(result).toBe(7);
    expect(during).toHaveLength(1);
    expect(during[0]).toMatch(/^\.a\.mp4\..*\.part$/);
    expect(await readdir(folder)).toEqual(["a.mp4"]);
    expect(await readFile(at("a.mp4"), "utf8")).toBe("new");
  });

  it("does not replace a file without being told to, not even one that has come meanwhile", async () => {
    await writeFile(at("a.mp4"), "old");
    await expect(replaceWhole(init("a.mp4"), put("new"))).rejects.toMatchObject({ code: "exists" });
    const late = replaceWhole(init("b.mp4"), async (temporary) => {
      await writeFile(temporary, "new");
      await writeFile(at("b.mp4"), "other");
    });
    await expect(late).rejects.toMatchObject({ code: "exists" });
    expect(await readFile(at("a.mp4"), "utf8")).toBe("old");
    expect(await readFile(at("b.mp4"), "utf8")).toBe("other");
    expect((await readdir(folder)).sort()).toEqual(["a.mp4", "b.mp4"]);
  });

  it("replaces a file when told to, and leaves its permissions and links to it", async () => {
    await writeFile(at("a.mp4"), "old");
    await chmod(at("a.mp4"), 0o640);
    await symlink("a.mp4", at("link.mp4"));
    await link(at("a.mp4"), at("same.mp4"));
    await replaceWhole(init("link.mp4", true), put("new"));
    expect(await readFile(at("a.mp4"), "utf8")).toBe("new");
    expect((await stat(at("a.mp4"))).mode & 0o777).toBe(0o640);
    expect(await readFile(at("same.mp4"), "utf8")).toBe("old");
    expect((await readdir(folder)).sort()).toEqual(["a.mp4", "link.mp4", "same.mp4"]);
  });

  it("stays as it was where the work fails, and where nothing was written", async () => {
    await writeFile(at("a.mp4"), "old");
    const failing = replaceWhole(init("a.mp4", true), async (temporary) => {
      await writeFile(temporary, "half");
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await expect(replaceWhole(init("a.mp4", true), async () => {})).rejects.toThrow(/nothing was written/);
    expect(await readFile(at("a.mp4"), "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["a.mp4"]);
  });

  it("is refused where it is the input, by whatever name, a folder or a device", async () => {
    await writeFile(at("in.mp4"), "old");
    await symlink("in.mp4", at("again.mp4"));
    await mkdir(at("d.mp4"));
    const same = { code: "unsupported", message: expect.stringContaining("this is the input") };
    await expect(replaceWhole(init("in.mp4", true, "in.mp4"), put("x"))).rejects.toMatchObject(same);
    await expect(replaceWhole(init("again.mp4", true, "in.mp4"), put("x"))).rejects.toMatchObject(same);
    await expect(replaceWhole(init("d.mp4", true), put("x"))).rejects.toThrow(/a folder/);
    const device = { output: "/dev/null", overwrite: true, sources: [] };
    await expect(replaceWhole(device, put("x"))).rejects.toThrow(/no file/);
    expect(await readFile(at("in.mp4"), "utf8")).toBe("old");
  });

  it("needs a folder that is there", async () => {
    await writeFile(at("file"), "x");
    await expect(replaceWhole(init("no/a.mp4"), put("x"))).rejects.toMatchObject({ code: "not-found" });
    await expect(replaceWhole(init("file/a.mp4"), put("x"))).rejects.toMatchObject({ code: "not-found" });
  });
});
