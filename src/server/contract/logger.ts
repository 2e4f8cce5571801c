/** The part of a pino logger that we call; any logger of this shape will do. */
export interface Logger {
  /** @param fields what machines read, such as `session` and `reason` @param message what people read */
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger whose lines all have these fields. */
  child(fields: object): Logger;
}
