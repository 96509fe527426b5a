let lost = (reason: string): void => {
  console.error(`The backend was lost: ${reason}`);
  process.exit(1);
};

/** Sets who is told when the current backend ends without its process; by default the process ends. */
export function onBackendLoss(listener: (reason: string) => void): void {
  lost = listener;
}

/** Tells that the current backend computes no more: what its tensors held is gone. @param reason a clause */
export function backendLost(reason: string): void {
  lost(reason);
}
