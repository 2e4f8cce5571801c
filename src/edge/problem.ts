/** An error as JSON, in the form of the server's own. */
export function problem(status: number, error: string, message: string): Response {
  return new Response(`${JSON.stringify({ error, message })}\n`, {
    status,
    headers: {
      "Access-Control-Allow-Origin": "*",
      "Cache-Control": "no-store",
      "Content-Type": "application/json",
    },
  });
}
