import { adapterProperties } from "../../resources/adapterProperties.js";
import { chap } from "../../resources/chap.js";
import { discoveryAddress } from "../../resources/discoveryAddress.js";
import type { AnyDefinition } from "../../resources/inputs.js";
import { iscsiParameters } from "../../resources/iscsiParameters.js";
import { iserAdapter } from "../../resources/iserAdapter.js";
import { moduleParameters } from "../../resources/moduleParameters.js";
import { pauseParams } from "../../resources/pauseParams.js";
import { portBinding } from "../../resources/portBinding.js";
import { portGroup } from "../../resources/portGroup.js";
import { rescan } from "../../resources/rescan.js";
import { roceParams } from "../../resources/roceParams.js";
import { staticTarget } from "../../resources/staticTarget.js";
import { virtualSwitch } from "../../resources/virtualSwitch.js";
import { vmkernelAdapter } from "../../resources/vmkernelAdapter.js";

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
