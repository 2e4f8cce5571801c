import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
  packages: Record<string, LockedPackage>;
};

describe("package-lock.json", () => {
  it("names every platform's packages, so that npm ci works on all of them (else: scripts/complete-lockfile.mjs)", () => {
    const missing = Object.entries(packages).flatMap(([parent, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => {
        const entry = packages[`node_modules/${name}`] ?? packages[`${parent}/node_modules/${name}`];
        return entry?.version === undefined;
      }),
    );
    expect(missing).toEqual([]);
  });

  it("binds nobody to a registry: everyone's own serves", () => {
    const bound = Object.values(packages).filter(({ resolved }) => resolved !== undefined);
    expect(bound).toEqual([]);
  });
});

describe("package.json", () => {
  it("pins exact versions: on Node 20 a range quietly picks other releases", () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, v]) => !/^\d/.test(v));
    expect(loose).toEqual([]);
  });
});
