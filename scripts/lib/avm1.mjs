// An assembler for ActionScript 2's machine, AVM1, as far as our SWF needs it (SWF File Format Specification 19,
// chapter 5). Expressions and statements are byte arrays; an expression leaves its value on the stack.

const OP = {
  not: 0x12,
  pop: 0x17,
  getVariable: 0x1c,
  setVariable: 0x1d,
  getTime: 0x34,
  callFunction: 0x3d,
  newObject: 0x40,
  toNumber: 0x4a,
  getMember: 0x4e,
  setMember: 0x4f,
  callMethod: 0x52,
  jump: 0x99,
  push: 0x96,
  defineFunction: 0x9b,
  if: 0x9d,
};
const BINARY = {
  "-": 0x0b,
  "*": 0x0c,
  "/": 0x0d,
  "&&": 0x10,
  "||": 0x11,
  "+": 0x47,
  "<": 0x48,
  "==": 0x49,
  ">": 0x67,
};

const u16 = (value) => [value & 0xff, (value >> 8) & 0xff];
const text = (value) => [...Buffer.from(value, "utf8"), 0];
/** Actions from 0x80 on carry their length. */
const action = (code, body) => [code, ...u16(body.length), ...body];

/** A constant: a string, a number, a boolean, null or undefined. */
export function value(constant) {
  if (typeof constant === "string") return action(OP.push, [0, ...text(constant)]);
  if (constant === null) return action(OP.push, [2]);
  if (constant === undefined) return action(OP.push, [3]);
  if (typeof constant === "boolean") return action(OP.push, [5, constant ? 1 : 0]);
  if (Number.isInteger(constant)) {
    const bytes = new Uint8Array(new Int32Array([constant]).buffer);
    return action(OP.push, [7, ...bytes]);
  }
  // Doubles are stored with their 32-bit halves exchanged.
  const bytes = [...new Uint8Array(new Float64Array([constant]).buffer)];
  return action(OP.push, [6, ...bytes.slice(4), ...bytes.slice(0, 4)]);
}

/** Reads a variable or, after points, what it holds: `stream.time`. */
export function get(path) {
  const [first, ...members] = path.split(".");
  return [...value(first), OP.getVariable, ...members.flatMap((name) => [...value(name), OP.getMember])];
}

/** Assigns to a variable or to what it holds. */
export function set(path, expression) {
  const at = path.lastIndexOf(".");
  if (at < 0) return [...value(path), ...expression, OP.setVariable];
  return [...get(path.slice(0, at)), ...value(path.slice(at + 1)), ...expression, OP.setMember];
}

/** Calls a function, or a method: `call("stream.play", get("url"))`. The last argument goes on the stack first. */
export function call(path, ...args) {
  const at = path.lastIndexOf(".");
  const counted = [...args.reverse().flat(), ...value(args.length)];
  if (at < 0) return [...counted, ...value(path), OP.callFunction];
  return [...counted, ...get(path.slice(0, at)), ...value(path.slice(at + 1)), OP.callMethod];
}

/** What ActionScript calls `getTimer()`: milliseconds since the movie began. */
export function timer() {
  return [OP.getTime];
}

/** What it calls `Number(...)`. */
export function number(expression) {
  return [...expression, OP.toNumber];
}

/** A call as a statement: its result is thrown away. */
export function run(path, ...args) {
  return [...call(path, ...args), OP.pop];
}

/** `new NAME(...)`. */
export function create(name, ...args) {
  return [...args.reverse().flat(), ...value(args.length), ...value(name), OP.newObject];
}

/** @param operator one of BINARY's */
export function binary(left, operator, right) {
  return [...left, ...right, BINARY[operator]];
}

export function not(expression) {
  return [...expression, OP.not];
}

/** Statements that run where the condition holds, and others where not. */
export function when(condition, yes, no = []) {
  const skip = no.length === 0 ? [] : action(OP.jump, u16(no.length));
  return [...condition, OP.not, ...action(OP.if, u16(yes.length + skip.length)), ...yes, ...skip, ...no];
}

/** A function as an expression. */
export function func(parameters, ...statements) {
  const body = statements.flat();
  const head = [...text(""), ...u16(parameters.length), ...parameters.flatMap(text), ...u16(body.length)];
  return [...action(OP.defineFunction, head), ...body];
}
