import type { HostCommand } from "./command.js";

/**
 * Which answers a write may change, so that those of other questions can be used on. Of the fields that are decoded here, by what the manual says
 * of them; where that is open, more rather than less. A write that no row knows may change everything.
 */
const effects: readonly { readonly write: RegExp; readonly changes: RegExp }[] = [
  {
    // Also what the places below the adapter inherit. A session may end or begin.
    write: /^iscsi .*auth chap set$/,
    changes: /^iscsi .*auth chap get$|^iscsi session|^storage core (path|device)/,
  },
  { write: /^iscsi .*param set$/, changes: /^iscsi .*param get$|^iscsi session|^storage core (path|device)/ },
  { write: /^iscsi adapter set$/, changes: /^iscsi adapter (get|list|target)|^iscsi session|^storage/ },
  {
    write: /^iscsi networkportal (add|remove)$/,
    changes: /^iscsi (adapter (get|list|target)|networkportal|physicalnetworkportal|session)|^storage/,
  },
  {
    write: /^iscsi adapter discovery /,
    changes: /^iscsi (adapter (discovery|target)|session)|^iscsi .*(auth chap|param) get$|^storage core (path|device)/,
  },
  { write: /^rdma iser (add|delete)$/, changes: /^(iscsi|rdma|storage|system module)/ },
  { write: /^rdma iser params set$/, changes: /^(iscsi|rdma|storage)/ },
  { write: /^storage core adapter rescan$/, changes: /^(iscsi|storage)/ },
  // A port group belongs to one switch for good, and says itself what it does with the switch's order.
  {
    write: /^network vswitch standard portgroup /,
    changes: /^network vswitch standard portgroup|^iscsi (networkportal|session)/,
  },
  {
    // The MTU of a switch is that of its uplinks, and they have their RDMA devices'.
    write: /^network vswitch standard /,
    changes: /^network (vswitch|nic|ip interface list$)|^iscsi (networkportal|session)|^rdma device/,
  },
  // An interface is a client of its port group.
  {
    write: /^network ip interface /,
    changes: /^network ip|^network vswitch standard portgroup list$|^iscsi (networkportal|session)/,
  },
  { write: /^network nic /, changes: /^network nic|^rdma device/ },
  { write: /^system module parameters set$/, changes: /^system module/ },
];

/** Whether the answer to a question may be another after the write. */
export function mayChange(write: HostCommand, question: HostCommand): boolean {
  // Any of them may be logged.
  if (write.kind !== "esxcli" || question.kind === "log") return true;
  const known = effects.find((row) => row.write.test(write.path));
  return known === undefined || known.changes.test(question.path);
}
