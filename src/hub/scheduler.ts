/** Stops what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

/** Time as an argument: the hub reads no clock and starts no timer but through this, so every run can be replayed. */
export interface Scheduler {
  /** A clock that never steps back, in microseconds from any origin. */
  now(): number;
  /** Microseconds since the Unix epoch. */
  wall(): number;
  /** Runs the task once the present turn of the event loop has taken in all it has to read. */
  defer(task: () => void): void;
  /** Runs the task once, `ms` milliseconds from now. */
  after(ms: number, task: () => void): Cancel;
  /** Runs the task every `ms` milliseconds. */
  every(ms: number, task: () => void): Cancel;
}
