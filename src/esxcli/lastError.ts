/** Why ESXi has no session with a target. It keeps the last error in words, most with a number. [texts: 6.7; seen on 5.0 without a number] */
const hints: readonly { readonly words: RegExp; readonly hint: string }[] = [
  {
    words: /^0x000[48]/i,
    hint: "Nothing answers there: check the address and port, VLAN and MTU on the way, and that the storage system has iSER switched on.",
  },
  {
    words: /^0x000C/i,
    hint: "No way leads there: bind a VMkernel adapter that reaches the address and whose port group uses the adapter's uplink.",
  },
  { words: /^0x0201/i, hint: "CHAP failed: check name, secret and level on both ends." },
  { words: /^0x0202/i, hint: "Allow the adapter's IQN on the storage system." },
  {
    words: /^0x0203/i,
    hint: "The storage system has no such target at this address: check the name, or remove the address.",
  },
  { words: /^0x0301/i, hint: "The target is not in operation: look at the storage system." },
];

export function isFailure(lastError: string): boolean {
  return lastError.trim() !== "" && lastError.trim().toLowerCase() !== "no error";
}

/** What to do about it. */
export function hintFor(lastError: string): string {
  return (
    hints.find(({ words }) => words.test(lastError.trim()))?.hint ??
    "Look at /var/log/vmkernel.log on the host and at the log of the storage system."
  );
}
