import { ApiError, createAdminApi } from "../live/admin-api.js";
import { byId, enableCopying, setText } from "../page.js";
import { hidePublic, preparePublish, showPublic } from "../public-view.js";
import { chooseLanguage, keepToken, keptToken, language } from "../settings.js";
import { applyTheme, switchTheme } from "../theme.js";
import { translate, word } from "../words.js";

const dialog = byId<HTMLDialogElement>("sign-dialog");
const field = byId<HTMLInputElement>("token");
const problem = byId("sign-problem");
const root = byId("console");
/** Ends the console; undefined while nobody has signed in. */
let close: (() => void) | undefined;

function askForToken(message = ""): void {
  setText(problem, message);
  problem.hidden = message === "";
  if (!dialog.open) dialog.showModal();
  field.select();
}

/** Shows the console if the server takes the token. */
async function signIn(token: string): Promise<void> {
  const api = createAdminApi(token);
  try {
    await api.streams();
    // Charts are nothing for who only wants to watch: they come when they are needed.
    const { openConsole } = await import("../console.js");
    keepToken(token);
    dialog.close();
    field.value = "";
    hidePublic();
    close?.();
    close = openConsole(root, api, (message) => {
      signOut();
      askForToken(message);
    });
    root.hidden = false;
    document.body.classList.add("signed-in");
    setText(byId("sign"), word("signOut"));
  } catch (error) {
    if (error instanceof ApiError && error.refused) keepToken(undefined);
    showPublic();
    askForToken(error instanceof ApiError ? error.message : word("noAnswer"));
  }
}

function signOut(): void {
  keepToken(undefined);
  close?.();
  close = undefined;
  root.hidden = true;
  document.body.classList.remove("signed-in");
  setText(byId("sign"), word("signIn"));
  showPublic();
}

applyTheme();
translate();
preparePublish();
enableCopying();
const other = language() === "zh" ? "en" : "zh";
const languageButton = byId<HTMLButtonElement>("language");
languageButton.textContent = other === "zh" ? "中文" : "English";
languageButton.lang = other === "zh" ? "zh-CN" : "en";
languageButton.addEventListener("click", () => {
  chooseLanguage(other);
  location.reload();
});
byId("theme").addEventListener("click", switchTheme);
byId("sign").addEventListener("click", () => (close === undefined ? askForToken() : signOut()));
byId("sign-cancel").addEventListener("click", () => dialog.close());
byId("sign-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn(field.value.trim());
});
const kept = keptToken();
if (kept === undefined) showPublic();
else void signIn(kept);
