/** Whether a delivery has ended: only the first end counts. */
export interface EndOnce {
  readonly isOpen: boolean;
  /** True the first time, false ever after. */
  close(): boolean;
}

export function endOnce(): EndOnce {
  let isOpen = true;
  return {
    get isOpen() {
      return isOpen;
    },
    close() {
      const first = isOpen;
      isOpen = false;
      return first;
    },
  };
}
