import type { AdminSession } from "../live/admin-api.js";
import { word } from "../words.js";
import { make, makeButton } from "./dom.js";

/** Asks whether somebody's connection is to be ended. */
export function askToKick({ remoteAddress, protocol, userAgent, app, name }: AdminSession): Promise<boolean> {
  const dialog = make("dialog", "ask");
  dialog.setAttribute("aria-label", word("kickTitle"));
  const who = make("p", "who", [remoteAddress, protocol, `${app}/${name}`].join(" · "));
  const buttons = make("div", "buttons");
  buttons.append(
    makeButton(word("cancel"), () => dialog.close()),
    makeButton(word("kickNow"), () => dialog.close("yes"), "danger"),
  );
  dialog.append(make("h2", "", word("kickTitle")), who, make("p", "muted agent", userAgent ?? ""));
  dialog.append(make("p", "muted small", word("kickHint")), buttons);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
