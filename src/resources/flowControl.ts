import { IserError } from "../errors.js";

/** What `priorityFlowControl` takes. */
export interface PriorityFlowControlArgs {
  /** The priority that is made lossless, 0 to 7. Default 3, which is what the vendor's manual asks for on hosts and switches. */
  readonly priority?: number;
  /** What the priority of a packet is taken from: the DSCP of its IP header, or the PCP of its VLAN tag. */
  readonly trust: "dscp" | "pcp";
  /**
   * The DSCP that RoCE packets carry, 0 to 63, with `trust: "dscp"` only. Default: `priority` × 8 + 2, which is 26 for 3. It must be of `priority`,
   * as DSCP / 8, or what is sent would not be what is paused.
   */
  readonly dscp?: number;
}

/** The parameters of each module: hand each to a ModuleParameters. */
export type FlowControlParameters = {
  readonly nmlx5_core: {
    /** The priorities that are paused one by one when sending: a bit each, 0x08 is priority 3. */
    readonly pfctx: string;
    /** The same when receiving. */
    readonly pfcrx: string;
    /** What the priority is taken from: 2 DSCP, 1 PCP. */
    readonly trust_state: number;
  };
  readonly nmlx5_rdma:
    | {
        /** The DSCP of all RoCE packets. */
        readonly dscp_force: number;
      }
    | {
        /** The PCP of all RoCE packets. */
        readonly pcp_force: number;
      };
};

/**
 * The module parameters of Mellanox/NVIDIA cards (nmlx5) for priority flow control (PFC, IEEE 802.1Qbb): pauses the priority that RoCE uses
 * and no other. It is the alternative to global pause (`PauseParams`): without `pfctx` and `pfcrx` global pause is on.
 *
 * A DSCP counts as priority DSCP / 8, rounded down: 26 is 3. Switches that are told otherwise need the parameters written out.
 *
 * Sources: pfctx, pfcrx, trust_state=2 and dscp_force=26: vendor's manual for 7.0 and a storage vendor's guide. pcp_force: used by others.
 * `trust_state` 1 for PCP: the number that the card's own register has (Linux, mlx5); for ESXi no source was found.
 *
 * @example
 * priorityFlowControl({ priority: 3, trust: "dscp", dscp: 26 });
 * // { nmlx5_core: { pfctx: "0x08", pfcrx: "0x08", trust_state: 2 }, nmlx5_rdma: { dscp_force: 26 } }
 */
export function priorityFlowControl({ priority = 3, trust, dscp }: PriorityFlowControlArgs): FlowControlParameters {
  within("priority", priority, 7);
  const mask = `0x${(1 << priority).toString(16).padStart(2, "0")}`;
  if (trust === "pcp") {
    if (dscp !== undefined) throw invalid("dscp goes with trust dscp only", "Leave dscp out, or trust the DSCP.");
    return { nmlx5_core: { pfctx: mask, pfcrx: mask, trust_state: 1 }, nmlx5_rdma: { pcp_force: priority } };
  }
  const forced = dscp ?? priority * 8 + 2;
  within("dscp", forced, 63);
  if (forced >> 3 !== priority)
    throw invalid(
      `dscp ${forced} counts as priority ${forced >> 3}, not ${priority}, so RoCE would be sent in a class that is not lossless`,
      `Give a dscp from ${priority * 8} to ${priority * 8 + 7}, or priority ${forced >> 3}.`,
    );
  return { nmlx5_core: { pfctx: mask, pfcrx: mask, trust_state: 2 }, nmlx5_rdma: { dscp_force: forced } };
}

function within(name: string, value: number, highest: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= highest) return;
  throw invalid(`${name} is ${value}`, `Give a whole number from 0 to ${highest}.`);
}

function invalid(problem: string, cure: string): IserError {
  return new IserError("INPUT_INVALID", { problem: `priorityFlowControl: ${problem}`, cure });
}
