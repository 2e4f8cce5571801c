import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom } from "../../fuzz/target.js";
import { compareFigures, figuresTable } from "../soak/figures.js";
import { type MeasuredServer, startMeasuredServer } from "../soak/measured-server.js";
import { ATTACKS, type Attacker, openAttacker } from "../support/abuse.js";
import { framehash, type Hashed } from "../support/ffmpeg.js";
import { killPrograms } from "../support/program.js";
import { until } from "../support/until.js";
import { watchHttp, watchWebSocket } from "../support/viewers.js";

const CONNECTIONS = 1_000;
const WARM_UP = 1_000;
const AT_ONCE = 100;
const SEED = 7;
/** Node takes up to 14 s to end a half-sent HTTP request; on a busy machine the rest takes its time too. */
const LIMIT_MS = 300_000;

let folder = "";
let server: MeasuredServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-abuse-"));
  server = await startMeasuredServer({
    rtmp: { handshakeTimeoutMs: 5_000 },
    waitForPublisherMs: 500,
    keepViewersMs: 200,
  });
});
afterAll(async () => {
  await killPrograms();
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens that many connections, a hundred at a time, and leaves them open. */
async function swarm(count: number, seed: number): Promise<Attacker[]> {
  const random = createRandom(seed);
  const attackers: Attacker[] = [];
  for (let i = 0; i < count; i += AT_ONCE) {
    const wave = Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, k) => {
      const each = ATTACKS[(i + k) % ATTACKS.length] as (typeof ATTACKS)[number];
      return openAttacker(each, each.port === "rtmp" ? server.rtmpPort : server.httpPort, random);
    });
    attackers.push(...(await Promise.all(wave)));
  }
  return attackers;
}

/** Some break their connection; the others wait until the server ends them. */
async function disperse(attackers: readonly Attacker[], leaves: (i: number) => boolean): Promise<void> {
  for (const [i, attacker] of attackers.entries()) {
    if (leaves(i) || attacker.attack.allowed) attacker.leave();
  }
  await until(() => attackers.every(({ gone }) => gone));
}

it(
  "1,000 connections that send garbage, half handshakes or nothing cost nobody anything",
  async () => {
    const base = `127.0.0.1:${server.httpPort}/live/demo.flv`;
    const viewers = [watchHttp(`http://${base}`), watchWebSocket(`ws://${base}`)];
    await until(() => viewers.every(({ length }) => length > 0));
    const left = { sockets: viewers.length, viewers: viewers.length };

    // Once before: what V8 compiles for it stays.
    await disperse(await swarm(WARM_UP, SEED), () => true);
    const before = await server.settle(left);

    const attackers = await swarm(CONNECTIONS, SEED + 1);
    const peak = await server.ask("quiet");
    const latecomer = watchHttp(`http://${base}`);
    const lengths = viewers.map(({ length }) => length);
    await until(() => latecomer.length > 0 && viewers.every(({ length }, i) => length > (lengths[i] ?? 0)));
    latecomer.leave();
    await disperse(attackers, (i) => i % 2 === 0);

    const after = await server.settleAgain(before, left);
    console.log(`${CONNECTIONS} connections, ${peak.sockets} open at once\n${figuresTable(before, after)}`);
    expect(compareFigures(before, after)).toEqual([]);

    await server.close();
    await Promise.all(viewers.map(({ ended }) => ended));
    const demo = videoHashes(await framehash("assets/demo.flv"));
    for (const [i, viewer] of viewers.entries()) {
      const file = path.join(folder, `${i}.flv`);
      writeFileSync(file, viewer.bytes);
      const seen = videoHashes(await framehash(file));
      const start = demo.indexOf(seen[0] ?? "");
      // The clip loops: not one frame is missing.
      expect(seen).toEqual(seen.map((_, k) => demo[(start + k) % demo.length]));
    }
  },
  LIMIT_MS,
);

function videoHashes({ packets }: Hashed): readonly string[] {
  return packets.filter(({ kind }) => kind === "video").map(({ hash }) => hash);
}
