// What a codec's or a box's parser has to say about bytes that it does not understand costs the player 800 bytes, and
// few ever read it: in a page the error's code stands for it. The server's log has the words.
import { readFileSync } from "node:fs";
import { parse } from "acorn";
import { transform } from "esbuild";

const PARSERS = /src[/\\]media[/\\](codec|bytes|format[/\\](amf|mp4))[/\\].*\.ts$/;

/** An esbuild plugin: `new MediaError(code, message)` without the message in these parsers. */
export const shortErrors = {
  name: "short-errors",
  setup: ({ onLoad }) =>
    onLoad({ filter: PARSERS }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "ts", target: "es2022" });
      return { contents: withoutMessages(code), loader: "js" };
    }),
};

function withoutMessages(code) {
  let out = code;
  for (const { start, end } of messagesIn(
    parse(code, { ecmaVersion: 2022, sourceType: "module" }),
  ).reverse()) {
    out = `${out.slice(0, start)}""${out.slice(end)}`;
  }
  return out;
}

/** The second arguments of all `new MediaError(...)`, in order. */
function messagesIn(node) {
  if (Array.isArray(node)) return node.flatMap(messagesIn);
  if (typeof node !== "object" || node === null) return [];
  if (node.type === "NewExpression" && node.callee.name === "MediaError" && node.arguments.length > 1) {
    return [node.arguments[1]];
  }
  return Object.values(node).flatMap(messagesIn);
}
