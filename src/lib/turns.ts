/** The moments in which this process turns to what has come from outside: user code may have run before. */
export const turns: {
  /** Called at each; set once user code has been let in. */
  begin: (() => void) | undefined;
} = { begin: undefined };
