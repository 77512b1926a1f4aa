import { hostName, type Inventory, uuidOf } from "./inventory.js";
import { type Reference, textIn } from "./soap.js";
import { child, type XmlElement } from "./xml.js";

/** The hosts that a search of the SearchIndex finds. There are no virtual machines. */
export function findHosts({ hosts }: Inventory, method: string, given: XmlElement): readonly Reference[] {
  if (/^(true|1)$/.test(child(given, "vmSearch")?.text ?? "")) return [];
  const kind = method.replace(/^Find(All)?By/, "");
  const wanted = textIn(given, { DnsName: "dnsName", Ip: "ip", Uuid: "uuid" }[kind] ?? "").toLowerCase();
  return hosts
    .filter(({ host, name, addresses }) => {
      if (kind === "Ip") return addresses.includes(wanted);
      if (kind === "Uuid") return uuidOf(host) === wanted;
      return [name, hostName(host)].some((one) => one.toLowerCase() === wanted);
    })
    .map(({ self }) => self);
}
