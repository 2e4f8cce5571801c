import { z } from "zod";
import type { Operation } from "./operations.js";
import { eventSchemas, problemSchema } from "./schemas.js";

/** The API as an OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12. */
export function openApiDocument(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const methods = paths[operation.path] ?? {};
    paths[operation.path] = methods;
    methods[operation.method.toLowerCase()] = describeOperation(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sluice",
      version,
      description: "Live streams, connections and events. Addresses are below where Sluice is mounted.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        eventsCookie: { type: "apiKey", in: "cookie", name: "sluice-events" },
      },
      schemas: {
        Problem: jsonSchema(problemSchema),
        // Named after the events whose data they are.
        ...Object.fromEntries(
          Object.entries(eventSchemas).map(([type, schema]) => [`event.${type}`, jsonSchema(schema)]),
        ),
      },
    },
  };
}

function describeOperation({
  access,
  answer,
  accepted,
  query,
  body,
  problems = {},
  ...operation
}: Operation): object {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const problem = (description: string): object => ({
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Problem" } } },
  });
  const refused = {
    401: problem("The token is missing or wrong."),
    403: problem("No token has been chosen, and the request does not come from the machine itself."),
  };
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    security:
      access === "everybody" ? [] : [{ token: [] }, ...(access === "events" ? [{ eventsCookie: [] }] : [])],
    parameters: [
      ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
      ...(query === undefined ? [] : queryParameters(query)),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            description: body,
            content: { "text/plain": { schema: { type: "string" } } },
          },
        }),
    responses: {
      ...success(answer, operation.method),
      ...(accepted === undefined ? {} : { 202: { description: accepted } }),
      ...(access === "everybody" ? {} : refused),
      ...Object.fromEntries(Object.entries(problems).map(([status, text]) => [status, problem(text)])),
    },
  };
}

function success(answer: Operation["answer"], method: Operation["method"]): object {
  if (answer === "text/event-stream") {
    return {
      200: { description: "Events without end.", content: { [answer]: { schema: { type: "string" } } } },
    };
  }
  if (answer === "image/jpeg") {
    // OpenAPI 3.1 section 4.8.14.1: bytes as they are have no schema.
    return {
      200: { description: "The picture.", content: { [answer]: {} } },
      304: { description: "The same." },
    };
  }
  if (answer !== undefined) {
    return { 200: { description: "Done.", content: { "application/json": { schema: jsonSchema(answer) } } } };
  }
  if (method !== "GET") return { 204: { description: "Done." } };
  return { 200: { description: "Done.", content: { "application/json": { schema: { type: "object" } } } } };
}

function queryParameters(query: z.ZodObject): readonly object[] {
  return Object.entries(query.shape).map(([name, field]) => {
    const { description, ...schema } = jsonSchema(field as z.ZodType) as { description?: string };
    return { name, in: "query", required: false, ...(description ? { description } : {}), schema };
  });
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return rest;
}
