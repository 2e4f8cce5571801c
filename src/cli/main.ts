#!/usr/bin/env node
import { favourEventLoop } from "../server/favour-event-loop.js";
import { run } from "./run.js";
import { onStopSignal } from "./signals.js";

favourEventLoop();
process.exitCode = await run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  progress: process.stderr.isTTY === true,
  onStop: onStopSignal,
});
