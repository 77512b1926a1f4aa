import type { CommandSpec } from "../spec.js";
import { iscsiAdapterCommands } from "./iscsiAdapter.js";
import { iscsiAuthCommands } from "./iscsiAuth.js";
import { iscsiDiscoveryCommands } from "./iscsiDiscovery.js";
import { iscsiPortalCommands } from "./iscsiPortal.js";
import { iscsiSessionCommands } from "./iscsiSession.js";
import { networkDiagCommands } from "./networkDiag.js";
import { networkInterfaceCommands } from "./networkInterface.js";
import { networkNicCommands } from "./networkNic.js";
import { networkPolicyCommands } from "./networkPolicy.js";
import { networkSwitchCommands } from "./networkSwitch.js";
import { rdmaCommands } from "./rdma.js";
import { storageCommands } from "./storage.js";
import { systemCommands } from "./system.js";

/** Every command of any build; `esxcli command list` itself is the front end's. */
export const commands: readonly CommandSpec[] = [
  ...rdmaCommands,
  ...iscsiAdapterCommands,
  ...iscsiAuthCommands,
  ...iscsiDiscoveryCommands,
  ...iscsiPortalCommands,
  ...iscsiSessionCommands,
  ...networkNicCommands,
  ...networkSwitchCommands,
  ...networkPolicyCommands,
  ...networkInterfaceCommands,
  ...networkDiagCommands,
  ...storageCommands,
  ...systemCommands,
];
