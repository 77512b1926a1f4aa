import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { IserError } from "../errors.js";
import { type NicPause, type Pause, pauseList, pauseSet } from "../esxcli/nic.js";
import type { RdmaDevice } from "../esxcli/rdma.js";
import { define } from "./definition.js";
import { EsxiResource, type HostInput } from "./provider.js";
import { namedDevices, nicOf, noUplink, uplinkName } from "./uplinks.js";

interface Inputs {
  readonly nic: string;
  readonly rx?: boolean;
  readonly tx?: boolean;
  readonly auto?: boolean;
}

interface Have {
  /** Asked for only when the NIC is named by its RDMA device. */
  readonly devices: readonly RdmaDevice[];
  readonly nics: readonly NicPause[];
  /** The NIC; undefined when it is not there. */
  readonly nic: NicPause | undefined;
}

type Before = Partial<Pause> & { readonly [key: string]: boolean | undefined };

const options = ["rx", "tx", "auto"] as const;
const onOrOff = z.boolean("must be true or false").optional();

export const pauseParams = define<Inputs, Have, Before>({
  type: "PauseParams",
  fields: {
    nic: uplinkName,
    rx: onOrOff,
    tx: onOrOff,
    auto: onOrOff,
  },
  identity: ["nic"],
  outputs: [],

  shared: true,
  rules: (_inputs, given) =>
    options.some(given) ? [] : [{ field: "rx", reason: "or tx or auto: give at least one of them." }],

  id: ({ nic }) => `${nic}/pause`,
  spellings: ({ nic }) => (nic === undefined ? [] : [{ nic: nic.nic }]),

  async lanes(ask, { nic }) {
    return [`nic ${nicOf(await namedDevices(ask, [nic]), nic) ?? nic}`];
  },

  async observe(ask, { nic }) {
    const [devices, nics] = await Promise.all([namedDevices(ask, [nic]), ask(pauseList)]);
    const uplink = nicOf(devices, nic);
    return { devices, nics, nic: nics.find((row) => row.nic === uplink) };
  },

  exists: ({ nic }) => nic !== undefined,

  plan(have, want) {
    const nic = nicPauseOf(have, want);
    const due = commands(nic, want);
    if (due.length > 0 && !nic.supported) {
      throw new IserError("PAUSE_NOT_SUPPORTED", {
        problem: `${nic.nic} does not support pause parameters`,
        cure: "Remove the PauseParams of this NIC. `esxcli network nic pauseParams list` shows which NICs support them.",
      });
    }
    return due;
  },

  record: ({ nic }, want) => pick(nic, want),
  current: ({ nic }, inputs) => pick(nic, inputs),
  report: () => ({}),

  // What is no longer declared is somebody else's by now. A card with priority flow control on may refuse.
  remove: ({ nic }, inputs, before) => ({
    commands: [],
    attempts: nic === undefined ? [] : commands(nic, pick(before, inputs)),
  }),
});

function nicPauseOf({ devices, nics, nic }: Have, want: Inputs): NicPause {
  if (nic !== undefined) return nic;
  const uplink = nicOf(devices, want.nic);
  if (uplink === undefined) throw noUplink(devices, want.nic);
  throw new IserError("NIC_NOT_FOUND", {
    problem: `there is no NIC ${uplink}. NICs: ${nics.map((row) => row.nic).join(", ") || "none"}`,
    cure: "Name one of these.",
  });
}

function commands(nic: NicPause, target: Partial<Pause>) {
  const { rx, tx, auto } = { ...nic, ...target };
  return options.some((option) => target[option] !== undefined && target[option] !== nic[option])
    ? [pauseSet(nic.nic, { rx, tx, auto })]
    : [];
}

/** The declared options, with their values in `from`. */
function pick(from: Partial<Pause> | undefined, declared: Partial<Pause>): Before {
  return Object.fromEntries(
    options
      .filter((option) => declared[option] !== undefined && from?.[option] !== undefined)
      .map((option) => [option, from?.[option]]),
  );
}

/** What `PauseParams` takes. */
export interface PauseParamsArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
  /** A physical NIC (`vmnic4`), or an RDMA device (`vmrdma0`), whose paired uplink is meant then. */
  nic: pulumi.Input<string>;
  /** Honour pause frames: stop sending when the link partner asks for it. */
  rx?: pulumi.Input<boolean> | undefined;
  /** Send pause frames when the NIC cannot take more. */
  tx?: pulumi.Input<boolean> | undefined;
  /** Negotiate both with the link partner. */
  auto?: pulumi.Input<boolean> | undefined;
}

/**
 * Global pause (IEEE 802.3x flow control) of a NIC: `esxcli network nic pauseParams set`. What is not given stays as it is. At least one of
 * `rx`, `tx` and `auto` is given.
 *
 * RoCE needs a lossless network: global pause on all NICs and switch ports, or priority flow control instead, for which see
 * `priorityFlowControl`. With priority flow control on, nmlx5_core refuses global pause and says so in the VMkernel log only.
 *
 * It takes effect at once; module parameters do not: do not switch pause off before the reboot that switches priority flow control on.
 *
 * Some drivers lose the setting at a reboot: then `pulumi refresh` shows it as drift, and the next `up` sets it again. Deleting it gives each
 * declared option its old value back; where the card refuses, because priority flow control is on by now, a note says so.
 *
 * Errors: NIC_NOT_FOUND, PAUSE_NOT_SUPPORTED, DEVICE_NOT_FOUND, DEVICE_WITHOUT_UPLINK, COMMAND_FAILED. Sources: the list was seen on 7.0 and
 * 8.0.1; the set and its long options are in use by others; that a card with priority flow control on refuses pause is from a user's notes.
 *
 * @example
 * new PauseParams("rdma-a", { host: "esx01.lab", nic: "vmnic4", rx: true, tx: true });
 */
export class PauseParams extends EsxiResource {
  declare readonly nic: pulumi.Output<string>;
  declare readonly rx: pulumi.Output<boolean | undefined>;
  declare readonly tx: pulumi.Output<boolean | undefined>;
  declare readonly auto: pulumi.Output<boolean | undefined>;

  constructor(name: string, args: PauseParamsArgs, opts?: pulumi.CustomResourceOptions) {
    super(pauseParams, name, args, opts);
  }
}
