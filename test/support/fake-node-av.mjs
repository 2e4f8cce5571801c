// A process that behaves as the one with node-av does (src/av/node-av/wire.ts), or as badly as a test asks: the name of
// the job's file says how. node fake-node-av.mjs < job
import { spawn } from "node:child_process";
import { appendFileSync, readSync, writeSync } from "node:fs";

function read(bytes) {
  const buffer = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; ) {
    const count = readSync(0, buffer, at, bytes - at, null);
    if (count === 0) process.exit(9);
    at += count;
  }
  return buffer;
}

function write(bytes) {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

function head(width, height, pts, bytes = width * height * 4) {
  const buffer = Buffer.alloc(20);
  buffer.writeUInt32BE(16 + bytes, 0);
  buffer.writeUInt32BE(width, 4);
  buffer.writeUInt32BE(height, 8);
  buffer.writeDoubleBE(pts, 12);
  return buffer;
}

function end(outcome) {
  writeSync(2, `[mov @ 0x1] some words of FFmpeg's\n${JSON.stringify(outcome)}\n`);
  process.exit(outcome.t === "done" ? 0 : 1);
}

const done = () => end({ t: "done", durationUs: 0, bytes: 0 });
const forever = () => setInterval(() => {}, 1_000);

const job = JSON.parse(read(read(4).readUInt32BE()).toString());
// A source of bytes is read to its end, which may never come.
const [how, argument] = (job.task.source?.path ?? (job.task.source === undefined ? job.kind : "read")).split(
  ":",
);
if (how === "unavailable") end({ t: "unavailable", message: "libfoo.so.1: cannot open shared object file" });
writeSync(3, '{"t":"ready"}\n');

switch (how) {
  case "probe":
    write(Buffer.from(argument === undefined ? '{"format":{},"streams":[]}' : decodeURIComponent(argument)));
    done();
    break;
  case "hello":
    write(Buffer.from('{"ffmpeg":"n8.1.2-static"}'));
    done();
    break;
  case "image": {
    // The pixels come back, backwards.
    write(read(job.task.width * job.task.height * 4).reverse());
    done();
    break;
  }
  case "pictures":
    for (let i = 0; i < Number(argument); i++)
      write(Buffer.concat([head(2, 1, i * 40_000), Buffer.alloc(8, i)]));
    done();
    break;
  case "endless":
    // Writes down which pictures it got rid of.
    for (let i = 0; ; i++) {
      write(Buffer.concat([head(64, 64, i * 40_000), Buffer.alloc(16_384, i)]));
      appendFileSync(argument, ".");
    }
  case "failure":
    end({ t: "failure", code: argument, message: "clip.mp4: what went wrong" });
    break;
  case "crash":
    process.kill(process.pid, "SIGSEGV");
    forever();
    break;
  case "crash-inside":
    write(Buffer.concat([head(100, 100, 0), Buffer.alloc(50)]));
    process.kill(process.pid, "SIGSEGV");
    forever();
    break;
  case "cut-off":
    write(head(100, 100, 0));
    done();
    break;
  case "garbage":
    write(Buffer.alloc(100, 0xff));
    forever();
    break;
  case "flood":
    for (;;) write(Buffer.alloc(65_536, 0x20));
  case "exit":
    writeSync(2, "Error: \u001b[31mout of luck\u001b[0m\n");
    process.exit(3);
    break;
  case "read":
    for (const buffer = Buffer.alloc(4_096); readSync(0, buffer, 0, 4_096, null) > 0; );
    done();
    break;
  case "hang":
    forever();
    break;
  case "deaf":
    process.on("SIGTERM", () => {});
    writeSync(1, head(100, 100, 0));
    forever();
    break;
  case "bomb": {
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(32 * 1024 * 1024, 1)), 20);
    break;
  }
  case "family": {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    appendFileSync(argument, `${process.pid} ${child.pid}`);
    forever();
    break;
  }
}
