/**
 * The worker beside this module. Bundlers know this very expression, and put their copy of the worker in its place.
 *
 * @throws DOMException where the page's policy or origin forbids it
 */
export function createWorker(): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}

/** A worker from an address of the page's choice; one of another origin is imported by a blob. */
export function createWorkerFrom(url: string): Worker {
  const { href, origin } = new URL(url, location.href);
  if (origin === location.origin) return new Worker(href, { type: "module" });
  const blob = new Blob([`import ${JSON.stringify(href)};`], { type: "text/javascript" });
  const local = URL.createObjectURL(blob);
  try {
    return new Worker(local, { type: "module" });
  } finally {
    // Its fetch has begun.
    URL.revokeObjectURL(local);
  }
}
