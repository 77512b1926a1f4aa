/**
 * What the provider text in every state refers to: one provider a resource type, by the type's name. The names and this file's place in
 * `exports` are part of the state of every user and never change.
 */
import "./runtime.js";
import type * as pulumi from "@pulumi/pulumi";
import { adapterProperties } from "./resources/adapterProperties.js";
import { chap } from "./resources/chap.js";
import { discoveryAddress } from "./resources/discoveryAddress.js";
import { type AnyDefinition, type Properties, secretsIn } from "./resources/inputs.js";
import { iscsiParameters } from "./resources/iscsiParameters.js";
import { iserAdapter } from "./resources/iserAdapter.js";
import { Lifecycle } from "./resources/lifecycle.js";
import { moduleParameters } from "./resources/moduleParameters.js";
import { pauseParams } from "./resources/pauseParams.js";
import { Run } from "./resources/peers.js";
import { portBinding } from "./resources/portBinding.js";
import { portGroup } from "./resources/portGroup.js";
import { SshReach } from "./resources/reach.js";
import { rescan } from "./resources/rescan.js";
import { roceParams } from "./resources/roceParams.js";
import { staticTarget } from "./resources/staticTarget.js";
import { virtualSwitch } from "./resources/virtualSwitch.js";
import { vmkernelAdapter } from "./resources/vmkernelAdapter.js";
import { keepSecret, maskError } from "./transport/redact.js";

const reach = new SshReach();
const run = new Run();

function providerOf(definition: AnyDefinition): pulumi.dynamic.ResourceProvider {
  const lifecycle = new Lifecycle(definition, reach, run);
  // Before anything is asked of the host: what an earlier run has written, a host may print in this one.
  const masked = <T>(work: () => Promise<T>, ...all: Properties[]) => {
    for (const secret of all.flatMap((properties) => secretsIn(definition, properties))) keepSecret(secret);
    return withMaskedErrors(work);
  };
  const printed = <T>(work: () => Promise<T>, ...all: Properties[]) => masked(work, ...all).catch(shorten);
  return {
    async configure({ config }) {
      reach.configure({ get: (key) => config.get(`esxi-iser:${key}`) });
    },
    check: (_olds, news: Properties) => printed(async () => lifecycle.check(news), news),
    diff: (_id, olds: Properties, news: Properties) => printed(async () => lifecycle.diff(olds, news), olds, news),
    create: (inputs: Properties) => masked(() => lifecycle.create(inputs), inputs),
    read: (id, properties: Properties = {}) => printed(() => lifecycle.read(id, properties), properties),
    update: (_id, olds: Properties, news: Properties) => masked(() => lifecycle.update(olds, news), olds, news),
    delete: (id, properties: Properties) => printed(() => lifecycle.delete(id, properties), properties),
  };
}

/** Pulumi shows the message of an error from create and update, and keeps its reasons in state. */
async function withMaskedErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw maskError(error instanceof Error ? error : new Error(String(error)));
  }
}

/** From the other calls it also prints the error and its stack, beside the message: that line is kept short, or everything is said three times. */
function shorten(error: Error): never {
  const stack = process.env.ESXI_ISER_DEBUG ? error.stack : "see the error of the resource";
  throw Object.assign(error, { toString: () => "esxi-iser", stack });
}

export const AdapterProperties = providerOf(adapterProperties);
export const Chap = providerOf(chap);
export const DiscoveryAddress = providerOf(discoveryAddress);
export const IscsiParameters = providerOf(iscsiParameters);
export const IserAdapter = providerOf(iserAdapter);
export const ModuleParameters = providerOf(moduleParameters);
export const PauseParams = providerOf(pauseParams);
export const PortBinding = providerOf(portBinding);
export const PortGroup = providerOf(portGroup);
export const Rescan = providerOf(rescan);
export const RoceParams = providerOf(roceParams);
export const StaticTarget = providerOf(staticTarget);
export const VirtualSwitch = providerOf(virtualSwitch);
export const VmkernelAdapter = providerOf(vmkernelAdapter);
