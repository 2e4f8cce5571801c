/** Why a source is not asked again: that would do no good, or harm. The message is for people. */
export class PullError extends Error {
  /** `denied`: the source does not take user and password; `no-tracks`: it has nothing that we carry. */
  readonly code: "denied" | "no-tracks";

  constructor(code: PullError["code"], message: string) {
    super(message);
    this.name = "PullError";
    this.code = code;
  }
}
