/** A text with what stands before the `@` of its addresses left out: user and password go into no log and no message. */
export function hideCredentials(text: string): string {
  // Up to the last `@`: a password may hold anything, a slash that should have been written as %2F included.
  return text.replace(/([a-z][a-z0-9+.-]{0,31}:\/\/)[^"]*@/gi, "$1***@");
}
