import type { Subject } from "./subject.js";

export const systemSubjects: readonly Subject[] = [];
