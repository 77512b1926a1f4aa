import type { Argument, EsxcliCommand, HostCommand } from "./command.js";

/** Options that name an object, of which another one is not concerned. */
const objects = ["adapter", "direction", "vswitch-name", "portgroup-name", "module"];

/**
 * Which answers a write may change, so that those of other questions can be used on. It is about the fields that are decoded here, by what the manual
 * says of them; where that is open, more rather than less. A write that no row knows may change everything.
 */
const effects: readonly { readonly write: RegExp; readonly given?: string; readonly changes: RegExp }[] = [
  // Also what is inherited below the adapter. A session may end or begin.
  { write: /^iscsi .*auth chap set$/, changes: /^iscsi .*auth chap get$|^iscsi session|^storage core (path|device)/ },
  { write: /^iscsi .*param set$/, changes: /^iscsi .*param get$|^iscsi session|^storage core (path|device)/ },
  // The IQN is in the UIDs, and targets know the host by it.
  { write: /^iscsi adapter set$/, given: "name", changes: /^iscsi (adapter (get|list|target)|session)|^storage/ },
  { write: /^iscsi adapter set$/, changes: /^iscsi (adapter get|session)/ },
  // An adapter is online only when it is bound. Which NIC it has is a matter of the card.
  {
    write: /^iscsi networkportal (add|remove)$/,
    changes: /^iscsi (adapter list$|adapter target|networkportal|session)|^storage core (path|device)/,
  },
  {
    write: /^iscsi adapter discovery /,
    changes:
      /^iscsi (adapter (list$|discovery|target)|session)|^iscsi .*(auth chap|param) get$|^storage core (path|device)/,
  },
  // What is known of an adapter does not change when others are added. A deleted one takes all that belongs to it along.
  {
    write: /^rdma iser add$/,
    changes: /^iscsi (adapter list|physicalnetworkportal|networkportal|session)|^storage|^system module/,
  },
  { write: /^rdma iser delete$/, changes: /^(iscsi|storage|system module)/ },
  // A card that speaks more than one version goes on speaking them.
  { write: /^rdma iser params set$/, changes: /^iscsi (adapter list$|session)|^storage core (path|device)/ },
  {
    write: /^storage core adapter rescan$/,
    changes:
      /^iscsi (adapter (list$|target)|session)|^iscsi .*target portal (auth chap|param) get$|^storage core (path|device)/,
  },
  // A port group belongs to one switch for good, and says itself what it does with the switch's order.
  {
    write: /^network vswitch standard portgroup /,
    changes: /^network vswitch standard portgroup|^iscsi (networkportal|session)/,
  },
  // Its port groups go with it.
  { write: /^network vswitch standard remove$/, changes: /^network (vswitch|ip)|^iscsi (networkportal|session)/ },
  {
    write: /^network vswitch standard /,
    changes: /^network vswitch standard (list|policy|portgroup policy)|^iscsi (networkportal|session)/,
  },
  { write: /^network ip interface ipv[46] /, changes: /^network ip interface ipv|^iscsi (networkportal|session)/ },
  // An interface is a client of its port group.
  {
    write: /^network ip interface /,
    changes: /^network ip|^network vswitch standard portgroup list$|^iscsi (networkportal|session)/,
  },
  { write: /^network nic /, changes: /^network nic pauseParams/ },
  { write: /^system module parameters set$/, changes: /^system module parameters/ },
];

/** Whether the answer to a question may be another after the write. */
export function mayChange(write: HostCommand, question: HostCommand): boolean {
  // Any of them may be logged.
  if (write.kind !== "esxcli" || question.kind === "log") return true;
  const options = valuesOf(write);
  const known = effects.find(
    (row) => row.write.test(write.path) && (row.given === undefined || options.has(row.given)),
  );
  if (known === undefined) return true;
  const asked = question.kind === "esxcli" ? valuesOf(question) : new Map<string, Argument["value"]>();
  const isOther = objects.some((name) => options.has(name) && asked.has(name) && options.get(name) !== asked.get(name));
  return (
    !isOther && known.changes.test(question.part === undefined ? question.path : `${question.path} ${question.part}`)
  );
}

function valuesOf({ args }: EsxcliCommand): ReadonlyMap<string, Argument["value"]> {
  return new Map(args.map(({ name, value }) => [name, value]));
}
