// An OTLP/HTTP receiver as a process of its own: node test/support/otlp-receiver.mjs
//
// It decodes with the .proto files of the OpenTelemetry project, not with anything that the sender uses. What has come
// is told on standard output, a JSON object a line: {"port":N} first, then one for each span.
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import protobuf from "protobufjs";

// Elastic's package is what the registry has the schema in; nothing else of it is used.
const schema = path.dirname(fileURLToPath(import.meta.resolve("@elastic/mockotlpserver/package.json")));
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => path.join(schema, target);
root.loadSync("opentelemetry/proto/collector/trace/v1/trace_service.proto");
const Request = root.lookupType("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest");
const Response = root.lookupType("opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse");

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Protobuf's oneof as the value that it has. */
const chosen = (value) => value[value.value];
const attributesOf = (list) => Object.fromEntries(list.map(({ key, value }) => [key, chosen(value)]));
const hex = (base64) => Buffer.from(base64, "base64").toString("hex");

function told(span, resource, scope) {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    startNanos: span.startTimeUnixNano,
    endNanos: span.endTimeUnixNano,
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, attributes }) => ({ name, attributes: attributesOf(attributes) })),
    links: span.links.map(({ traceId, spanId }) => ({ traceId: hex(traceId), spanId: hex(spanId) })),
    status: { code: span.status?.code ?? "STATUS_CODE_UNSET", message: span.status?.message ?? "" },
    resource: attributesOf(resource.attributes),
    scope: scope.name,
  };
}

/** A field that the schema does not have is passed over by a decoder: here it is an error. */
function requireKnown(reader, end, type) {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined) throw new Error(`${type.fullName} has no field ${tag >>> 3}`);
    const inner = field.resolve().resolvedType;
    if (inner instanceof protobuf.Type) {
      const length = reader.uint32();
      requireKnown(reader, reader.pos + length, inner);
    } else reader.skipType(tag & 7);
  }
}

function take(body) {
  requireKnown(protobuf.Reader.create(body), body.length, Request);
  const message = Request.decode(body);
  const problem = Request.verify(message);
  if (problem !== null) throw new Error(problem);
  const { resourceSpans } = Request.toObject(message, {
    longs: String,
    enums: String,
    bytes: String,
    defaults: true,
    oneofs: true,
  });
  for (const { resource, scopeSpans } of resourceSpans)
    for (const { scope, spans } of scopeSpans) for (const span of spans) say(told(span, resource, scope));
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    try {
      const { method, url, headers } = request;
      if (method !== "POST" || url !== "/v1/traces") throw new Error(`${method} ${url}`);
      if (headers["content-type"] !== "application/x-protobuf") throw new Error(headers["content-type"]);
      const body = Buffer.concat(chunks);
      take(headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
      response.setHeader("content-type", "application/x-protobuf");
      response.end(Response.encode(Response.create({})).finish());
    } catch (error) {
      say({ refused: String(error) });
      response.statusCode = 400;
      response.end();
    }
  });
});
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
// It ends with whoever started it.
process.stdin.on("end", () => process.exit()).resume();
