import { type OpsRoutes, replyText } from "./ops-server.js";

/**
 * `/healthz` and `/readyz`.
 *
 * @param ready whether new connections are served: false before it listens, and from the moment that it is to stop
 */
export function healthRoutes(ready: () => boolean): OpsRoutes {
  return {
    // Whoever answers is alive: a process whose event loop is stuck does not.
    "/healthz": (_request, response) => replyText(response, 200, "ok\n"),
    "/readyz": (_request, response) => {
      if (ready()) replyText(response, 200, "ready\n");
      else replyText(response, 503, "not ready\n");
    },
  };
}
