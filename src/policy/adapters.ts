import type { StackValidationPolicy } from "@pulumi/policy";
import { type RoceVersion, roceVersions } from "../esxcli/rdma.js";
import { type PolicySettings, policyOf } from "./policy.js";
import { isGiven, notKnown } from "./stackView.js";

export interface RoceVersionSettings extends PolicySettings {
  /** The version that every adapter is to have. Default: any that is declared, `auto` too. */
  version?: RoceVersion | undefined;
}

/**
 * Every IserAdapter of the stack has a RoceParams.
 *
 * The command is not in ESXi 6.7 GA and gone after 8.0, and which release a host runs is in no declaration: name hosts without it in `exempt`.
 * Advisory by default for the same reason.
 */
export function roceVersionSet(settings?: RoceVersionSettings): StackValidationPolicy {
  return policyOf<{ version: RoceVersion | undefined }>(
    {
      name: "iser-roce-version",
      description: "The RoCE version of every iSER adapter is declared.",
      level: "advisory",
      why: "Left to itself ESXi takes the highest version that the card speaks. Where the storage system expects another one, nothing connects.",
      schema: { version: { type: "string", enum: [...roceVersions] } },
      judge: (host, { version }) =>
        host.of("IserAdapter").flatMap((adapter) => {
          const { device, uplink } = adapter.properties;
          const card = host.card([device, uplink].find((one) => typeof one === "string" && one !== ""));
          if (card === undefined) return [];
          const declared = host.of("RoceParams").find(({ properties }) => host.card(properties.adapter) === card);
          const fix = `Declare \`new RoceParams(…, { host, adapter, version: "${version ?? "v2"}" })\`, or \`roceVersion\` of IserHost${version === undefined ? ", with what the storage system expects" : ""}. A build without \`esxcli rdma iser params set\` (6.7 GA, 9.x) belongs into \`exempt\`.`;
          if (declared === undefined)
            return host.mayHaveMore("RoceParams", "adapter")
              ? []
              : [{ on: adapter, what: `no RoCE version is declared for ${card} (${adapter.label})`, fix }];
          const has = declared.properties.version;
          return version === undefined || has === version || has === notKnown
            ? []
            : [{ on: declared, what: `${card} is to speak ${version}, but ${declared.label} has ${String(has)}`, fix }];
        }),
    },
    settings,
  );
}

export interface EnoughPathsSettings extends PolicySettings {
  /** How many paths a host has at least. Default 2. */
  minimum?: number | undefined;
}

/**
 * Every host with iSER in the stack has at least two paths: cards that a PortBinding of the stack binds a VMkernel adapter to. Paths that are declared in
 * another stack, or not at all, cannot be seen.
 */
export function enoughPaths(settings?: EnoughPathsSettings): StackValidationPolicy {
  return policyOf<{ minimum: number }>(
    {
      name: "iser-paths",
      description: "Every host has at least two iSER paths, each over a card of its own.",
      why: "With one path the failure of a card, a cable or a switch takes the storage away.",
      schema: { minimum: { type: "integer", minimum: 1 } },
      judge: (host, { minimum = 2 }) => {
        const cards = host.cards();
        const [first] = cards.values();
        if (first === undefined || host.mayHaveMore("PortBinding", "adapter")) return [];
        const bindings = host.of("PortBinding").flatMap(({ properties: { adapter, vmkernelAdapter } }) => {
          const card = host.card(adapter);
          return card !== undefined && isGiven(vmkernelAdapter) ? [card] : [];
        });
        const paths = [...new Set(bindings)];
        if (paths.length >= minimum) return [];
        const unbound = [...cards.keys()].filter((card) => !paths.includes(card));
        const has =
          paths.length === 0
            ? "no iSER path"
            : `${paths.length} iSER ${paths.length === 1 ? "path" : "paths"} (${paths.join(", ")})`;
        const idle = unbound.length === 0 ? "" : `; nothing is bound to ${unbound.join(", ")}`;
        return [
          {
            on: first,
            what: `has ${has}, and is to have ${minimum}${idle}`,
            fix: "Declare an IserAdapter and a PortBinding for another card, or another one of `paths` in IserHost.",
          },
        ];
      },
    },
    settings,
  );
}
