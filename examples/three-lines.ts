// The README's three lines: RTMP in, HTTP-FLV, WebSocket-FLV, MP4 and RTMP out, and pages at http://localhost:8080/.
import { createServer } from "sluice";

const live = createServer();
await live.listen();
