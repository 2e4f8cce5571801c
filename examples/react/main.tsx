import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { LivePlayer } from "./live-player.js";

function App() {
  const [shown, setShown] = useState(true);
  const src = new URLSearchParams(location.search).get("src") ?? "/live/mine.flv";
  return (
    <main>
      <button type="button" onClick={() => setShown(!shown)}>
        {shown ? "Stop" : "Play"}
      </button>
      {shown && <LivePlayer src={src} onError={({ code, message }) => console.warn(code, message)} />}
    </main>
  );
}

createRoot(document.querySelector("#root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
