import type { PeerCertificate } from "node:tls";
import { IserError } from "../../errors.js";
import type { VsphereTarget } from "../vsphereTarget.js";
import { dial } from "./https.js";
import { unreachable, wordsOf } from "./setup.js";

/** A certificate as a host or a vCenter shows it, whoever signed it. */
export interface ShownCertificate {
  /** SHA-256: `AA:BB:…` */
  readonly thumbprint: string;
  /** SHA-1, as vCenter shows it. */
  readonly sha1Thumbprint: string;
  /** `CN=esx01.lab, O=VMware` */
  readonly subject: string;
  readonly issuer: string;
  /** `Jan  1 00:00:00 2026 GMT` */
  readonly validFrom: string;
  readonly validTo: string;
}

/** Looks at the certificate, and ends the connection: nothing is sent over it. */
export async function shownCertificate(target: VsphereTarget): Promise<ShownCertificate> {
  try {
    const socket = await dial(target, () => undefined);
    const { fingerprint256, fingerprint, subject, issuer, valid_from, valid_to } = socket.getPeerCertificate();
    socket.destroy();
    if (fingerprint256 === undefined) throw new Error("it shows no certificate");
    return {
      thumbprint: fingerprint256,
      sha1Thumbprint: fingerprint,
      subject: nameOf(subject),
      issuer: nameOf(issuer),
      validFrom: valid_from,
      validTo: valid_to,
    };
  } catch (error) {
    if (error instanceof IserError || !(error instanceof Error)) throw error;
    throw unreachable(target, wordsOf(error));
  }
}

function nameOf(parts: PeerCertificate["subject"]): string {
  return Object.entries(parts)
    .map(([attribute, value]) => `${attribute}=${[value].flat().join("+")}`)
    .join(", ");
}
