import type { Subject } from "./subject.js";

export const networkSubjects: readonly Subject[] = [];
