import { adapterProperties } from "./adapterProperties.js";
import { chap } from "./chap.js";
import { discoveryAddress } from "./discoveryAddress.js";
import type { AnyDefinition } from "./inputs.js";
import { iscsiParameters } from "./iscsiParameters.js";
import { iserAdapter } from "./iserAdapter.js";
import { moduleParameters } from "./moduleParameters.js";
import { pauseParams } from "./pauseParams.js";
import { portBinding } from "./portBinding.js";
import { portGroup } from "./portGroup.js";
import { rescan } from "./rescan.js";
import { roceParams } from "./roceParams.js";
import { staticTarget } from "./staticTarget.js";
import { virtualSwitch } from "./virtualSwitch.js";
import { vmkernelAdapter } from "./vmkernelAdapter.js";

/** In an order in which what belongs to something comes after it. */
const inOrder: readonly AnyDefinition[] = [
  moduleParameters,
  pauseParams,
  virtualSwitch,
  portGroup,
  vmkernelAdapter,
  iserAdapter,
  roceParams,
  adapterProperties,
  portBinding,
  discoveryAddress,
  staticTarget,
  chap,
  iscsiParameters,
  rescan,
];

/** Of a resource of this package in URNs and state. */
export function typeToken(type: string): string {
  return `pulumi-nodejs:dynamic/esxi-iser:${type}`;
}

/** By type token. */
export const definitions: ReadonlyMap<string, AnyDefinition> = new Map(
  inOrder.map((definition) => [typeToken(definition.type), definition]),
);

export function rank(definition: AnyDefinition): number {
  return inOrder.indexOf(definition);
}
