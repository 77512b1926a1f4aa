/** The path that every host gets, whole. Of each host something is its own: name, address, CHAP name, alias. */

export const user = "root";
export const storageAddress = "192.168.50.100";
export const targetName = "iqn.2010-09.lab.storage:iser-a";
/** More would need another pattern of names and addresses. */
export const mostHosts = 999;

export interface DeclaredHost {
  readonly name: string;
  readonly chapName: string;
  readonly alias: string;
  readonly address: string;
}

/** What is the host's own. The values of the first one stand in no other text of the declaration, so that commands can be made those of another host. */
export function hostAt(index: number): DeclaredHost {
  const name = `esx${String(index + 1).padStart(3, "0")}`;
  return {
    name,
    chapName: `chap-${name}`,
    alias: `storage-${name}`,
    address: `192.168.${51 + Math.floor(index / 200)}.${(index % 200) + 11}`,
  };
}

/** A text of the first host, for another one. */
export function forHost(text: string, index: number): string {
  const [first, other] = [hostAt(0), hostAt(index)];
  return text.replaceAll(first.address, other.address).replaceAll(first.name, other.name);
}

/** What is changed in the one-field update. */
export const parameterValues = { before: 5, after: 10 };
