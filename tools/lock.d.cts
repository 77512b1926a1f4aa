export function withLock<T>(
  path: string,
  work: (release: () => void) => Promise<T>,
  waiting?: (pid: number | undefined) => void,
): Promise<T>;
export function isAlive(pid: number): boolean;
